"""The threads of requests."""

import asyncio
import threading
from typing import Any

import pytest
from asgiref.sync import ThreadSensitiveContext, async_to_sync, sync_to_async
from django.core.handlers.asgi import ASGIHandler
from django.core.signals import request_started
from django.db import close_old_connections, connection, reset_queries
from django.db.transaction import atomic
from django.http import HttpRequest, HttpResponse

from django_bolt.handlers.receivers import STARTED, look_after_connections
from django_bolt.handlers.threads import (
    POOL,
    Lease,
    Pool,
    close_lease,
    has_thread,
    open_lease,
)
from django_bolt.handlers.workers import Worker, Workers
from tests.handlers.exchanges import Exchange, ask, site
from tests.worlds import DEADLINE

HOOKS = "tests.handlers.layers.Hooks"


def name_thread(*_: object) -> str:
    """Name the thread that this runs in."""
    return f"{threading.current_thread().name} {threading.get_ident()}"


async def name_threads(request: HttpRequest) -> HttpResponse:
    """Name the thread of each of some sync calls."""
    names = [await sync_to_async(name_thread)() for _ in range(3)]
    return HttpResponse("\n".join(names))


def test_sync_code_of_a_request_runs_in_one_thread(
    handler_class: type[ASGIHandler],
) -> None:
    names = ask(name_threads, handler_class=handler_class).body.split(b"\n")

    assert len(set(names)) == 1
    assert names[0] != name_thread().encode()


def test_requests_after_each_other_share_a_thread() -> None:
    first, second = (ask(name_threads).body for _ in range(2))

    assert first == second


def test_requests_at_once_have_a_thread_each(
    handler_class: type[ASGIHandler],
) -> None:
    barrier = threading.Barrier(3)

    def meet(request: HttpRequest) -> HttpResponse:
        barrier.wait(timeout=10)
        return HttpResponse("met")

    async def main() -> list[Exchange]:
        exchanges = [Exchange() for _ in range(3)]
        await asyncio.gather(*(exchange.run(handler) for exchange in exchanges))
        return exchanges

    with site(meet, handler_class=handler_class) as handler:
        exchanges = asyncio.run(main())

    assert [exchange.body for exchange in exchanges] == [b"met"] * 3


def test_task_that_outlives_its_request_has_a_thread_of_its_own(
    handler_class: type[ASGIHandler],
) -> None:
    names: list[str] = []
    has_ended = threading.Event()
    tasks: list[asyncio.Task[None]] = []

    async def outlive() -> None:
        names.append(await sync_to_async(name_thread)())
        while not has_ended.is_set():
            await asyncio.sleep(0)
        names.append(await sync_to_async(name_thread)())

    async def view(request: HttpRequest) -> HttpResponse:
        tasks.append(asyncio.create_task(outlive()))
        return HttpResponse("started")

    async def main() -> None:
        await Exchange().run(handler)
        has_ended.set()
        await tasks[0]

    with site(view, handler_class=handler_class) as handler:
        asyncio.run(main())

    assert len(names) == 2


def test_sync_caller_lends_its_thread(handler_class: type[ASGIHandler]) -> None:
    """So it is in Django's tests: a test's database connection is in its thread."""

    def view(request: HttpRequest) -> HttpResponse:
        return HttpResponse(name_thread())

    async def main() -> bytes:
        exchange = Exchange()
        exchange.incoming.put_nowait({"type": "http.request"})
        await handler(exchange.scope, exchange.receive, exchange.send)
        return exchange.body

    with site(view, handler_class=handler_class) as handler:
        body = async_to_sync(main)()

    assert body == name_thread().encode()


def test_context_that_has_a_thread_keeps_it(handler_class: type[ASGIHandler]) -> None:
    async def main() -> tuple[str, bytes]:
        async with ThreadSensitiveContext():
            name = await sync_to_async(name_thread)()
            exchange = Exchange()
            exchange.incoming.put_nowait({"type": "http.request"})
            await handler(exchange.scope, exchange.receive, exchange.send)
        return name, exchange.body

    with site(name_threads, handler_class=handler_class) as handler:
        name, body = asyncio.run(main())

    assert set(body.decode().split("\n")) == {name}


def test_has_thread_of_a_context_without_one_is_false() -> None:
    async def main() -> tuple[bool, bool]:
        before = has_thread()
        lease, token = open_lease()
        inside = has_thread()
        close_lease(lease, token)
        return before, inside

    assert asyncio.run(main()) == (False, True)


class Hop:
    """A function in a thread that ends when it is told to."""

    def __init__(self) -> None:
        self.has_begun = threading.Event()
        self.may_end = threading.Event()

    def __call__(self) -> str:
        self.has_begun.set()
        assert self.may_end.wait(timeout=10)
        return name_thread()


def test_thread_is_given_back_when_its_last_call_has_ended() -> None:
    pool = Pool(1)
    hop = Hop()

    async def main() -> tuple[str, str]:
        lease = Lease(pool)
        future = lease.submit(hop)
        ending = asyncio.create_task(lease.end())
        await asyncio.sleep(0)
        assert not ending.done()
        hop.may_end.set()
        await ending
        return await future, await pool.take().submit(name_thread)

    first, second = asyncio.run(main())

    assert first == second


def test_thread_is_given_back_when_nobody_waits_for_its_end() -> None:
    pool = Pool(1)
    hop = Hop()

    async def main() -> Any:
        lease = Lease(pool)
        future = lease.submit(hop)
        ending = asyncio.create_task(lease.end())
        await asyncio.sleep(0)
        ending.cancel()
        await asyncio.wait((ending,))
        assert ending.cancelled()
        hop.may_end.set()
        return await future

    first = asyncio.run(main())

    assert pool.take().submit(name_thread).result() == first


def test_call_that_was_cancelled_before_it_began_is_over() -> None:
    pool = Pool(1)
    lease = Lease(pool)
    hop = Hop()
    first = lease.submit(hop)

    cancelled = lease.submit(name_thread)
    cancelled.cancel()
    last = lease.submit(name_thread)
    hop.may_end.set()
    name = first.result()
    lease.rest()

    assert last.result() == name
    assert cancelled.cancelled()

    assert lease.is_clean()
    assert pool.take().submit(name_thread).result() == name


def test_lease_waits_for_no_call_that_was_refused() -> None:
    """As at the end of the process, in which an event loop still runs."""

    async def main() -> None:
        workers = Workers(None)
        pool = Pool(0)
        pool._idle.append(Worker(workers))
        workers.end()
        lease = Lease(pool)

        with pytest.raises(RuntimeError, match="process ends"):
            lease.submit(int)
        await asyncio.wait_for(lease.end(), DEADLINE)
        assert not lease.is_busy

    asyncio.run(main())


def test_pool_ends_threads_that_are_too_many() -> None:
    pool = Pool(1)
    threads = [pool.take() for _ in range(2)]
    workers = [thread.submit(threading.current_thread).result() for thread in threads]

    for thread in threads:
        pool.give_back(thread)

    workers[1].join(timeout=10)
    assert [worker.is_alive() for worker in workers] == [True, False]
    assert pool.take() is threads[0]


def test_lease_that_rests_takes_a_thread_when_it_needs_one_again() -> None:
    pool = Pool(1)
    lease = Lease(pool)
    lease.rest()

    first = lease.submit(name_thread).result()
    lease.rest()
    other = pool.take()
    second = lease.submit(name_thread).result()

    assert other.submit(name_thread).result() == first
    assert second != first


def test_lease_that_rests_keeps_a_thread_that_is_busy() -> None:
    pool = Pool(1)
    lease = Lease(pool)
    hop = Hop()
    future = lease.submit(hop)

    lease.rest()
    other = pool.take()
    hop.may_end.set()
    name = future.result()

    assert other.submit(name_thread).result() != name
    assert pool.take().submit(name_thread).result() == name


def test_lease_that_rests_gives_its_thread_back_after_each_call() -> None:
    pool = Pool(1)
    lease = Lease(pool)
    lease.rest()

    name = lease.submit(name_thread).result()

    assert pool.take().submit(name_thread).result() == name


def open_connection() -> str:
    """Open a connection, and name its thread."""
    connection.ensure_connection()
    return name_thread()


def close_connection() -> str:
    """Close the connection of this thread, and name it."""
    connection.close()
    return name_thread()


@pytest.mark.django_db(transaction=True)
def test_lease_keeps_a_thread_with_an_open_connection() -> None:
    pool = Pool(1)
    lease = Lease(pool)

    lease.rest()
    first = lease.submit(open_connection).result()
    is_clean = lease.is_clean()
    second = lease.submit(close_connection).result()

    assert not is_clean
    assert second == first
    assert lease.is_clean()


def read_database(request: HttpRequest) -> HttpResponse:
    """Ask the database, and name the connection."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return HttpResponse(str(id(connection.connection)))


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("max_age", [0, 600])
def test_connection_lives_as_long_as_conn_max_age_says(
    max_age: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(connection.settings_dict, "CONN_MAX_AGE", max_age)
    ask(read_database)

    thread = POOL.take()
    is_open = thread.submit(lambda: connection.connection is not None).result()
    thread.submit(lambda: connection.close()).result()
    POOL.give_back(thread)

    assert is_open is (max_age > 0)


@pytest.mark.django_db(transaction=True)
def test_thread_that_is_used_again_is_looked_after_first() -> None:
    """As ``request_started`` does: queries of the request before are forgotten."""

    def work() -> list[Any]:
        connection.queries_log.append({"sql": "before", "time": "0"})
        look_after_connections()
        return list(connection.queries_log)

    pool = Pool(1)
    thread = pool.take()

    assert thread.submit(work).result() == []
    assert STARTED.present() == frozenset([reset_queries, close_old_connections])
    thread.submit(lambda: connection.close()).result()
    thread.end()


def test_receivers_that_were_disconnected_are_not_called() -> None:
    request_started.disconnect(reset_queries)
    try:
        assert STARTED.present() == frozenset([close_old_connections])
    finally:
        request_started.connect(reset_queries)


def enter_transaction(request: HttpRequest) -> HttpResponse:
    """Begin a transaction that nobody ends."""
    atomic().__enter__()
    return HttpResponse("entered")


def leave_connection(request: HttpRequest) -> HttpResponse:
    """Open a connection, which the end of the request closes."""
    connection.ensure_connection()
    return HttpResponse("left")


async def break_off(message: Any) -> None:
    """Fail as a server does whose client is gone."""
    raise OSError("gone")


def is_in_transaction(request: HttpRequest) -> HttpResponse:
    """Say whether the thread of a request was in a transaction when it came."""
    return HttpResponse(str(connection.in_atomic_block))


@pytest.mark.django_db(transaction=True)
def test_transaction_that_nobody_ends_ends_with_its_request(
    handler_class: type[ASGIHandler],
) -> None:
    ask(enter_transaction, handler_class=handler_class)

    assert ask(is_in_transaction, handler_class=handler_class).body == b"False"


@pytest.mark.django_db(transaction=True)
def test_connection_of_a_request_that_fails_is_kept_by_nobody() -> None:
    """Receivers do not hear of its end: what it has opened goes with its thread."""

    async def main() -> None:
        exchange = Exchange()
        exchange.incoming.put_nowait({"type": "http.request"})
        with pytest.raises(OSError, match="gone"):
            await handler(exchange.scope, exchange.receive, break_off)

    with site(leave_connection) as handler:
        asyncio.run(main())
    thread = POOL.take()
    is_open = thread.submit(lambda: connection.connection is not None).result()
    POOL.give_back(thread)

    assert not is_open
