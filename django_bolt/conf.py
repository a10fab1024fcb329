"""
Every setting of django_bolt, read from ``django.conf.settings`` at each access.

Nothing is kept: ``override_settings`` works. What a setting says is checked by
the system checks (``django_bolt.checks``), not here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from os import PathLike
from typing import Any, Generic, TypeVar, cast

from django.conf import Settings, UserSettingsHolder, global_settings, settings

T = TypeVar("T")


class Setting(Generic[T]):
    """
    A ``BOLT_*`` setting, named after the attribute that holds it.

    Args:
        default: Its value when the project does not set it.
    """

    name: str

    def __init__(self, default: T) -> None:
        self.default = default

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = f"BOLT_{name.upper()}"

    def __get__(self, instance: object, owner: type) -> T:
        # Without the method of Django's that stands before every attribute.
        known = object.__getattribute__(settings, "__dict__")
        if self.name in known:
            return cast(T, known[self.name])
        if _is_absent(self.name, known.get("_wrapped")):
            return self.default
        return cast(T, getattr(settings, self.name, self.default))


_KNOWN = object.__getattribute__(settings, "__dict__")
"""Where Django's settings keep what was read of them, until it changes."""
_UNKNOWN = object()


def read(name: str) -> Any:
    """Return a setting of Django's own, in a third of the time of an attribute."""
    value = _KNOWN.get(name, _UNKNOWN)
    return getattr(settings, name) if value is _UNKNOWN else value


def _is_absent(name: str, wrapped: object) -> bool:
    """
    Tell whether nobody has set a setting, where a look is enough to know.

    To ask Django raises an error on each of its levels, in ten times the time.
    """
    if type(wrapped) is UserSettingsHolder:  # Of settings.configure().
        below = vars(wrapped).get("default_settings")
        if below is not global_settings or name in vars(global_settings):
            return False
    elif type(wrapped) is not Settings:
        return False
    return name not in vars(wrapped)


class Conf:
    """The settings; docs/settings.md lists exactly these."""

    allowed_file_dirs = Setting[Sequence[str | PathLike[str]] | None](None)
    """
    Directories that ``File`` and ``FileResponse`` may read.

    ``None`` (or unset) allows any path, an empty list none.
    """

    sendfile = Setting[Mapping[str | PathLike[str], str] | None](None)
    """
    Directories whose files the server in front sends.

    Each maps to the internal URL of nginx that serves it, or to ``"X-Sendfile"``
    for Apache and lighttpd. ``None`` (or unset) sends every file from here: a
    server in front cannot be seen from here.
    """

    sse_ping_interval = Setting[float | None](15.0)
    """
    Seconds of silence after which an event stream sends a comment.

    ``None`` sends none. The default is what WHATWG HTML, "Server-sent events",
    authoring notes, proposes: proxies close a silent connection, the
    impatient ones after 30 seconds.
    """

    sse_ping_comment = Setting[str]("ping")
    """The text of that comment."""

    sse_max_age = Setting[float | None](None)
    """
    Seconds after which an event stream ends, and its client reconnects.

    A deployment that waits for open streams waits that long at most. ``None``
    is no limit.
    """

    sse_reconnect_spread = Setting[float | None](5.0)
    """
    Seconds over which clients come back after the server was told to stop.

    Each is told a time of its own. ``None`` leaves it to the clients: most come
    back within the same three seconds.
    """

    stream_send_timeout = Setting[float | None](None)
    """
    Seconds that the client of a stream may take nothing, under ASGI.

    ``None`` is no limit: how patient a site is with a client that has paused is
    its own decision.
    """

    stream_release_connections = Setting[bool](True)
    """Whether database connections are given back when the body of a stream starts."""

    stream_django_responses = Setting[bool](False)
    """Whether the middleware streams Django's own ``StreamingHttpResponse`` too."""

    watch_signals = Setting[bool](True)
    """
    Whether open streams end when the server is told to stop.

    ``False`` leaves the server's signal handlers alone; it then waits for its
    streams, or breaks them off.
    """


conf = Conf()
