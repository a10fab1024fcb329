"""
What every response shares: its status, its header fields, chaining cookies.

Mistakes are refused here, where the response is made, and not later by the
handler or the server.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

from django.http import BadHeaderError
from django.http.response import HttpResponseBase, ResponseHeaders
from django.utils.functional import Promise

from django_bolt.types import Headers

P = ParamSpec("P")
ResponseT = TypeVar("ResponseT", bound=HttpResponseBase)

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
    if media_type is not None:
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


def _chaining(
    method: Callable[Concatenate[ResponseT, P], None],
) -> Callable[Concatenate[ResponseT, P], ResponseT]:
    """Make a method of Django's that returns nothing return its response."""

    @wraps(method)
    def chained(self: ResponseT, /, *args: P.args, **kwargs: P.kwargs) -> ResponseT:
        method(self, *args, **kwargs)
        return self

    return chained


class ChainingCookies(HttpResponseBase):
    """
    Cookie methods with Django's parameters that return the response.

    ``return JSON(data).set_cookie("seen", "1").delete_cookie("new")``
    """

    # Django's return None, which mypy takes for a promise; and they do not mark
    # ``self`` as positional.
    set_cookie = _chaining(HttpResponseBase.set_cookie)  # type: ignore[assignment]
    set_signed_cookie = _chaining(  # type: ignore[assignment]
        HttpResponseBase.set_signed_cookie,  # type: ignore[arg-type]
    )
    delete_cookie = _chaining(  # type: ignore[assignment]
        HttpResponseBase.delete_cookie
    )
