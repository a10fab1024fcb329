"""Serve Django on a free port of this machine, by WSGI or by ASGI."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import uvicorn
from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.wsgi import WSGIHandler
from django.core.servers.basehttp import ThreadedWSGIServer
from django.test.testcases import QuietWSGIRequestHandler

DEADLINE = 10.0
"""Seconds that a server may take to start or to stop."""


@contextmanager
def serve_wsgi() -> Iterator[int]:
    """Run the server of ``manage.py runserver``; yield its port."""
    server = ThreadedWSGIServer(
        ("127.0.0.1", 0), QuietWSGIRequestHandler, allow_reuse_address=False
    )
    server.set_app(WSGIHandler())
    # Between two polls the server looks whether it shall stop.
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join(DEADLINE)


class _Uvicorn(uvicorn.Server):
    """A server that says when it is ready."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready.set()


@contextmanager
def serve_asgi() -> Iterator[int]:
    """Run uvicorn; yield its port."""
    config = uvicorn.Config(
        ASGIHandler(), http="h11", ws="none", lifespan="off", log_level="error"
    )
    server = _Uvicorn(config)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        try:
            assert server.ready.wait(DEADLINE)
            yield listener.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join(DEADLINE)


Serve = Callable[[], AbstractContextManager[int]]

SERVERS: dict[str, Serve] = {"wsgi": serve_wsgi, "asgi": serve_asgi}
