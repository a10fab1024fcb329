"""What becomes of a request's database connection at its end."""

import asyncio
import contextvars
import threading
from collections.abc import Iterator

import pytest
from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIHandler
from django.core.signals import request_finished
from django.db import close_old_connections, connection, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.http import HttpRequest, HttpResponse

from django_bolt.handlers.threads import POOL
from tests.handlers.exchanges import Exchange, ask, lead
from tests.worlds import DEADLINE

pytestmark = pytest.mark.django_db(transaction=True)

color: contextvars.ContextVar[str] = contextvars.ContextVar("color", default="none")


class Ends(list[tuple[str, str]]):
    """The thread and the color in which connections came to their end."""

    def note(self, _: BaseDatabaseWrapper) -> None:
        """Note where this is called."""
        self.append((threading.current_thread().name, color.get()))


@pytest.fixture
def ends(monkeypatch: pytest.MonkeyPatch) -> Ends:
    """Note each look at an open connection, whether it is to be closed."""
    ends = Ends()
    look = BaseDatabaseWrapper.close_if_unusable_or_obsolete

    def note(self: BaseDatabaseWrapper) -> None:
        if self.connection is not None:
            ends.note(self)
        look(self)

    monkeypatch.setattr(BaseDatabaseWrapper, "close_if_unusable_or_obsolete", note)
    return ends


@pytest.fixture
def kept() -> Iterator[list[BaseDatabaseWrapper]]:
    """Close at last what a test has kept open."""
    kept: list[BaseDatabaseWrapper] = []
    yield kept
    thread = POOL.take()
    thread.submit(connections.close_all).result(DEADLINE)
    POOL.give_back(thread)
    for wrapper in kept:
        # Of a thread that has ended, from where Django would not let it be closed.
        database = wrapper.connection
        if database is not None:
            database.close()


def use_database() -> str:
    """Open a connection, and name its thread."""
    connection.ensure_connection()
    return threading.current_thread().name


def keep_database() -> BaseDatabaseWrapper:
    """Open a connection, and return it."""
    connection.ensure_connection()
    return connections["default"]


async def view(request: HttpRequest) -> HttpResponse:
    """Answer with the name of a thread that has a connection."""
    return HttpResponse(await sync_to_async(use_database)())


def test_connection_ends_in_its_thread_and_context(
    ends: Ends, handler_class: type[ASGIHandler]
) -> None:
    def color_and_ask() -> Exchange:
        color.set("red")
        return ask(view, handler_class=handler_class)

    exchange = contextvars.copy_context().run(color_and_ask)

    assert ends[-1] == (exchange.body.decode(), "red")


def test_connection_ends_once(ends: Ends, handler_class: type[ASGIHandler]) -> None:
    """A thread that waited with a connection looks at it first, as always."""
    waiting = len(ends)

    async def look(request: HttpRequest) -> HttpResponse:
        nonlocal waiting
        await sync_to_async(use_database)()
        waiting = len(ends)
        return HttpResponse("looked")

    ask(look, handler_class=handler_class)

    assert len(ends) == waiting + 1


@pytest.fixture
def nobody_closes() -> Iterator[None]:
    """Let nobody look after connections at the end of a request."""
    request_finished.disconnect(close_old_connections)
    yield
    request_finished.connect(close_old_connections)


@pytest.mark.usefixtures("nobody_closes")
def test_connection_stays_where_a_project_wants_it_to(
    kept: list[BaseDatabaseWrapper], handler_class: type[ASGIHandler]
) -> None:
    async def keep(request: HttpRequest) -> HttpResponse:
        kept.append(await sync_to_async(keep_database)())
        return HttpResponse("kept")

    ask(keep, handler_class=handler_class)

    assert kept[0].connection is not None


def test_error_of_a_connection_that_ends_reaches_the_server(
    kept: list[BaseDatabaseWrapper],
    handler_class: type[ASGIHandler],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(self: BaseDatabaseWrapper) -> None:
        raise OSError("gone")

    async def break_connection(request: HttpRequest) -> HttpResponse:
        kept.append(await sync_to_async(keep_database)())
        monkeypatch.setattr(BaseDatabaseWrapper, "close_if_unusable_or_obsolete", fail)
        return HttpResponse("broken")

    with pytest.raises(OSError, match="gone"):
        ask(break_connection, handler_class=handler_class)


def test_response_is_closed_after_what_still_runs_in_its_thread(
    handler_class: type[ASGIHandler],
) -> None:
    may_end = threading.Event()
    tasks: list[asyncio.Task[bool]] = []
    made: list[HttpResponse] = []

    def wait() -> bool:
        use_database()
        assert may_end.wait(DEADLINE)
        return bool(made[0].closed)

    async def leave_behind(request: HttpRequest) -> HttpResponse:
        made.append(HttpResponse("left"))
        tasks.append(asyncio.create_task(sync_to_async(wait)()))
        # The task takes the thread of this request.
        await asyncio.sleep(0)
        return made[0]

    async def client(exchange: Exchange) -> None:
        await exchange.has_sent.wait()
        may_end.set()
        were_closed.append(await tasks[0])

    were_closed: list[bool] = []
    lead(leave_behind, client, handler_class=handler_class)

    assert were_closed == [False]
