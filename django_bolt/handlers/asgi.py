"""
BoltASGIHandler: Django's ASGI handler, with as few threads and tasks as it can.

What a request needs decides: a coroutine view behind middleware that only
computes is answered by the server's own task, without a thread; a sync view
takes one hop to a thread and back. Exceptions, signals, logging and all else
are Django's own code.
"""

from __future__ import annotations

import asyncio
import io
from collections.abc import Coroutine
from contextvars import copy_context
from typing import Any

from asgiref.sync import sync_to_async
from django.core.exceptions import RequestAborted
from django.core.handlers.asgi import ASGIHandler, get_script_prefix
from django.core.handlers.base import reset_urlconf
from django.core.signals import request_finished, request_started
from django.http.response import HttpResponseBase
from django.urls import set_script_prefix

from django_bolt.conf import read
from django_bolt.handlers.disconnect import Watch, can_be_cancelled, in_own_task
from django_bolt.handlers.files import (
    is_file,
    needs_no_thread,
    send_file,
    send_taken,
    take_file,
)
from django_bolt.handlers.lifespan import answer_lifespan
from django_bolt.handlers.middleware import join
from django_bolt.handlers.originals import find_original
from django_bolt.handlers.pathsend import find_path, send_path
from django_bolt.handlers.receivers import (
    FINISHED,
    STARTED,
    give_up_connections,
    holds_cache,
    is_untouched,
)
from django_bolt.handlers.receiving import has_none, replay, skip_nothing
from django_bolt.handlers.requests import ASGIRequest
from django_bolt.handlers.sending import send_content
from django_bolt.handlers.streaming import send_stream, sends_itself
from django_bolt.handlers.threads import (
    Lease,
    call_in_thread,
    close_lease,
    has_thread,
    open_lease,
)
from django_bolt.handlers.types import Receive, Scope, Send
from django_bolt.handlers.urlconfs import PREFIXES, forget_urlconf
from django_bolt.handlers.views import ViewCaller, accept_inline
from django_bolt.responses.body import StreamBody

_DJANGOS_CALL = find_original(ASGIHandler, "__call__")
_DJANGOS_HANDLE = find_original(ASGIHandler, "handle")
_DJANGOS_CLOSE = find_original(HttpResponseBase, "close")
"""Packages that trace requests replace them; theirs are called then."""


class BoltASGIHandler(ViewCaller, ASGIHandler):
    """
    An ASGI application that answers as Django's does, and takes less time.

    Differences to Django's are listed in docs/handlers.md.
    """

    request_class = ASGIRequest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one connection of the server, by the ASGI specification."""
        if (
            scope["type"] != "http"
            or has_thread()
            or ASGIHandler.__call__ is not _DJANGOS_CALL
        ):
            if scope["type"] == "lifespan":
                await answer_lifespan(receive, send)
            else:
                await super().__call__(scope, receive, send)
        elif can_be_cancelled(asyncio.current_task()):
            await self._lend(scope, receive, send)
        else:
            await in_own_task(self._lend(scope, receive, send))

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request whose thread is known to the context already."""
        if ASGIHandler.handle is _DJANGOS_HANDLE:
            await self._serve(scope, receive, send, None)
        else:
            await super().handle(scope, receive, send)

    def adapt_method_mode(
        self,
        is_async: bool,
        method: Any,
        method_is_async: bool | None = None,
        debug: bool = False,
        name: str | None = None,
    ) -> Any:
        """Adapt as Django does; what can be called without a thread, is."""
        adapted = super().adapt_method_mode(
            is_async, method, method_is_async, debug, name
        )
        if not is_async:
            return adapted
        return join(adapted) if adapted is method else accept_inline(method, adapted)

    async def read_body(self, receive: Receive) -> Any:
        """
        Return the body of the request as a file.

        One that came whole stays where it is, in memory, unless it is larger
        than Django would keep there.
        """
        message = await receive()
        if message["type"] == "http.disconnect":
            raise RequestAborted
        body = message.get("body", b"")
        if message.get("more_body", False) or (body and _is_too_large(body)):
            return await super().read_body(replay(message, receive))
        return io.BytesIO(body)

    def send_response(
        self, response: HttpResponseBase, send: Send
    ) -> Coroutine[Any, Any, None]:
        """Send a response; one that is in memory in two messages."""
        # No coroutine of its own: a stream would keep it for as long as it lasts.
        if not response.streaming:
            return send_content(response, send, self.chunk_size)
        if is_file(response):
            return send_file(response, send, self.chunk_size)
        if sends_itself(response):
            return send_stream(response, send, self.chunk_size)
        return super().send_response(response, send)

    async def _lend(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request that may borrow a thread of ours."""
        lease, token = open_lease()
        try:
            if (
                type(self).handle is BoltASGIHandler.handle
                and ASGIHandler.handle is _DJANGOS_HANDLE
            ):
                await self._serve(scope, receive, send, lease)
            else:
                await self.handle(scope, receive, send)
        except BaseException:
            lease.fail()
            raise
        finally:
            close_lease(lease, token)
            if lease.is_held:
                await lease.end()

    async def _serve(
        self, scope: Scope, receive: Receive, send: Send, lease: Lease | None
    ) -> None:
        body: Any
        if type(self).read_body is BoltASGIHandler.read_body and has_none(
            scope, receive
        ):
            body, receive = io.BytesIO(), skip_nothing(receive)
        else:
            try:
                body = await self.read_body(receive)
            except RequestAborted:
                return
        try:
            prefix = get_script_prefix(scope)
            # Nothing set is the same as "/", which "" becomes.
            if prefix or not is_untouched(PREFIXES):
                set_script_prefix(prefix)
            if lease is None or STARTED.present() is None:
                await request_started.asend(sender=self.__class__, scope=scope)
            request: Any
            refusal: Any
            request, refusal = self.create_request(scope, body)
            if request is None:
                body.close()
                await self.send_response(refusal, send)
                await sync_to_async(refusal.close)()
                return
            response = await self._exchange(request, receive, send, lease)
            if lease is None or not _end_at_once(request, response, lease):
                await self._end(response)
            elif not lease.is_clean():
                # In a context as of Django's hop, and without all else of that.
                await lease.submit(copy_context().run, give_up_connections)
        finally:
            body.close()

    async def _exchange(
        self, request: ASGIRequest, receive: Receive, send: Send, lease: Lease | None
    ) -> Any:
        """
        Answer a request for as long as its client is there.

        Returns:
            The response, sent or not; ``None`` if the client left before.
        """
        response: Any = None

        async def answer() -> None:
            nonlocal response
            response = await self.run_get_response(request)
            await self._send(request, response, send, lease)

        watch = Watch(self.listen_for_disconnect, receive)
        is_stopped = False
        try:
            await watch.over(answer())
        except asyncio.CancelledError:
            is_stopped = True
            if not await watch.stop():
                raise
        finally:
            if watch.has_begun and not is_stopped:
                await watch.stop()
        if watch.error is not None and not isinstance(watch.error, RequestAborted):
            raise watch.error
        return response

    def _send(
        self, request: ASGIRequest, response: Any, send: Send, lease: Lease | None
    ) -> Coroutine[Any, Any, None]:
        """Return what sends a response; a file by its path or at once, if it may."""
        if not response.streaming:
            return self.send_response(response, send)
        if lease is not None and lease.is_held:
            _let_rest(lease, request, response)
            lease = None
        if type(self).send_response is BoltASGIHandler.send_response:
            path = find_path(request, response)
            if path is not None:
                return send_path(response, send, path)
            content = take_file(response, self.chunk_size)
            if content is not None:
                return send_taken(response, content, send)
        if lease is not None:
            # Nor may it keep one that it borrows from now on.
            _let_rest(lease, request, response)
        return self.send_response(response, send)

    async def _end(self, response: Any) -> None:
        """Close a response and say that the request is over, as Django does."""
        if response is None:
            await request_finished.asend(sender=self.__class__)
        else:
            await call_in_thread(response.close)


def _is_too_large(body: bytes) -> bool:
    """Tell whether Django would not keep a body in memory."""
    limit = read("FILE_UPLOAD_MAX_MEMORY_SIZE")
    return bool(limit) and len(body) > limit


def _let_rest(lease: Lease, request: ASGIRequest, response: Any) -> None:
    """Hold no thread for a response that needs none."""
    if needs_no_thread(request, response):
        lease.rest()


def _end_at_once(request: ASGIRequest, response: Any, lease: Lease) -> bool:
    """
    Do what the end of a request does but to connections, if that takes no thread.

    Returns:
        Whether it was done.
    """
    audience = FINISHED.present()
    if (
        audience is None
        or lease.is_busy
        or holds_cache()
        or not (response is None or _is_plain(request, response))
    ):
        return False
    if response is not None:
        request.close()
        response._resource_closers.clear()
        response.closed = True
    if reset_urlconf in audience:
        forget_urlconf()
    return True


def _is_plain(request: ASGIRequest, response: Any) -> bool:
    """Tell whether closing a response closes nothing but a body in memory."""
    return (
        getattr(type(response), "close", None) in (_DJANGOS_CLOSE, StreamBody.close)
        and HttpResponseBase.close is _DJANGOS_CLOSE
        and "close" not in vars(response)
        and response._resource_closers == [request.close]
        and type(request).close is ASGIRequest.close
        and type(request._stream) is io.BytesIO
        and not getattr(request, "_files", None)
    )
