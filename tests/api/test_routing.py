"""BoltAPI's patterns, through Django's resolver, under WSGI and under ASGI."""

import asyncio
import functools
import inspect
import threading
import types
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import PurePath, PurePosixPath
from typing import Any

import pytest
from asgiref.sync import iscoroutinefunction
from django.http import HttpRequest, HttpResponse
from django.template import engines
from django.test import AsyncClient, Client, RequestFactory, override_settings
from django.urls import (
    NoReverseMatch,
    URLPattern,
    URLResolver,
    include,
    path,
    re_path,
    resolve,
    reverse,
)
from django.views import View
from django.views.decorators.csrf import csrf_exempt

from django_bolt import BoltAPI, StreamingResponse
from tests.worlds import Ask


def urlconf(*patterns: URLPattern | URLResolver) -> types.ModuleType:
    """Return a URLconf of these patterns."""
    module = types.ModuleType("urlconf")
    vars(module)["urlpatterns"] = list(patterns)
    return module


def mount(api: BoltAPI) -> Any:
    """Return what sends every path to an API."""
    return include(api.urls)


# What handlers return.


def test_value_of_a_sync_handler_is_sent(ask: Ask) -> None:
    api = BoltAPI()

    @api.get("/items")
    def items() -> dict[str, int]:
        return {"count": 2}

    answer = ask(mount(api), "/items")

    assert (answer.status, answer["Content-Type"]) == (200, "application/json")
    assert answer.body == b'{"count":2}'


def test_value_of_an_async_handler_is_sent(ask: Ask) -> None:
    api = BoltAPI()

    @api.get("items")
    async def items(request: HttpRequest) -> dict[str, str]:
        await asyncio.sleep(0)
        return {"path": request.path}

    assert ask(mount(api), "/items").body == b'{"path":"/items"}'


def test_generator_is_streamed(ask: Ask) -> None:
    api = BoltAPI()

    @api.get("/lines", response_class=StreamingResponse)
    def lines() -> Iterator[str]:
        yield "a"
        yield "b"

    assert ask(mount(api), "/lines").body == b"ab"


def test_async_generator_is_streamed(ask: Ask) -> None:
    api = BoltAPI()

    @api.get("/lines", response_class=StreamingResponse)
    async def lines() -> AsyncIterator[str]:
        yield "a"
        await asyncio.sleep(0)
        yield "b"

    assert ask(mount(api), "/lines").body == b"ab"


def test_response_is_sent_as_it_is(ask: Ask) -> None:
    api = BoltAPI()

    @api.get("/teapot", status_code=202)
    def teapot() -> HttpResponse:
        return HttpResponse("short and stout", status=418)

    assert ask(mount(api), "/teapot").status == 418


def test_status_and_headers_are_the_responses(ask: Ask) -> None:
    api = BoltAPI()

    @api.get("/items", status_code=203, headers={"X-Items": "1"})
    def items() -> dict[str, int]:
        return {"id": 7}

    answer = ask(mount(api), "/items")

    assert (answer.status, answer["X-Items"]) == (203, "1")


def test_none_with_204_is_empty(ask: Ask) -> None:
    api = BoltAPI()

    @api.get("/nothing", status_code=204)
    def nothing() -> None:
        return None

    answer = ask(mount(api), "/nothing")

    assert (answer.status, answer.body) == (204, b"")
    assert "Content-Type" not in answer


def test_none_with_another_status_names_the_handler(rf: RequestFactory) -> None:
    api = BoltAPI()

    @api.get("/nothing")
    def nothing() -> None:
        return None

    with pytest.raises(TypeError, match="nothing returned None") as caught:
        api.urls[0].callback(rf.get("/nothing"))

    assert "test_none_with_another_status_names_the_handler" in str(caught.value)


@pytest.mark.parametrize("middleware", [(), None], ids=["without", "with"])
def test_handlers_need_no_middleware(ask: Ask, middleware: Any) -> None:
    api = BoltAPI()

    @api.get("/sync")
    def sync() -> list[int]:
        return [1]

    @api.get("/async")
    async def asynchronous() -> list[int]:
        return [2]

    changed = {} if middleware is None else {"MIDDLEWARE": middleware}
    with override_settings(**changed):
        assert ask(mount(api), "/sync").body == b"[1]"
        assert ask(mount(api), "/async").body == b"[2]"


def test_handler_stays_the_function_that_it_was() -> None:
    api = BoltAPI()

    def handler(item_id: int) -> dict[str, int]:
        return {"id": item_id}

    decorated = api.get("/items/{item_id}")(handler)

    assert decorated is handler
    assert decorated(3) == {"id": 3}


# Parameters.


@pytest.mark.parametrize(
    ("annotation", "sent", "received"),
    [
        pytest.param(int, "42", 42, id="int"),
        pytest.param(str, "tea", "tea", id="str"),
        pytest.param(
            uuid.UUID,
            "00000000-0000-0000-0000-00000000002a",
            uuid.UUID(int=42),
            id="uuid",
        ),
        pytest.param(PurePath, "a/b.txt", PurePosixPath("a/b.txt"), id="path"),
        pytest.param(int | None, "42", 42, id="optional"),
        pytest.param(inspect.Parameter.empty, "tea", "tea", id="none"),
    ],
)
def test_parameter_is_converted_by_its_annotation(
    ask: Ask, annotation: object, sent: str, received: object
) -> None:
    api = BoltAPI()
    seen = []

    def handler(it):  # type: ignore[no-untyped-def]
        seen.append(it)
        return {}

    if annotation is not inspect.Parameter.empty:
        handler.__annotations__["it"] = annotation
    api.get("/items/{it}")(handler)

    answer = ask(mount(api), f"/items/{sent}")

    assert answer.status == 200
    assert seen == [received]
    assert type(seen[0]) is type(received)


@pytest.mark.parametrize("sent", ["-1", "x", "1.5", "", "1" * 5000])
def test_parameter_that_does_not_convert_is_not_found(ask: Ask, sent: str) -> None:
    """Python refuses to make an int of more than 4300 digits."""
    api = BoltAPI()

    @api.get("/items/{item_id}")
    def item(item_id: int) -> None:
        """Never called."""

    assert ask(mount(api), f"/items/{sent}").status == 404


def test_converters_of_django_are_used(ask: Ask) -> None:
    api = BoltAPI()

    @api.get("/<slug:shop>/<int:item_id>")
    def item(shop: str, item_id: int) -> list[object]:
        return [shop, item_id]

    assert ask(mount(api), "/tea/7").body == b'["tea",7]'
    assert ask(mount(api), "/t.a/7").status == 404


def test_request_is_given_wherever_it_is_named(ask: Ask) -> None:
    api = BoltAPI()

    @api.get("/first/{it}")
    def first(request: HttpRequest, it: str) -> list[object]:
        return [request.method, it]

    @api.get("/last/{it}")
    def last(it: str, request: HttpRequest) -> list[object]:
        return [request.method, it]

    @api.get("/keyword/{it}")
    def keyword(it: str, *, request: HttpRequest) -> list[object]:
        return [request.method, it]

    @api.get("/positional/{it}")
    def positional(request: HttpRequest, /, it: str) -> list[object]:
        return [request.method, it]

    for name in ("first", "last", "keyword", "positional"):
        assert ask(mount(api), f"/{name}/x").body == b'["GET","x"]'


def test_prefix_gives_parameters_too(ask: Ask) -> None:
    api = BoltAPI()

    @api.get("/items/{item_id}")
    def item(shop: str, item_id: int) -> list[object]:
        return [shop, item_id]

    root = [path("<slug:shop>/", include(api.urls))]

    assert ask(include(root), "/tea/items/7").body == b'["tea",7]'  # type: ignore[arg-type]


def test_unnamed_groups_of_a_prefix_are_given_by_position(ask: Ask) -> None:
    api = BoltAPI()

    @api.get("/items")
    def items(request: HttpRequest, shop: str) -> list[object]:
        return [shop]

    root = [re_path(r"^(\w+)/", include(api.urls))]

    assert ask(include(root), "/tea/items").body == b'["tea"]'  # type: ignore[arg-type]


def test_doubled_brace_is_a_brace(ask: Ask) -> None:
    api = BoltAPI()

    @api.get("/{{{it}}}", name="braced")
    def braced(it: int) -> int | list[int]:
        return [it]

    assert ask(mount(api), "/{7}").body == b"[7]"
    with override_settings(ROOT_URLCONF=urlconf(*api.urls)):
        assert reverse("braced", kwargs={"it": 7}) == "/%7B7%7D"


# Methods.


def two_methods() -> BoltAPI:
    """Return an API with a GET and a POST handler on one path."""
    api = BoltAPI()

    @api.get("/items")
    def list_items() -> list[int]:
        return [1, 2]

    @csrf_exempt
    @api.post("/items", status_code=201)
    async def create_item() -> dict[str, int]:
        return {"id": 3}

    return api


def test_methods_share_a_path(ask: Ask) -> None:
    api = two_methods()

    assert ask(mount(api), "/items").body == b"[1,2]"
    assert ask(mount(api), "/items", method="POST").body == b'{"id":3}'


def test_get_serves_head(ask: Ask) -> None:
    api = two_methods()

    answer = ask(mount(api), "/items", method="HEAD")

    assert answer.status == 200
    assert answer["Content-Length"] == "5"


def test_head_handler_goes_before_that_of_get(ask: Ask) -> None:
    api = BoltAPI()

    @api.get("/items")
    def items() -> list[int]:
        return [1]

    @api.head("/items", headers={"X-Head": "1"})
    def head() -> str:
        return ""

    assert ask(mount(api), "/items", method="HEAD")["X-Head"] == "1"
    assert "X-Head" not in ask(mount(api), "/items")


@pytest.mark.parametrize(
    ("methods", "allowed"),
    [
        pytest.param(["get"], "GET, HEAD, OPTIONS", id="get brings head"),
        pytest.param(["head"], "HEAD, OPTIONS", id="head alone"),
        pytest.param(["post"], "POST, OPTIONS", id="post"),
        pytest.param(
            ["delete", "patch", "put", "get"],
            "GET, HEAD, PUT, PATCH, DELETE, OPTIONS",
            id="many",
        ),
        pytest.param(["options"], "OPTIONS", id="options alone"),
    ],
)
def test_allow_names_what_is_served(ask: Ask, methods: list[str], allowed: str) -> None:
    """RFC 9110 §10.2.1: Allow lists the methods that the resource supports."""
    api = BoltAPI()
    for method in methods:
        getattr(api, method)("/items")(named(method))

    refused = ask(mount(api), "/items", method="TRACE")

    assert (refused.status, refused["Allow"]) == (405, allowed)


def named(name: str) -> Callable[[], None]:
    """Return a handler of this name, free of CSRF protection."""

    def handler() -> None:
        """Never called."""

    handler.__name__ = name
    return csrf_exempt(handler)


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_options_is_answered(ask: Ask, kind: str) -> None:
    """RFC 9110 §9.3.7: no content is told by a Content-Length of 0."""
    api = BoltAPI()

    def sync() -> None:
        """Never called."""

    async def asynchronous() -> None:
        """Never called."""

    api.get("/items")({"sync": sync, "async": asynchronous}[kind])

    answer = ask(mount(api), "/items", method="OPTIONS")

    assert (answer.status, answer.body) == (200, b"")
    assert answer["Allow"] == "GET, HEAD, OPTIONS"
    assert answer["Content-Length"] == "0"
    assert "Content-Type" not in answer


def test_options_handler_goes_before_the_answer(ask: Ask) -> None:
    api = BoltAPI()

    @api.options("/items", headers={"Allow": "OPTIONS, X"})
    async def options() -> str:
        return "mine"

    answer = ask(mount(api), "/items", method="OPTIONS")

    assert (answer["Allow"], answer.body) == ("OPTIONS, X", b"mine")


def test_refused_method_is_logged_as_in_django(
    ask: Ask, caplog: pytest.LogCaptureFixture
) -> None:
    ask(mount(two_methods()), "/items", method="PURGE")

    [record] = [each for each in caplog.records if each.name == "django.request"]
    assert record.getMessage() == "Method Not Allowed (PURGE): /items"


# Worlds.


def where() -> str:
    """Tell whether this runs in an event loop."""
    return "thread" if asyncio._get_running_loop() is None else "loop"


def test_handlers_of_mixed_kinds_run_where_they_belong(ask: Ask) -> None:
    """Under ASGI: async in the loop, sync in a thread; each in one request."""
    api = BoltAPI()

    @api.get("/it")
    def sync() -> str:
        return where()

    @csrf_exempt
    @api.post("/it")
    async def asynchronous() -> str:
        return where()

    assert ask(mount(api), "/it").body == b"thread"
    assert ask(mount(api), "/it", method="POST").body == b"loop"


def in_loop(call: Callable[[], Any]) -> Any:
    """Call something in a running event loop."""

    async def main() -> Any:
        return call()

    return asyncio.run(main())


@pytest.mark.parametrize(
    ("kinds", "without_loop", "with_loop"),
    [
        pytest.param(["sync"], False, False, id="sync"),
        pytest.param(["async"], True, True, id="async"),
        pytest.param(["async generator"], False, True, id="async generator"),
        pytest.param(["sync", "async"], False, True, id="mixed"),
        pytest.param(["sync", "async generator"], False, True, id="mixed generator"),
        pytest.param(["async", "async generator"], False, True, id="both async"),
    ],
)
def test_view_is_a_coroutine_function_where_that_saves_a_hop(
    kinds: list[str], without_loop: bool, with_loop: bool
) -> None:
    api = BoltAPI()

    def sync() -> None:
        """Never called."""

    async def asynchronous() -> None:
        """Never called."""

    async def generator() -> AsyncIterator[str]:
        yield ""  # pragma: no cover

    handlers: dict[str, Callable[[], object]] = {
        "sync": sync,
        "async": asynchronous,
        "async generator": generator,
    }
    for method, kind in zip(("get", "post"), kinds, strict=False):
        getattr(api, method)("/it", response_class=None)(handlers[kind])
    [*_, pattern] = api.urls

    assert iscoroutinefunction(pattern.callback) is without_loop
    assert in_loop(lambda: iscoroutinefunction(pattern.callback)) is with_loop


def test_async_generator_is_started_without_a_thread() -> None:
    """Under ASGI nothing of it goes through a thread."""
    api = BoltAPI()
    threads = []

    class Recorder(StreamingResponse):
        """Tells where it is made."""

        def __init__(self, *args: Any, **kwargs: Any) -> None:
            threads.append(threading.current_thread())
            super().__init__(*args, **kwargs)

    @api.get("/ticks", response_class=Recorder)
    async def ticks() -> AsyncIterator[str]:
        threads.append(threading.current_thread())
        yield "tick"

    async def main() -> bytes:
        response: Any = await AsyncClient().get("/ticks")
        return b"".join([chunk async for chunk in response])

    with override_settings(ROOT_URLCONF=urlconf(*api.urls), MIDDLEWARE=[]):
        assert asyncio.run(main()) == b"tick"
    assert threads == [threading.main_thread()] * 2


def test_async_handler_beside_a_sync_one_works_under_wsgi(client: Client) -> None:
    with override_settings(ROOT_URLCONF=urlconf(*two_methods().urls)):
        assert client.post("/items").json() == {"id": 3}


# Plain Django.


def test_reverse_finds_every_handler_of_a_path() -> None:
    with override_settings(
        ROOT_URLCONF=urlconf(path("api/", include(two_methods().urls)))
    ):
        assert reverse("list_items") == reverse("create_item") == "/api/items"


def test_reverse_uses_the_name_that_is_given() -> None:
    api = BoltAPI()

    @api.get("/files/{rest}", name="file")
    def read_file(rest: PurePath) -> None:
        """Never called."""

    with override_settings(ROOT_URLCONF=urlconf(*api.urls)):
        assert reverse("file", kwargs={"rest": PurePosixPath("a/b")}) == "/files/a/b"
        with pytest.raises(NoReverseMatch):
            reverse("read_file")


def test_one_name_on_a_path_is_one_pattern() -> None:
    api = BoltAPI()

    @api.get("/items")
    @api.post("/items")
    def items(request: HttpRequest) -> None:
        """Never called."""

    assert [pattern.name for pattern in api.urls] == ["items"]


def test_url_tag_finds_a_handler_in_its_namespace() -> None:
    api = two_methods()
    root = urlconf(
        path("v1/", include((api.urls, "shop"), namespace="v1")),
        path("v2/", include((api.urls, "shop"), namespace="v2")),
    )

    with override_settings(ROOT_URLCONF=root):
        template = engines["django"].from_string("{% url 'v2:list_items' %}")
        assert template.render() == "/v2/items"
        assert resolve("/v1/items").view_name == "v1:list_items"


def test_several_apis_and_nested_prefixes(ask: Ask) -> None:
    one, other = BoltAPI(), BoltAPI()

    @one.get("/a")
    def a() -> str:
        return "one"

    @other.get("/a")
    def b() -> str:
        return "other"

    inner = [path("one/", include(one.urls)), path("other/", include(other.urls))]
    root: Any = include([path("deep/", include(inner))])

    assert ask(root, "/deep/one/a").body == b"one"
    assert ask(root, "/deep/other/a").body == b"other"


def test_view_has_the_handlers_name_module_and_docstring() -> None:
    api = BoltAPI()

    @api.get("/items")
    def items() -> list[int]:
        """List the items."""
        return []  # pragma: no cover

    with override_settings(ROOT_URLCONF=urlconf(*api.urls)):
        match = resolve("/items")

    assert match.func.__name__ == "items"
    assert match.func.__module__ == __name__
    assert match.func.__doc__ == "List the items."
    assert match._func_path == f"{__name__}.items"
    assert inspect.unwrap(match.func) is items


def test_patterns_are_ordinary_ones() -> None:
    api = two_methods()

    assert all(isinstance(pattern, URLPattern) for pattern in api.urls)
    assert [str(pattern.pattern) for pattern in api.urls] == ["items", "items"]
    assert [pattern.callback.__name__ for pattern in api.urls] == [
        "list_items",
        "create_item",
    ]
    assert api.urls[0].lookup_str.startswith(f"{__name__}.two_methods")
    assert [pattern.check() for pattern in api.urls] == [[], []]


def test_debug_page_lists_the_patterns(client: Client) -> None:
    root = urlconf(path("api/", include(two_methods().urls)))

    with override_settings(ROOT_URLCONF=root, DEBUG=True):
        page = client.get("/api/elsewhere").content.decode()

    assert "list_items" in page
    assert "create_item" in page


def test_handlers_that_come_later_join_the_urls(client: Client) -> None:
    api = BoltAPI()
    root = urlconf(path("api/", include(api.urls)))

    @api.get("/late")
    def late() -> str:
        return "late"

    with override_settings(ROOT_URLCONF=root):
        assert client.get("/api/late").content == b"late"


def test_method_that_comes_later_joins_its_path(client: Client) -> None:
    api = BoltAPI()

    @api.get("/items")
    def items() -> str:
        return "get"  # pragma: no cover

    with override_settings(ROOT_URLCONF=urlconf(*api.urls)):
        assert client.post("/items").status_code == 405

        @api.post("/items", name="items")
        def add() -> str:
            return "post"

        assert client.post("/items").content == b"post"


def test_class_based_view_is_a_handler(ask: Ask) -> None:
    class Page(View):
        """A view of Django's."""

        def get(self, request: HttpRequest, it: str) -> HttpResponse:
            """Answer."""
            return HttpResponse(it)

    api = BoltAPI()
    api.get("/pages/{it}", name="page")(Page.as_view())

    assert ask(mount(api), "/pages/x").body == b"x"
    assert api.urls[0].lookup_str.endswith("Page")


def test_partial_is_a_handler(ask: Ask) -> None:
    def item(prefix: str, it: int) -> str:
        return f"{prefix}{it}"

    api = BoltAPI()
    api.get("/items/{it}")(functools.partial(item, "n"))

    assert ask(mount(api), "/items/7").body == b"n7"
    assert api.urls[0].name is None


def test_callable_object_is_a_handler(ask: Ask) -> None:
    class Handler:
        """An object that is called."""

        def __call__(self, request: HttpRequest, it: int) -> str:
            return f"{request.method} {it}"

    api = BoltAPI()
    api.get("/items/{it}", name="object")(Handler())

    assert ask(mount(api), "/items/7").body == b"GET 7"


def test_handlers_are_protected_from_csrf() -> None:
    api = BoltAPI()

    @api.post("/items")
    def add() -> None:
        """Never called."""

    with override_settings(ROOT_URLCONF=urlconf(*api.urls)):
        assert Client(enforce_csrf_checks=True).post("/items").status_code == 403


# Mistakes.


def test_doubled_method_is_refused() -> None:
    api = BoltAPI()

    @api.get("/items/{a}")
    def one(a: int) -> None:
        """Never called."""

    with pytest.raises(ValueError, match=r"for GET already: got .*other after .*one"):

        @api.get("items/<int:a>")
        def other(a: int) -> None:
            """Never called."""


def test_doubled_path_with_other_names_is_refused() -> None:
    api = BoltAPI()

    @api.get("/items/{a}")
    def one(a: int) -> None:
        """Never called."""

    with pytest.raises(ValueError, match=r"other must name its parameters as .*one"):

        @api.post("/items/{b}")
        def other(b: int) -> None:
            """Never called."""


def test_refused_handler_leaves_nothing_behind() -> None:
    api = BoltAPI()

    with pytest.raises(TypeError):

        @api.get("/items/{a}")
        def one(b: int) -> None:
            """Never called."""

    assert api.urls == []


def test_paths_of_other_converters_are_others(ask: Ask) -> None:
    api = BoltAPI()

    @api.get("/users/{number}")
    def by_number(number: int) -> str:
        return "number"

    @api.get("/users/{name}")
    def by_name(name: str) -> str:
        return "name"

    assert ask(mount(api), "/users/7").body == b"number"
    assert ask(mount(api), "/users/ada").body == b"name"
