"""
What every response shares: its status, its header fields, chaining cookies.

Mistakes are refused here, where the response is made, and not later by the
handler or the server.
"""

from __future__ import annotations

import datetime
import functools
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from http.cookies import SimpleCookie
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from django.http import BadHeaderError, HttpRequest
from django.http.response import HttpResponseBase, ResponseHeaders
from django.utils.functional import Promise, cached_property
from msgspec import UnsetType

from django_bolt.types import Headers

if TYPE_CHECKING:
    from typing_extensions import Self

SameSite: TypeAlias = Literal["Lax", "Strict", "None", False] | None
"""What a cookie's ``SameSite`` may be; false or ``None`` for no attribute."""

# RFC 9110 §5.6.2: token = 1*tchar; §5.1: a field name is a token.
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
# RFC 9110 §5.5: CR, LF and NUL "are invalid and dangerous".
_DANGEROUS = re.compile(r"[\r\n\0]")


def check_status(status_code: int) -> int:
    """
    Return a status code, if it is one.

    Raises:
        TypeError: It is no ``int``.
        ValueError: It is not from 100 to 599.

    Spec: RFC 9110 §15.
    """
    given: object = status_code
    if not isinstance(given, int) or isinstance(given, bool):
        raise TypeError(f"status_code must be an int; got {status_code!r}.")
    if not 100 <= status_code <= 599:
        raise ValueError(f"status_code must be from 100 to 599; got {status_code!r}.")
    return int(status_code)


def allows_body(status_code: int) -> bool:
    """
    Tell whether a response of this status has a body, be it an empty one.

    Spec: RFC 9110 §6.4.1: "All 1xx (Informational), 204 (No Content), and 304
        (Not Modified) responses do not include content."
    """
    return status_code >= 200 and status_code not in (204, 304)


def make_headers(headers: Headers | None, media_type: str | None) -> ResponseHeaders:
    """
    Make Django's header mapping from what a caller gave.

    Args:
        headers: Header fields; their values may come from a client. Left
            unchanged. A ``Content-Type`` in it wins over ``media_type``.
        media_type: The default Content-Type; ``None`` for none.

    Raises:
        TypeError: ``headers`` is no mapping of str to str, or ``media_type``
            no str.
        BadHeaderError: A name is no token, or a value holds CR, LF or NUL.

    Spec: RFC 9110 §5.1, §5.5.
    """
    made = ResponseHeaders({})
    if type(media_type) is str:
        made._store["content-type"] = _make_content_type(media_type)
    elif media_type is not None:
        made["Content-Type"] = _check_value("Content-Type", media_type)
    if headers is None:
        return made
    if not isinstance(headers, Mapping):
        raise TypeError(f"headers must be a mapping of str to str; got {headers!r}.")
    for name, value in headers.items():
        if not isinstance(name, str):
            raise TypeError(f"The name of a header must be a str; got {name!r}.")
        if not _TOKEN.fullmatch(name):
            raise BadHeaderError(
                "The name of a header must be a token (letters, digits and "
                f"!#$%&'*+-.^_`|~); got {name!r}."
            )
        made[name] = _check_value(name, value)
    return made


@functools.lru_cache(maxsize=256)
def _make_content_type(media_type: str) -> tuple[str, str]:
    """Return what Django keeps of a Content-Type; mostly the same few again."""
    made = ResponseHeaders({})
    made["Content-Type"] = _check_value("Content-Type", media_type)
    return made._store["content-type"]


def _check_value(name: str, value: object) -> str:
    if isinstance(value, Promise):
        value = str(value)
    if not isinstance(value, str):
        raise TypeError(f"The header {name} must be a str; got {value!r}.")
    if _DANGEROUS.search(value):
        raise BadHeaderError(
            f"The header {name} must not contain CR, LF or NUL; got {value!r}."
        )
    return value


def check_seconds(
    name: str, seconds: float | UnsetType | None
) -> float | UnsetType | None:
    """
    Return a number of seconds, if it is one.

    Raises:
        TypeError: It is no number.
        ValueError: It is not finite, or not above zero.
    """
    if seconds is None or isinstance(seconds, UnsetType):
        return seconds
    given: object = seconds
    if not isinstance(given, int | float) or isinstance(given, bool):
        raise TypeError(f"{name} must be a number or None; got {seconds!r}.")
    if not is_duration(seconds):
        raise ValueError(
            f"{name} must be a finite number of seconds above zero, or None; got "
            f"{seconds!r}."
        )
    return seconds


def is_duration(seconds: float) -> bool:
    """Tell whether a number is above zero, and finite as floats are."""
    # Timers calculate with floats, which an int may be too large for.
    return 0 < seconds <= sys.float_info.max


def without_marker(headers: ResponseHeaders) -> Iterable[tuple[str, str]]:
    """
    Return the header fields to send: a ``Content-Encoding: identity`` is not.

    Compression middleware finds it in the mapping, and leaves the body alone.
    Both of Django's handlers send what ``items()`` returns, where it is left
    out: RFC 9110 §12.5.3 reserves "identity" for Accept-Encoding.
    """
    if type(headers) is ResponseHeaders and "content-encoding" not in headers._store:
        # What items() would yield, of which each is looked up by name again.
        return headers._store.values()
    if headers.get("Content-Encoding", "").lower() != "identity":
        return headers.items()
    return [
        (name, value)
        for name, value in headers.items()
        if name.lower() != "content-encoding"
    ]


class ChainingCookies(HttpResponseBase):
    """
    Django's cookie methods, with their parameters, returning the response.

    ``return JSON(data).set_cookie("seen", "1").delete_cookie("new")``

    ``kwargs`` are for parameters that a later Django may add.
    """

    # Wider than Django's own, which return None.

    def set_cookie(  # type: ignore[override]
        self,
        key: str,
        value: str = "",
        max_age: float | datetime.timedelta | None = None,
        expires: str | datetime.datetime | None = None,
        path: str | None = "/",
        domain: str | None = None,
        secure: bool = False,
        httponly: bool = False,
        samesite: SameSite = None,
        **kwargs: Any,
    ) -> Self:
        """Set a cookie, as Django's method of this name, and return the response."""
        options: dict[str, Any] = {
            "max_age": max_age,
            "expires": expires,
            "path": path,
            "domain": domain,
            "secure": secure,
            "httponly": httponly,
            "samesite": samesite,
            **kwargs,
        }
        super().set_cookie(key, value, **options)
        return self

    def set_signed_cookie(  # type: ignore[override]
        self, key: str, value: str, salt: str = "", **kwargs: Any
    ) -> Self:
        """Set a signed cookie, as Django does, and return the response."""
        super().set_signed_cookie(key, value, salt, **kwargs)
        return self

    def delete_cookie(  # type: ignore[override]
        self,
        key: str,
        path: str = "/",
        domain: str | None = None,
        samesite: SameSite = None,
        **kwargs: Any,
    ) -> Self:
        """Delete a cookie, as Django does, and return the response."""
        super().delete_cookie(key, path, domain, samesite, **kwargs)
        return self


class ResponseBase(ChainingCookies):
    """What every response of django_bolt is."""

    def prepare(self, request: HttpRequest) -> HttpResponseBase:
        """
        Meet the request: the one place where a response learns of it.

        The middleware, ``bolt_view`` and ``BoltAPI`` call it when the view has
        returned, some of them for the same response; a second call changes
        nothing. It runs in the event loop under ASGI and must not block. A body
        is not started here, and what is not sent is closed with the response.

        Args:
            request: The request. Its method and headers come from the client.

        Returns:
            The response to send, this one or another that closes this one.
        """
        return self


class PartsOnDemand(ResponseBase):
    """
    A response for which Django's constructor is not called.

    What that would assign stands here, or is made when somebody asks for it: the
    cookie jar and the list of closers are most of the cost of a small response.
    """

    closed = False
    _charset: str | None = None
    _reason_phrase: str | None = None
    _handler_class: type | None = None

    @cached_property
    def cookies(self) -> SimpleCookie:  # type: ignore[override]
        """The cookies to set, made when first asked for."""
        return SimpleCookie()

    @cached_property
    def _resource_closers(self) -> list[Callable[[], object]]:
        return []


def prepare(response: HttpResponseBase, request: HttpRequest) -> HttpResponseBase:
    """Prepare a response of any kind; one that is not ours is returned as it is."""
    return response.prepare(request) if isinstance(response, ResponseBase) else response
