"""
StreamBody: how the body of a stream is iterated, under WSGI and under ASGI.

Django collects a source of the other world's kind into a list before it sends
the first byte. What stands here replaces that, for our streams and, on
request, for Django's own.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Sequence
from typing import Any, cast

from django.http import HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase
from msgspec import UNSET, UnsetType

from django_bolt.conf import conf
from django_bolt.keepalive import Plan
from django_bolt.responses.head import ResponseBase, allows_body
from django_bolt.streams import wsgi
from django_bolt.streams.asgi import Delivery
from django_bolt.streams.connections import release_connections, watch_thread
from django_bolt.streams.producers import (
    FAILURES,
    AsyncSource,
    SyncSource,
    describe,
    log_failure,
)


class StreamBody(ResponseBase, StreamingHttpResponse):
    """
    A streaming response that streams, whatever the kind of its source.

    Attributes:
        send_timeout: Seconds that the client may take nothing, under ASGI.
        release_connections: Whether database connections are given back when
            the body starts. Both follow the settings when they are unset.
    """

    send_timeout: float | UnsetType | None = UNSET
    release_connections: bool | UnsetType = UNSET
    _iterator: Any
    _resource_closers: list[Callable[[], object]]
    _is_head = False
    _running: AsyncSource | None = None

    @property
    def has_started(self) -> bool:
        """Whether an async source was started; then it closes itself, and before us."""
        return self._running is not None and self._running.has_started

    def prepare(self, request: HttpRequest) -> HttpResponseBase:
        """Leave the source unstarted if the request is a HEAD."""
        if request.method == "HEAD" and not self._is_head:
            self._is_head = True
            self.streaming_content = _Nothing() if self.is_async else ()
        return self

    def encode_chunk(self, chunk: object) -> bytes:
        """Encode what the source yields; it runs where a query may."""
        return self.make_bytes(chunk)

    def encode_chunk_inline(self, chunk: object) -> bytes | None:
        """Encode the same in an event loop; ``None`` when that would block."""
        return self.encode_chunk(chunk)

    def __iter__(self) -> Iterator[bytes]:
        if not self._has_body():
            return iter(())
        plan = self._plan()
        releases = self._releases()
        if releases:
            release_connections()
        if self.is_async or (plan is not None and plan.interval is not None):
            # It gets a thread of its own, which has no connection to give back.
            source = self._source(release=False, watch=releases)
            body = wsgi.deliver(source, plan)
        else:
            iterator = self._iterator
            if releases:
                iterator = watch_thread(iterator, self._name())
            parts = self._iterate(iterator)
            if plan is None:
                return parts
            body = wsgi.limit(parts, plan)
        # First of all: a source that runs in a helper thread cannot be closed.
        self._resource_closers.insert(0, body.close)
        return body

    def __aiter__(self) -> AsyncIterator[bytes]:
        delivery = self.open_delivery()
        return aiter(_Nothing()) if delivery is None else delivery

    def open_delivery(self) -> Delivery | None:
        """Return the body, to be sent once; ``None`` when there is none."""
        if not self._has_body():
            return None
        releases = self._releases()
        source = self._source(release=releases, watch=releases)
        timeout = self.send_timeout
        if isinstance(timeout, UnsetType):
            timeout = conf.stream_send_timeout
        return Delivery(source, self.close, timeout, self._plan())

    def getvalue(self) -> bytes:
        """Return the whole body; it is consumed."""
        return b"".join(self)

    def close(self) -> None:
        """Close the source, and end the request, once."""
        if not self.closed:
            super().close()
            self._running = None  # It holds this response.

    def _iterate(self, iterator: Iterator[object]) -> Iterator[bytes]:
        encode = self.encode_chunk
        try:
            for chunk in iterator:
                encoded = chunk if type(chunk) is bytes else encode(chunk)
                if encoded:
                    yield encoded
        except FAILURES:
            log_failure(self._name())
            raise

    def _sources(self) -> Sequence[Any]:
        """Return the source and what is wrapped around it, the outermost last."""
        return (self._iterator,)

    def _name(self) -> str:
        return describe(self._sources()[0])

    def _source(self, *, release: bool, watch: bool) -> AsyncSource | SyncSource:
        sources = self._sources()
        if not self.is_async:
            return SyncSource(sources, self, release=release, watch=watch)
        self._running = AsyncSource(
            sources,
            self,
            release=release,
            watch=watch,
            ends_thread=self._needs_no_thread(),
        )
        return self._running

    def _needs_no_thread(self) -> bool:
        """Tell whether the request's thread may end when an async source starts."""
        return False

    def _plan(self) -> Plan | None:
        """Return what is to be sent in silence, and when to end; here nothing."""
        return None

    def _has_body(self) -> bool:
        return allows_body(self.status_code) and not (
            self._is_head or any(map(_ends_a_head, self._resource_closers))
        )

    def _releases(self) -> bool:
        release = self.release_connections
        if isinstance(release, UnsetType):
            return conf.stream_release_connections
        return release


def _ends_a_head(closer: object) -> bool:
    """
    Tell whether a closer is the ``close`` of a request that is a HEAD.

    Django's handlers give it to every response, so that one that nothing of ours
    has prepared learns of its request all the same.
    """
    owner = getattr(closer, "__self__", None)
    return isinstance(owner, HttpRequest) and owner.method == "HEAD"


class _Nothing:
    """An async source of no chunks."""

    def __aiter__(self) -> AsyncGenerator[bytes, None]:
        return cast("AsyncGenerator[bytes, None]", self)

    async def __anext__(self) -> bytes:
        raise StopAsyncIteration

    async def aclose(self) -> None:
        """Do nothing: nothing is open."""
