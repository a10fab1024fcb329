"""
Response: a body in memory.

Django's constructor makes a header mapping, a cookie jar and a list of closers
for each response, and looks up a charset: most of the cost of a small one.
Here each part is made when somebody asks for it.
"""

from __future__ import annotations

from functools import lru_cache

from django.http import HttpResponse
from django.http.response import ResponseHeaders
from django.utils.functional import Promise, cached_property

from django_bolt.encoding import encode_json
from django_bolt.responses.head import (
    PartsOnDemand,
    allows_body,
    check_status,
    make_headers,
)
from django_bolt.types import Headers


class Response(PartsOnDemand, HttpResponse):
    """
    A response whose body is ``content``, encoded as its media type says.

    Args:
        content: The body. ``bytes``, ``bytearray`` and ``memoryview`` go out as
            they are. With the media type ``application/json``, or any that ends
            in ``+json``, anything else is encoded as JSON; with another media
            type it must be a ``str``, which is encoded in UTF-8.
        status_code: HTTP status code, 100 to 599. One that allows no body (1xx,
            204, 304) sends none, and no Content-Type. In the place of 200, a
            subclass may declare an attribute ``status_code``, as in Django.
        headers: Extra header fields. Their values may come from a client. A
            ``Content-Type`` in them is sent in the place of ``media_type``,
            which goes on deciding how the content is encoded.
        media_type: The Content-Type, sent as it is given.

    Raises:
        TypeError: ``content`` does not suit the media type, or an argument has
            the wrong type.
        ValueError: The status is none, or the content cannot be encoded.
        BadHeaderError: A header would break the message, by CR or LF.

    Spec: RFC 9110 §8.3, RFC 8259 §8.1, RFC 6839 §3.1 (``+json``).
    """

    media_type: str | None = "application/json"

    _container: list[bytes]

    def __init__(
        self,
        content: object = {},
        status_code: int = 200,
        headers: Headers | None = None,
        media_type: str = "application/json",
    ) -> None:
        if not isinstance(media_type, str):
            raise TypeError(f"media_type must be a str; got {media_type!r}.")
        if self._set_head(status_code, headers, media_type):
            self._container = [_encode_content(content, media_type)]

    def _set_head(
        self, status_code: int, headers: Headers | None, media_type: str | None
    ) -> bool:
        """Set status and headers, and tell whether a body may follow them."""
        self._container = []
        if check_status(status_code) != 200:  # The default leaves what the class says.
            self.status_code = int(status_code)
        self.headers = make_headers(headers, media_type)
        if allows_body(self.status_code):
            return True
        self.headers.pop("Content-Type")
        return False

    @cached_property
    def headers(self) -> ResponseHeaders:  # type: ignore[override]
        """The header fields, as Django's mapping; made when first asked for."""
        return make_headers(None, self.media_type)


def encode_text(text: object) -> bytes:
    """
    Encode text in UTF-8; bytes are a ready body and are returned as they are.

    Raises:
        TypeError: ``text`` is neither.
        ValueError: It holds a lone surrogate, which UTF-8 cannot encode.
    """
    if isinstance(text, Promise):
        text = str(text)
    if isinstance(text, str):
        try:
            return text.encode()
        except UnicodeEncodeError as error:
            raise ValueError(
                "The text of a response must be what UTF-8 can encode; it holds the "
                f"lone surrogate {error.object[error.start]!r} at index {error.start}."
            ) from None
    if isinstance(text, bytes | bytearray | memoryview):
        return bytes(text)
    raise TypeError(
        "The text of a response must be a str or bytes; got "
        f"{type(text).__qualname__}. Use JSON to send data."
    )


def _encode_content(content: object, media_type: str) -> bytes:
    if isinstance(content, bytes | bytearray | memoryview):
        return bytes(content)
    if is_json(media_type):
        return encode_json(content)
    if isinstance(content, str | Promise):
        return encode_text(content)
    raise TypeError(
        f"The content of a response of type {media_type!r} must be a str or bytes; "
        f"got {type(content).__qualname__}. Encode it, or give a JSON media type."
    )


@lru_cache(maxsize=128)
def is_json(media_type: str) -> bool:
    """
    Tell whether a media type is JSON or ends in ``+json``.

    Spec: RFC 9110 §8.3.1 (type and subtype are case-insensitive, parameters
        follow a semicolon), RFC 6839 §3.1.
    """
    essence = media_type.partition(";")[0].strip().lower()
    return essence == "application/json" or essence.endswith("+json")


def with_article(name: str) -> str:
    """Put the article before the name of a type, for a sentence: an int, a set."""
    return f"{'an' if name[0] in 'aeio' else 'a'} {name}"
