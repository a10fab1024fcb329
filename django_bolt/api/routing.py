"""BoltAPI: decorators that add URL patterns to a list."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import TypeVar

from django.urls import URLPattern
from django.urls.resolvers import RoutePattern

from django_bolt.api.dispatch import Views, make_views
from django_bolt.api.endpoints import Endpoint
from django_bolt.api.results import Options
from django_bolt.conversion import ResponseClass
from django_bolt.types import Headers, View

F = TypeVar("F", bound=Callable[..., object])


class Route:
    """
    One path and its handlers.

    Args:
        endpoint: The first of them.
        earlier: Paths of the same text, whose handlers annotate its parameters
            otherwise. Django asks them first.
    """

    def __init__(self, endpoint: Endpoint, earlier: Sequence[Route] = ()) -> None:
        self.path = endpoint.signature.path
        self.text = endpoint.template.removeprefix("/")
        self.earlier = earlier
        self.endpoints: dict[str, Endpoint] = {}
        self.patterns: list[RoutedPattern] = []

    def add(self, endpoint: Endpoint) -> None:
        """
        Take a handler in.

        Raises:
            ValueError: The path names its parameters otherwise, or has a
                handler for the method.
        """
        first = next(iter(self.endpoints.values()), endpoint)
        if endpoint.signature.path.names != self.path.names:
            raise ValueError(
                f"The path {endpoint.template!r} of the handler {endpoint.name} must "
                f"name its parameters as {first.template!r} of {first.name} does: "
                "both match the same URLs."
            )
        other = self.endpoints.setdefault(endpoint.method, endpoint)
        if other is not endpoint:
            raise ValueError(
                f"The path {endpoint.template!r} has a handler for {endpoint.method} "
                f"already: got {endpoint.name} after {other.name}."
            )
        for pattern in self.patterns:
            pattern.forget_views()


class RoutedPattern(URLPattern):
    """
    A URL pattern of Django's whose view is made when it is first asked for.

    All methods of the path are known then, and decorators over ``@api.get``.

    Args:
        route: The path and its handlers.
        endpoint: The handler whose name, module and docstring the view has.
        name: What ``reverse()`` finds the pattern by.
    """

    def __init__(self, route: Route, endpoint: Endpoint, name: str | None) -> None:
        self.route = route
        self.endpoint = endpoint
        self._views: Views | None = None
        super().__init__(
            RoutePattern(route.path.route, name=name, is_endpoint=True),
            endpoint.function,
            name=name,
        )

    @property
    def callback(self) -> View:
        """The view of the path, for the world that asks."""
        if self._views is None:
            self._views = make_views(self.route.endpoints, self.endpoint)
        return self._views.pick()

    @callback.setter
    def callback(self, view: View) -> None:
        """Ignore what Django's constructor sets."""

    def forget_views(self) -> None:
        """Make the views anew when they are asked for again."""
        self._views = None


class _Decorator:
    """What ``api.get(...)`` returns."""

    def __init__(
        self, api: BoltAPI, method: str, path: str, options: Options, name: str | None
    ) -> None:
        self.api = api
        self.method = method
        self.path = path
        self.options = options
        self.name = name

    def __call__(self, handler: F, /) -> F:
        endpoint = Endpoint(
            self.method, self.path, handler, self.options, sys._getframe(1)
        )
        self.api.add(endpoint, self.name or getattr(handler, "__name__", None))
        return handler


class BoltAPI:
    """
    A group of handlers, and their URL patterns.

    Usage::

        api = BoltAPI()

        @api.get("/items/{item_id}")
        def item(item_id: int) -> Item:
            return Item.objects.get(pk=item_id)

        urlpatterns = [path("api/", include(api.urls))]

    Every decorator takes the same arguments, and returns the handler as it is.

    Args:
        path: The path below the prefix of ``include()``, with or without a
            leading slash. ``{name}`` is a parameter that is converted as the
            handler annotates it: ``int``, ``str`` (the default), ``uuid.UUID``,
            or ``pathlib.PurePath`` for the rest of the path.
            ``<converter:name>`` is Django's own form. ``{{`` is a brace.
        response_class: Called with what the handler returned, and with
            ``status_code`` and ``headers`` by name; by default it is chosen by
            the type of what was returned, as the middleware does.
        status_code: HTTP status code of the response that is made. With 204, a
            handler returns ``None``.
        headers: Header fields of the response that is made.
        response_model: What the value is converted to before it is encoded, so
            that only its fields go out; of a stream, what each item is. By
            default the return annotation, when it is a Struct, a dataclass, a
            TypedDict or a list or union of these.
        name: The name for ``reverse()``, by default the function's.

    Raises:
        TypeError: The handler and the path disagree, or an argument has the
            wrong type.
        ValueError: The path is malformed, or has a handler for the method.
        ImproperlyConfigured: Django refuses the path: its converter is unknown,
            for one.
        BadHeaderError: A header would break the message.
    """

    def __init__(self) -> None:
        self._routes: dict[str, Route] = {}
        self._urls: list[URLPattern] = []

    @property
    def urls(self) -> list[URLPattern]:
        """The URL patterns, for ``include()``; handlers added later join them."""
        return self._urls

    def add(self, endpoint: Endpoint, name: str | None) -> None:
        """Add a handler to its path, and a pattern if it brings a new name."""
        shape = endpoint.signature.path.shape
        route = self._routes.get(shape)
        if route is None:
            text = endpoint.template.removeprefix("/")
            route = Route(
                endpoint, [each for each in self._routes.values() if each.text == text]
            )
        route.add(endpoint)
        self._routes[shape] = route
        if name not in [pattern.name for pattern in route.patterns]:
            pattern = RoutedPattern(route, endpoint, name)
            route.patterns.append(pattern)
            self._urls.append(pattern)

    def get(
        self,
        path: str,
        *,
        response_class: ResponseClass | None = None,
        status_code: int = 200,
        headers: Headers | None = None,
        response_model: object = None,
        name: str | None = None,
    ) -> _Decorator:
        """Register a handler for GET; it serves HEAD, too."""
        options = Options(response_class, status_code, headers, response_model)
        return _Decorator(self, "GET", path, options, name)

    def post(
        self,
        path: str,
        *,
        response_class: ResponseClass | None = None,
        status_code: int = 200,
        headers: Headers | None = None,
        response_model: object = None,
        name: str | None = None,
    ) -> _Decorator:
        """Register a handler for POST."""
        options = Options(response_class, status_code, headers, response_model)
        return _Decorator(self, "POST", path, options, name)

    def put(
        self,
        path: str,
        *,
        response_class: ResponseClass | None = None,
        status_code: int = 200,
        headers: Headers | None = None,
        response_model: object = None,
        name: str | None = None,
    ) -> _Decorator:
        """Register a handler for PUT."""
        options = Options(response_class, status_code, headers, response_model)
        return _Decorator(self, "PUT", path, options, name)

    def patch(
        self,
        path: str,
        *,
        response_class: ResponseClass | None = None,
        status_code: int = 200,
        headers: Headers | None = None,
        response_model: object = None,
        name: str | None = None,
    ) -> _Decorator:
        """Register a handler for PATCH."""
        options = Options(response_class, status_code, headers, response_model)
        return _Decorator(self, "PATCH", path, options, name)

    def delete(
        self,
        path: str,
        *,
        response_class: ResponseClass | None = None,
        status_code: int = 200,
        headers: Headers | None = None,
        response_model: object = None,
        name: str | None = None,
    ) -> _Decorator:
        """Register a handler for DELETE."""
        options = Options(response_class, status_code, headers, response_model)
        return _Decorator(self, "DELETE", path, options, name)

    def head(
        self,
        path: str,
        *,
        response_class: ResponseClass | None = None,
        status_code: int = 200,
        headers: Headers | None = None,
        response_model: object = None,
        name: str | None = None,
    ) -> _Decorator:
        """Register a handler for HEAD, in the place of the one for GET."""
        options = Options(response_class, status_code, headers, response_model)
        return _Decorator(self, "HEAD", path, options, name)

    def options(
        self,
        path: str,
        *,
        response_class: ResponseClass | None = None,
        status_code: int = 200,
        headers: Headers | None = None,
        response_model: object = None,
        name: str | None = None,
    ) -> _Decorator:
        """Register a handler for OPTIONS, in the place of the answer with ``Allow``."""
        options = Options(response_class, status_code, headers, response_model)
        return _Decorator(self, "OPTIONS", path, options, name)
