"""
BoltWSGIHandler: Django's WSGI handler, with shortcuts where nothing can differ.

Each shortcut has a condition that is checked at each request, and Django's own
way beside it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from io import BytesIO
from typing import TYPE_CHECKING, Any, cast

from django.core.cache import close_caches
from django.core.handlers import wsgi
from django.core.handlers.base import reset_urlconf
from django.core.handlers.wsgi import LimitedStream, WSGIHandler, get_script_name
from django.core.signals import request_started
from django.db import close_old_connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase, ResponseHeaders
from django.urls import get_script_prefix, set_script_prefix
from django.utils.log import log_response

from django_bolt.conf import read
from django_bolt.handlers.idle import cache_ends, is_kept, thread_connections
from django_bolt.handlers.middleware import join
from django_bolt.handlers.originals import find_original
from django_bolt.handlers.receivers import FINISHED, STARTED, is_untouched
from django_bolt.handlers.requests import KnownHosts
from django_bolt.handlers.routing import Router
from django_bolt.handlers.sending import has_cookies
from django_bolt.handlers.urlconfs import PREFIXES, choose_urlconf, forget_urlconf

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

_DJANGOS_CALL = find_original(WSGIHandler, "__call__")
_DJANGOS_RESPONSE = find_original(WSGIHandler, "get_response")
_DJANGOS_INIT = find_original(wsgi.WSGIRequest, "__init__")
_DJANGOS_CLOSE = find_original(HttpResponseBase, "close")
"""Packages that trace requests replace them; theirs are called then."""

_NO_BODY = LimitedStream(BytesIO(), 0)
"""The body of every request without one: it has no state that reading changes."""


class WSGIRequest(KnownHosts, wsgi.WSGIRequest):
    """
    Django's request; one without a body is made with less ado.

    It is named like Django's, as its text shows the name.

    Args:
        environ: What the server gave. Its values come from the client.
    """

    def __init__(self, environ: WSGIEnvironment) -> None:
        script_name = _plain_script_name(environ)
        # If it is empty, "operate as if '/' was requested", as Django says.
        path_info = environ.get("PATH_INFO") or "/"
        if (
            wsgi.WSGIRequest.__init__ is not _DJANGOS_INIT
            or script_name is None
            or not path_info.isascii()
            or environ.get("CONTENT_TYPE")
            or environ.get("CONTENT_LENGTH") not in (None, "", "0")
        ):
            super().__init__(environ)
            return
        # All that Django's constructor assigns.
        self.environ = environ
        self.META = environ
        self.path_info = path_info
        self.path = f"{script_name.rstrip('/')}/{path_info.replace('/', '', 1)}"
        environ["PATH_INFO"] = path_info
        environ["SCRIPT_NAME"] = script_name
        self.method = environ["REQUEST_METHOD"].upper()
        self.content_type = ""
        self.content_params = {}
        self._stream = _NO_BODY  # type: ignore[assignment]  # as Django does
        self._read_started = False
        self.resolver_match = None


class BoltWSGIHandler(Router, WSGIHandler):
    """
    Answer WSGI requests as Django's handler does, in less time.

    The signals of a request are not sent as long as nobody but Django listens
    and there is nothing to do for it. A response that is complete in memory, and
    whose end takes no time, ends before it is handed to the server, as a list:
    some servers write that in one go, and close nothing of it.
    """

    request_class = WSGIRequest
    _middleware_chain: Any

    def adapt_method_mode(
        self,
        is_async: bool,
        method: Any,
        method_is_async: bool | None = None,
        debug: bool = False,
        name: str | None = None,
    ) -> Any:
        """Adapt as Django does, and join middleware that are neighbours."""
        adapted = super().adapt_method_mode(
            is_async, method, method_is_async, debug, name
        )
        return join(adapted) if adapted is method and not is_async else adapted

    def get_response(self, request: HttpRequest) -> HttpResponseBase:
        """Answer a request, as Django does."""
        if WSGIHandler.get_response is not _DJANGOS_RESPONSE:
            return super().get_response(request)
        choose_urlconf(read("ROOT_URLCONF"))
        response: Any = self._middleware_chain(request)
        response._resource_closers.append(request.close)
        if response.status_code >= 400:
            log_response(
                "%s: %s",
                response.reason_phrase,
                request.path,
                response=response,
                request=request,
            )
        return cast(HttpResponseBase, response)

    def __call__(  # type: ignore[override]  # Django's returns file wrappers too
        self, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        """Answer one request, as PEP 3333 has it."""
        if WSGIHandler.__call__ is not _DJANGOS_CALL:
            return super().__call__(environ, start_response)
        script_name = _plain_script_name(environ)
        if script_name is None:
            script_name = get_script_name(environ)
        prefix = script_name if script_name.endswith("/") else f"{script_name}/"
        # Nothing set is the same as "/"; asking takes half as long as setting.
        if not (prefix == "/" and is_untouched(PREFIXES)) and (
            get_script_prefix() != prefix
        ):
            set_script_prefix(prefix)
        # Django's own receivers concern the connections of this thread only.
        if STARTED.present() is None or thread_connections():
            request_started.send(sender=type(self), environ=environ)
        request = self.request_class(environ)
        response: Any = self.get_response(request)
        response._handler_class = type(self)
        # An f-string would ask an enum for its name.
        status = "%d %s" % (response.status_code, response.reason_phrase)  # noqa: UP031
        start_response(status, _headers_of(response))
        if _is_complete(request, response) and _end_at_once(request, response):
            return list(response)
        file = getattr(response, "file_to_stream", None)
        if file is not None and environ.get("wsgi.file_wrapper"):
            # The server closes the file, not the response: "Patch it to use
            # response.close instead", as Django says.
            file.close = response.close
            response = environ["wsgi.file_wrapper"](file, response.block_size)
        return cast("Iterable[bytes]", response)


def _plain_script_name(environ: WSGIEnvironment) -> str | None:
    """Return SCRIPT_NAME if Django would return it as it is; else ``None``."""
    name = environ.get("SCRIPT_NAME", "")
    if (
        name.isascii()
        and read("FORCE_SCRIPT_NAME") is None
        and not environ.get("SCRIPT_URL")
        and not environ.get("REDIRECT_URL")
    ):
        return cast(str, name)
    return None


def _headers_of(response: Any) -> list[tuple[str, str]]:
    headers: list[tuple[str, str]]
    if getattr(type(response), "items", None) is HttpResponseBase.items and (
        type(response.headers) is ResponseHeaders
    ):
        # What items() gives, one by one.
        headers = list(response.headers._store.values())
    else:
        headers = list(response.items())
    if has_cookies(response):
        for cookie in response.cookies.values():
            headers.append(("Set-Cookie", cookie.OutputString()))
    return headers


def _is_complete(request: HttpRequest, response: Any) -> bool:
    """Tell whether the body is in memory, and only Django waits for the end."""
    return (
        HttpResponseBase.close is _DJANGOS_CLOSE
        and _ends_as_djangos(type(response))  # type: ignore[arg-type]  # is hashable
        and "close" not in vars(response)
        and type(request).close is HttpRequest.close
        and response._resource_closers == [request.close]
    )


@lru_cache(maxsize=256)
def _ends_as_djangos(kind: type[HttpResponseBase]) -> bool:
    return (
        issubclass(kind, HttpResponse)
        and kind.__iter__ is HttpResponse.__iter__
        and kind.close is HttpResponseBase.close
    )


def _end_at_once(request: HttpRequest, response: Any) -> bool:
    """
    Do what closing the response would do, if that takes no time.

    Returns:
        Whether it was done. It is not if a receiver of ``request_finished`` is not
        Django's, or a database or cache would be waited for: then the client gets
        its response first.
    """
    receivers = FINISHED.present()
    if receivers is None:
        return False
    open_connections: Sequence[BaseDatabaseWrapper] = ()
    if close_old_connections in receivers:
        open_connections = thread_connections()
        if not all(map(is_kept, open_connections)):
            return False
    if close_caches in receivers and cache_ends.are_due():
        return False
    # Not suppress(), which takes as long as all the rest.
    try:  # noqa: SIM105
        request.close()
    except Exception:
        pass
    response._resource_closers.clear()
    response.closed = True
    for connection in open_connections:
        connection.close_if_unusable_or_obsolete()
    if reset_urlconf in receivers:
        forget_urlconf()
    return True
