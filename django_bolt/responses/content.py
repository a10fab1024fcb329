"""Responses that name what is in their body: JSON, text, HTML; and Redirect."""

from __future__ import annotations

from django.http.response import HttpResponseRedirectBase
from django.utils.functional import Promise

from django_bolt.encoding import encode_json
from django_bolt.responses.base import Response, encode_text
from django_bolt.responses.head import ResponseBase, check_status, make_headers
from django_bolt.types import Headers

_REDIRECTS = (301, 302, 303, 307, 308)


class JSON(Response):
    """
    A response whose body is ``data`` encoded as JSON.

    Args:
        data: Anything msgspec encodes, and what Django code holds: lazy
            strings, querysets of values, mappings, iterables, paths, file
            fields, pydantic models. ``bytes`` become base64: a body that is
            JSON already goes through ``Response``.
        status_code: HTTP status code.
        headers: Extra header fields.

    Raises:
        TypeError: ``data`` holds a value that has no JSON form; the text names
            its type and the path to it.
        ValueError: ``data`` holds itself, or text that UTF-8 cannot encode; or
            the status is none.
        BadHeaderError: A header would break the message.

    Spec: RFC 8259 §8.1 (always UTF-8), §11 (no charset parameter).
    """

    def __init__(
        self, data: object, status_code: int = 200, headers: Headers | None = None
    ) -> None:
        if (
            status_code == 200 == self.status_code and headers is None
        ) or self._set_head(status_code, headers, self.media_type):
            self._container = [encode_json(data)]


def make_encoded(body: bytes) -> JSON:
    """Return a response of status 200 whose body is JSON already."""
    response = JSON.__new__(JSON)
    response._container = [body]
    # The handler asks for both; to make them on demand takes longer.
    response.headers = make_headers(None, JSON.media_type)
    response._resource_closers = []
    return response


class PlainText(Response):
    """
    A response of plain text in UTF-8.

    Args:
        text: The text, lazy or not; or bytes that are UTF-8 already.
        status_code: HTTP status code.
        headers: Extra header fields.

    Raises:
        TypeError: ``text`` is neither.
        ValueError: It holds a lone surrogate; or the status is none.
        BadHeaderError: A header would break the message.
    """

    media_type = "text/plain; charset=utf-8"

    def __init__(
        self,
        text: str | Promise | bytes,
        status_code: int = 200,
        headers: Headers | None = None,
    ) -> None:
        if (
            status_code == 200 == self.status_code and headers is None
        ) or self._set_head(status_code, headers, self.media_type):
            self._container = [encode_text(text)]


class HTML(Response):
    """
    A response of HTML in UTF-8.

    Args:
        html: The markup, sent as it is: what comes from a client must have been
            escaped (``format_html``, a template).
        status_code: HTTP status code.
        headers: Extra header fields.

    Raises:
        TypeError: ``html`` is neither text nor bytes.
        ValueError: It holds a lone surrogate; or the status is none.
        BadHeaderError: A header would break the message.
    """

    media_type = "text/html; charset=utf-8"

    def __init__(
        self,
        html: str | Promise | bytes,
        status_code: int = 200,
        headers: Headers | None = None,
    ) -> None:
        if (
            status_code == 200 == self.status_code and headers is None
        ) or self._set_head(status_code, headers, self.media_type):
            self._container = [encode_text(html)]


class Redirect(ResponseBase, HttpResponseRedirectBase):
    """
    A response that sends the client to another URL; its body is empty.

    Args:
        url: Where to. Text, lazy or not (``reverse_lazy``). What comes from a
            client must have been checked
            (``url_has_allowed_host_and_scheme``): only the scheme is, here.
        status_code: 307 keeps the method and the body of the request, as does
            308, which is permanent; 303 asks for a GET; 301 and 302 leave the
            method to the client.
        headers: Extra header fields.

    Raises:
        TypeError: ``url`` is no text, or the status no ``int``.
        ValueError: The status is not one of the five, or ``headers`` holds a
            second ``Location``.
        DisallowedRedirect: The scheme is not http, https or ftp (400).
        BadHeaderError: A header would break the message.

    Spec: RFC 9110 §15.4.
    """

    def __init__(
        self,
        url: str | Promise,
        status_code: int = 307,
        headers: Headers | None = None,
    ) -> None:
        if status_code not in _REDIRECTS:
            raise ValueError(
                "The status of a redirect must be 301, 302, 303, 307 or 308; got "
                f"{status_code!r}."
            )
        # 307.0 is equal to one of them.
        check_status(status_code)
        if not isinstance(url, str | Promise):
            raise TypeError(
                f"The URL of a redirect must be a str; got {url!r}. Use reverse() or "
                "get_absolute_url()."
            )
        made = make_headers(headers, None)
        if "Location" in made:
            raise ValueError(
                f"headers must not hold a Location; got {made['Location']!r}. The "
                "argument url is checked and sent as Location."
            )
        media_type = made.get("Content-Type")
        super().__init__(str(url), headers=made)
        self.status_code = int(status_code)
        if media_type is None:
            del self["Content-Type"]
