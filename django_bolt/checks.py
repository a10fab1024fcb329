"""
System checks: one small function a rule, each message with an id and a hint.

All are tagged ``django_bolt``, and ``security`` or, those of ``BoltAPI``,
``urls``. Ids are never reused.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from os import PathLike, fspath
from typing import Any, TypeAlias, cast

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.utils.module_loading import import_string

from django_bolt.api import checks as api_checks
from django_bolt.conf import conf
from django_bolt.sendfile import X_SENDFILE

Check: TypeAlias = Callable[..., list[CheckMessage]]

MIDDLEWARE = "django_bolt.middleware.BoltMiddleware"
TAGS = ("django_bolt", Tags.security)


def register_checks() -> None:
    """Register every check of the app with Django."""
    for check in (
        check_middleware_is_there,
        check_middleware_is_there_once,
        check_middleware_is_last,
        check_file_dirs_are_a_list,
        check_file_dirs_are_absolute_paths,
        check_file_dirs_exist,
        check_setting_of_the_namesake_is_not_used,
        check_ping_interval,
        check_ping_comment,
        check_stream_send_timeout,
        check_stream_release_connections,
        check_stream_django_responses,
        check_sse_max_age,
        check_sse_reconnect_spread,
        check_watch_signals,
        check_sendfile_is_a_mapping,
        check_sendfile_entries,
    ):
        register(check, *TAGS)
    for check in api_checks.CHECKS:
        register(check, "django_bolt", Tags.urls)
    register(check_file_dirs_are_set, *TAGS, deploy=True)


def check_middleware_is_there(**kwargs: Any) -> list[CheckMessage]:
    """W001: without the middleware only ``bolt_view`` converts."""
    if _places():
        return []
    return [
        Warning(
            f"{MIDDLEWARE} is not in MIDDLEWARE: what views return is not converted, "
            "and conditional and range requests are not answered.",
            hint=f'Add "{MIDDLEWARE}" as the last entry of MIDDLEWARE.',
            id="django_bolt.W001",
        )
    ]


def check_middleware_is_there_once(**kwargs: Any) -> list[CheckMessage]:
    """E001: a second one has nothing to convert, and one is at the wrong place."""
    places = _places()
    if len(places) < 2:
        return []
    return [
        Error(
            f"{MIDDLEWARE} is in MIDDLEWARE {len(places)} times, at the positions "
            f"{', '.join(map(str, places))}.",
            hint="Keep the last entry only.",
            id="django_bolt.E001",
        )
    ]


def check_middleware_is_last(**kwargs: Any) -> list[CheckMessage]:
    """W002: what is further in gets the view's value in the place of a response."""
    places = _places()
    inner = _middleware()[places[-1] + 1 :] if places else []
    if not inner:
        return []
    return [
        Warning(
            f"{MIDDLEWARE} must be the last entry of MIDDLEWARE: after it come "
            f"{', '.join(map(str, inner))}, which receive what a view returned instead "
            "of a response.",
            hint=f'Move "{MIDDLEWARE}" to the end of MIDDLEWARE.',
            id="django_bolt.W002",
        )
    ]


def check_file_dirs_are_a_list(**kwargs: Any) -> list[CheckMessage]:
    """E002: a single path is easily given in the place of a list."""
    directories = conf.allowed_file_dirs
    if directories is None or _is_list(directories):
        return []
    return [
        Error(
            "BOLT_ALLOWED_FILE_DIRS must be a list of directories or None; got "
            f"{directories!r}.",
            hint='Write [BASE_DIR / "media"], with brackets.',
            id="django_bolt.E002",
        )
    ]


def check_file_dirs_are_absolute_paths(**kwargs: Any) -> list[CheckMessage]:
    """E003: a relative path depends on where the server was started."""
    return [
        Error(
            "BOLT_ALLOWED_FILE_DIRS must hold absolute paths, each a str or a Path; "
            f"got {entry!r}.",
            hint='Build it from BASE_DIR: BASE_DIR / "media".',
            id="django_bolt.E003",
        )
        for entry in _entries()
        if not _is_absolute(entry)
    ]


def check_file_dirs_exist(**kwargs: Any) -> list[CheckMessage]:
    """W003: nothing can be read from a directory that is not there."""
    return [
        Warning(
            f"BOLT_ALLOWED_FILE_DIRS names {fspath(entry)!r}, which is no directory.",
            hint="Create the directory, or correct its name.",
            id="django_bolt.W003",
        )
        for entry in _entries()
        if _is_absolute(entry) and not os.path.isdir(entry)
    ]


def check_file_dirs_are_set(**kwargs: Any) -> list[CheckMessage]:
    """W004, for deployment: unset, a path from a client reaches any file."""
    if conf.allowed_file_dirs is not None:
        return []
    return [
        Warning(
            "BOLT_ALLOWED_FILE_DIRS is not set: File and FileResponse may read any "
            "file that the server may read.",
            hint=(
                "Set it to the directories that hold what clients may have, or to [] "
                "when no files are sent."
            ),
            id="django_bolt.W004",
        )
    ]


def check_setting_of_the_namesake_is_not_used(**kwargs: Any) -> list[CheckMessage]:
    """W005: another package reads this name; here it would guard nothing."""
    if not hasattr(settings, "BOLT_ALLOWED_FILE_PATHS"):
        return []
    return [
        Warning(
            "BOLT_ALLOWED_FILE_PATHS is not read, so it guards no file.",
            hint="Rename it to BOLT_ALLOWED_FILE_DIRS.",
            id="django_bolt.W005",
        )
    ]


def check_ping_interval(**kwargs: Any) -> list[CheckMessage]:
    """E004: seconds, or ``None`` for no pings."""
    interval: object = conf.sse_ping_interval
    if interval is None or _is_seconds(interval):
        return []
    return [
        Error(
            "BOLT_SSE_PING_INTERVAL must be a finite number of seconds above zero, or "
            f"None; got {interval!r}.",
            hint="Use 15.0, or None to send no pings.",
            id="django_bolt.E004",
        )
    ]


def check_ping_comment(**kwargs: Any) -> list[CheckMessage]:
    """E005: the text of the ping."""
    comment: object = conf.sse_ping_comment
    if isinstance(comment, str):
        return []
    return [
        Error(
            f"BOLT_SSE_PING_COMMENT must be a str; got {comment!r}.",
            hint='Use "ping". To send no pings, set BOLT_SSE_PING_INTERVAL to None.',
            id="django_bolt.E005",
        )
    ]


def check_stream_send_timeout(**kwargs: Any) -> list[CheckMessage]:
    """E020: seconds, or ``None`` for no limit."""
    timeout: object = conf.stream_send_timeout
    if timeout is None or _is_seconds(timeout):
        return []
    return [
        Error(
            "BOLT_STREAM_SEND_TIMEOUT must be a finite number of seconds above zero, "
            f"or None; got {timeout!r}.",
            hint="Use 60, or None for no limit.",
            id="django_bolt.E020",
        )
    ]


def check_stream_release_connections(**kwargs: Any) -> list[CheckMessage]:
    """E021: a text such as "False" would turn it on."""
    release = conf.stream_release_connections
    return _check_bool(
        "BOLT_STREAM_RELEASE_CONNECTIONS", release, id="django_bolt.E021"
    )


def check_stream_django_responses(**kwargs: Any) -> list[CheckMessage]:
    """E022: a text such as "False" would turn it on."""
    streams = conf.stream_django_responses
    return _check_bool("BOLT_STREAM_DJANGO_RESPONSES", streams, id="django_bolt.E022")


def check_sse_max_age(**kwargs: Any) -> list[CheckMessage]:
    """E023: seconds, or ``None`` for no end."""
    age: object = conf.sse_max_age
    if age is None or _is_seconds(age):
        return []
    return [
        Error(
            "BOLT_SSE_MAX_AGE must be a finite number of seconds above zero, or None; "
            f"got {age!r}.",
            hint="Use 600, or None for no end.",
            id="django_bolt.E023",
        )
    ]


def check_sse_reconnect_spread(**kwargs: Any) -> list[CheckMessage]:
    """E024: seconds, or ``None`` to say nothing."""
    spread: object = conf.sse_reconnect_spread
    if spread is None or _is_seconds(spread):
        return []
    return [
        Error(
            "BOLT_SSE_RECONNECT_SPREAD must be a finite number of seconds above zero, "
            f"or None; got {spread!r}.",
            hint="Use 5.0, or None to leave it to the clients.",
            id="django_bolt.E024",
        )
    ]


def check_watch_signals(**kwargs: Any) -> list[CheckMessage]:
    """E025: a text such as "False" would turn it on."""
    return _check_bool("BOLT_WATCH_SIGNALS", conf.watch_signals, id="django_bolt.E025")


def check_sendfile_is_a_mapping(**kwargs: Any) -> list[CheckMessage]:
    """E030: it says which directory is served where."""
    sendfile: object = conf.sendfile
    if sendfile is None or isinstance(sendfile, Mapping):
        return []
    return [
        Error(
            "BOLT_SENDFILE must be a mapping of directories to internal URLs, or None; "
            f"got {sendfile!r}.",
            hint='Write {BASE_DIR / "media": "/protected/"}.',
            id="django_bolt.E030",
        )
    ]


def check_sendfile_entries(**kwargs: Any) -> list[CheckMessage]:
    """E031: what is wrong here is a file that no client gets."""
    sendfile: object = conf.sendfile
    entries = sendfile.items() if isinstance(sendfile, Mapping) else ()
    return [
        Error(
            "BOLT_SENDFILE must map absolute paths to URLs that start with '/', or to "
            f"{X_SENDFILE!r}; got {directory!r}: {target!r}.",
            hint=(
                "Use the location of nginx that is internal and serves the directory; "
                f"{X_SENDFILE!r} for Apache and lighttpd."
            ),
            id="django_bolt.E031",
        )
        for directory, target in entries
        if not _is_absolute(directory)
        or not isinstance(target, str)
        or not (target == X_SENDFILE or re.fullmatch(r"/[!-~]*", target))
    ]


def _check_bool(name: str, value: object, *, id: str) -> list[CheckMessage]:
    if isinstance(value, bool):
        return []
    return [
        Error(
            f"{name} must be True or False; got {value!r}.",
            hint="What comes from the environment is text: compare it.",
            id=id,
        )
    ]


def _is_seconds(value: object) -> bool:
    return (
        isinstance(value, int | float)
        and not isinstance(value, bool)
        and 0 < value <= sys.float_info.max
    )


def _places() -> list[int]:
    """Return where the middleware, or a subclass of it, stands in MIDDLEWARE."""
    return [index for index, path in enumerate(_middleware()) if _is_bolt(path)]


def _middleware() -> list[object]:
    """Return the entries; of a MIDDLEWARE that is no list Django tells more."""
    return list(settings.MIDDLEWARE) if _is_list(settings.MIDDLEWARE) else []


def _is_bolt(path: object) -> bool:
    if not isinstance(path, str):
        return False
    try:
        middleware = import_string(path)
    except ImportError:  # Django reports it when it builds the chain.
        return False
    bolt = import_string(MIDDLEWARE)
    return isinstance(middleware, type) and issubclass(middleware, bolt)


def _is_list(value: object) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str | bytes)


def _entries() -> Iterator[Any]:
    directories = conf.allowed_file_dirs
    if directories is not None and _is_list(directories):
        yield from directories


def _is_absolute(entry: object) -> bool:
    # By its own type: the system takes no lazy object for a path.
    if not issubclass(type(entry), str | PathLike):
        return False
    path = os.fspath(cast(Any, entry))
    return isinstance(path, str) and os.path.isabs(path)
