"""Checks of the settings of streams and of server-sent events."""

from __future__ import annotations

from typing import Any, cast

from django.core.checks import CheckMessage, Error

from django_bolt.conf import conf
from django_bolt.responses.head import is_duration


def check_ping_interval(**kwargs: Any) -> list[CheckMessage]:
    """E004: seconds, or ``None`` for no pings."""
    hint = "Use 15.0, or None to send no pings."
    return _check_seconds(
        "BOLT_SSE_PING_INTERVAL", conf.sse_ping_interval, hint, id="django_bolt.E004"
    )


def check_ping_comment(**kwargs: Any) -> list[CheckMessage]:
    """E005: the text of the ping, which UTF-8 must be able to encode."""
    comment: object = conf.sse_ping_comment
    if isinstance(comment, str) and not any("\ud800" <= c <= "\udfff" for c in comment):
        return []
    return [
        Error(
            "BOLT_SSE_PING_COMMENT must be a str, without lone surrogates; got "
            f"{comment!r}.",
            hint='Use "ping". To send no pings, set BOLT_SSE_PING_INTERVAL to None.',
            id="django_bolt.E005",
        )
    ]


def check_stream_send_timeout(**kwargs: Any) -> list[CheckMessage]:
    """E020: seconds, or ``None`` for no limit."""
    hint = "Use 60, or None for no limit."
    return _check_seconds(
        "BOLT_STREAM_SEND_TIMEOUT",
        conf.stream_send_timeout,
        hint,
        id="django_bolt.E020",
    )


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
    hint = "Use 600, or None for no end."
    return _check_seconds(
        "BOLT_SSE_MAX_AGE", conf.sse_max_age, hint, id="django_bolt.E023"
    )


def check_sse_reconnect_spread(**kwargs: Any) -> list[CheckMessage]:
    """E024: seconds, or ``None`` to say nothing."""
    hint = "Use 5.0, or None to leave it to the clients."
    return _check_seconds(
        "BOLT_SSE_RECONNECT_SPREAD",
        conf.sse_reconnect_spread,
        hint,
        id="django_bolt.E024",
    )


def check_watch_signals(**kwargs: Any) -> list[CheckMessage]:
    """E025: a text such as "False" would turn it on."""
    return _check_bool("BOLT_WATCH_SIGNALS", conf.watch_signals, id="django_bolt.E025")


CHECKS = (
    check_ping_interval,
    check_ping_comment,
    check_stream_send_timeout,
    check_stream_release_connections,
    check_stream_django_responses,
    check_sse_max_age,
    check_sse_reconnect_spread,
    check_watch_signals,
)


def _check_seconds(
    name: str, value: object, hint: str, *, id: str
) -> list[CheckMessage]:
    # By its own type: a lazy object is no number where the setting is used.
    is_number = issubclass(type(value), int | float) and not isinstance(value, bool)
    if value is None or (is_number and is_duration(cast(float, value))):
        return []
    return [
        Error(
            f"{name} must be a finite number of seconds above zero, or None; got "
            f"{value!r}.",
            hint=hint,
            id=id,
        )
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
