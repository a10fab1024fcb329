"""Middleware that notes in ``request.trail`` what is called."""

import contextvars
import threading
from collections.abc import Callable
from typing import Any

from django.core.exceptions import MiddlewareNotUsed, PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.utils.decorators import async_only_middleware, sync_only_middleware
from django.utils.deprecation import MiddlewareMixin

TRAIL: list[str] = []
"""What was called; emptied by the tests' fixture."""

color: contextvars.ContextVar[str] = contextvars.ContextVar("color", default="none")


class Noting(MiddlewareMixin):
    """Notes its way in and out."""

    def process_request(self, request: HttpRequest) -> HttpResponse | None:
        """Note the way in; answer or fail when the path says so."""
        name = type(self).__name__
        TRAIL.append(f"{name} in")
        if request.path == f"/{name}/answer":
            return HttpResponse(f"answer of {name}")
        if request.path == f"/{name}/fail":
            raise ValueError(name)
        if request.path == f"/{name}/forbid":
            raise PermissionDenied
        return None

    def process_response(
        self, request: HttpRequest, response: HttpResponse
    ) -> HttpResponse:
        """Note the way out; fail when the path says so."""
        name = type(self).__name__
        TRAIL.append(f"{name} out {response.status_code}")
        if request.path == f"/{name}/break":
            raise ValueError(name)
        return response


class First(Noting):
    """The first of several."""


class Second(Noting):
    """The second."""


class Third(Noting):
    """The third."""


class OnlyIn(MiddlewareMixin):
    """Has no way out."""

    def process_request(self, request: HttpRequest) -> None:
        """Note the way in."""
        TRAIL.append("OnlyIn in")


class OnlyOut(MiddlewareMixin):
    """Has no way in."""

    def process_response(
        self, request: HttpRequest, response: HttpResponse
    ) -> HttpResponse:
        """Note the way out."""
        TRAIL.append("OnlyOut out")
        return response


class Hooks(MiddlewareMixin):
    """Has each of the hooks around a view."""

    def process_view(
        self, request: HttpRequest, view: Any, args: Any, kwargs: Any
    ) -> HttpResponse | None:
        """Note the view; answer when the path says so."""
        TRAIL.append("Hooks view")
        return HttpResponse("of Hooks") if request.path == "/Hooks/answer" else None

    def process_exception(
        self, request: HttpRequest, exception: Exception
    ) -> HttpResponse | None:
        """Note an exception, and make a response of some."""
        TRAIL.append(f"Hooks exception {exception}")
        return HttpResponse("rescued") if str(exception) == "rescue" else None

    def process_template_response(self, request: HttpRequest, response: Any) -> Any:
        """Note a response that is rendered later."""
        TRAIL.append("Hooks template")
        return None if request.path == "/Hooks/forget" else response


class Rewrapping(Noting):
    """Puts something between itself and the next one."""

    def __init__(self, get_response: Any) -> None:
        async def between(request: HttpRequest) -> Any:
            TRAIL.append("between")
            if request.path == "/between/fail":
                raise ValueError("between")
            return await get_response(request)

        # As functools.wraps does.
        vars(between).update(vars(get_response))
        super().__init__(between)


class RewrappingSync(Noting):
    """Puts something between itself and the next one, under WSGI."""

    def __init__(self, get_response: Any) -> None:
        def between(request: HttpRequest) -> Any:
            TRAIL.append("between")
            if request.path == "/between/fail":
                raise ValueError("between")
            return get_response(request)

        super().__init__(between)


class Careless(MiddlewareMixin):
    """Forgets the mode that it is in."""

    def __init__(self, get_response: Any) -> None:
        super().__init__(get_response)
        del self.async_mode


class Unused(MiddlewareMixin):
    """Takes itself out."""

    def __init__(self, get_response: Any) -> None:
        raise MiddlewareNotUsed("not today")


class Own(MiddlewareMixin):
    """Calls itself in its own way."""

    async def __acall__(self, request: HttpRequest) -> Any:
        TRAIL.append("Own in")
        response = await self.get_response(request)  # type: ignore[misc]
        TRAIL.append("Own out")
        return response


class OwnSync(MiddlewareMixin):
    """Calls itself in its own way, under WSGI."""

    def __call__(self, request: HttpRequest) -> Any:
        TRAIL.append("OwnSync in")
        response = self.get_response(request)
        TRAIL.append("OwnSync out")
        return response


@async_only_middleware
def in_loop(get_response: Callable[..., Any]) -> Callable[..., Any]:
    """Note the thread of the loop."""

    async def middleware(request: HttpRequest) -> Any:
        TRAIL.append("in_loop in")
        color.set("red")
        response = await get_response(request)
        TRAIL.append("in_loop out")
        return response

    return middleware


@sync_only_middleware
def in_thread(get_response: Callable[..., Any]) -> Callable[..., Any]:
    """Note that it is in a thread."""

    def middleware(request: HttpRequest) -> Any:
        is_main = threading.current_thread() is threading.main_thread()
        TRAIL.append(f"in_thread in {is_main}")
        response = get_response(request)
        TRAIL.append("in_thread out")
        return response

    return middleware
