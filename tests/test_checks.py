"""System checks: one bad value a test, each with its id and a hint."""

from pathlib import Path
from typing import Any

import pytest
from django.core.checks import CheckMessage, Tags, registry, run_checks
from django.test import override_settings
from django.utils.functional import SimpleLazyObject

from django_bolt.middleware import BoltMiddleware

BOLT = "django_bolt.middleware.BoltMiddleware"
COMMON = "django.middleware.common.CommonMiddleware"


class Subclass(BoltMiddleware):
    """A project's own version of the middleware."""


class BytesPath:
    """A path whose text is bytes."""

    def __fspath__(self) -> bytes:
        return b"/srv"


def messages(tag: str = "django_bolt", deploy: bool = False) -> list[CheckMessage]:
    """Return what the checks of the app say."""
    return [
        message
        for message in run_checks(tags=[tag], include_deployment_checks=deploy)
        if str(message.id).startswith("django_bolt.")
    ]


def ids(deploy: bool = False) -> list[str]:
    """Return the ids of what the checks of the app say, sorted."""
    # Django keeps checks in a set: their order is that of addresses.
    return sorted(message.id or "" for message in messages(deploy=deploy))


@pytest.fixture(autouse=True)
def right_settings(tmp_path: Path) -> Any:
    """Settings that no check complains about."""
    with override_settings(MIDDLEWARE=[BOLT], BOLT_ALLOWED_FILE_DIRS=[tmp_path]):
        yield


def test_checks_are_silent_on_right_settings() -> None:
    assert messages(deploy=True) == []


def test_checks_are_silent_on_a_right_sendfile(tmp_path: Path) -> None:
    right = {tmp_path: "/protected/", str(tmp_path / "inner"): "X-Sendfile"}

    with override_settings(BOLT_SENDFILE=right):
        assert messages() == []


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        pytest.param({"MIDDLEWARE": []}, "W001", id="no middleware"),
        pytest.param({"MIDDLEWARE": [COMMON]}, "W001", id="middleware missing"),
        pytest.param({"MIDDLEWARE": [BOLT, BOLT]}, "E001", id="middleware twice"),
        pytest.param(
            {"MIDDLEWARE": [BOLT, f"{__name__}.Subclass"]}, "E001", id="and a subclass"
        ),
        pytest.param({"MIDDLEWARE": [BOLT, COMMON]}, "W002", id="middleware not last"),
        pytest.param({"BOLT_ALLOWED_FILE_DIRS": "/srv"}, "E002", id="str of dirs"),
        pytest.param({"BOLT_ALLOWED_FILE_DIRS": Path("/srv")}, "E002", id="one path"),
        pytest.param({"BOLT_ALLOWED_FILE_DIRS": b"/srv"}, "E002", id="bytes"),
        pytest.param({"BOLT_ALLOWED_FILE_DIRS": 5}, "E002", id="number"),
        pytest.param({"BOLT_SENDFILE": "/protected/"}, "E030", id="sendfile str"),
        pytest.param({"BOLT_SENDFILE": {"media": "/p/"}}, "E031", id="relative dir"),
        pytest.param({"BOLT_SENDFILE": {"/srv": "p/"}}, "E031", id="relative URL"),
        pytest.param({"BOLT_SENDFILE": {"/srv": "/a b"}}, "E031", id="URL not quoted"),
        pytest.param({"BOLT_SENDFILE": {"/srv": None}}, "E031", id="no URL"),
        pytest.param({"BOLT_SENDFILE": {5: "/p/"}}, "E031", id="no directory"),
        pytest.param({"BOLT_ALLOWED_FILE_DIRS": ["media"]}, "E003", id="relative str"),
        pytest.param(
            {"BOLT_ALLOWED_FILE_DIRS": [Path("a")]}, "E003", id="relative path"
        ),
        pytest.param({"BOLT_ALLOWED_FILE_DIRS": [b"/srv"]}, "E003", id="bytes path"),
        pytest.param({"BOLT_ALLOWED_FILE_DIRS": [None]}, "E003", id="None in the list"),
        pytest.param(
            {"BOLT_ALLOWED_FILE_DIRS": [SimpleLazyObject(lambda: Path("/"))]},
            "E003",
            id="lazy path",
        ),
        pytest.param(
            {"BOLT_ALLOWED_FILE_DIRS": [BytesPath()]}, "E003", id="path of bytes"
        ),
        pytest.param(
            {"BOLT_ALLOWED_FILE_DIRS": ["/no/such"]}, "W003", id="missing dir"
        ),
        pytest.param({"BOLT_ALLOWED_FILE_DIRS": [__file__]}, "W003", id="a file"),
        pytest.param(
            {"BOLT_ALLOWED_FILE_DIRS": ["/" + "a" * 300]},
            "W003",
            id="dir that the system refuses to look at",
        ),
        pytest.param(
            {"BOLT_ALLOWED_FILE_PATHS": []}, "W005", id="name of the namesake"
        ),
        pytest.param({"BOLT_ALLOWED_FILE_DIR": []}, "W006", id="letter left out"),
        pytest.param({"BOLT_ALLOWED_DIRS": []}, "W006", id="word left out"),
        pytest.param({"BOLT_PING_INTERVAL": 5}, "W006", id="prefix left out"),
        pytest.param({"BOLT_SSE_PING_INTERVAL": 0}, "E004", id="ping of zero"),
        pytest.param({"BOLT_SSE_PING_INTERVAL": -1.5}, "E004", id="negative ping"),
        pytest.param({"BOLT_SSE_PING_INTERVAL": float("nan")}, "E004", id="NaN"),
        pytest.param({"BOLT_SSE_PING_INTERVAL": float("inf")}, "E004", id="infinity"),
        pytest.param({"BOLT_SSE_PING_INTERVAL": 10**400}, "E004", id="beyond floats"),
        pytest.param({"MIDDLEWARE": None}, "W001", id="no list of middleware"),
        pytest.param({"MIDDLEWARE": {BOLT}}, "W001", id="set of middleware"),
        pytest.param({"MIDDLEWARE": (BOLT, COMMON)}, "W002", id="not last in a tuple"),
        pytest.param({"MIDDLEWARE": [BOLT, None]}, "W002", id="followed by None"),
        pytest.param({"BOLT_SSE_PING_INTERVAL": True}, "E004", id="bool"),
        pytest.param({"BOLT_SSE_PING_INTERVAL": "15"}, "E004", id="text"),
        pytest.param(
            {"BOLT_SSE_PING_INTERVAL": SimpleLazyObject(lambda: 15.0)},
            "E004",
            id="lazy number",
        ),
        pytest.param({"BOLT_SSE_PING_COMMENT": None}, "E005", id="no comment"),
        pytest.param({"BOLT_SSE_PING_COMMENT": b"ping"}, "E005", id="bytes comment"),
        pytest.param({"BOLT_SSE_PING_COMMENT": "\ud800"}, "E005", id="lone surrogate"),
        pytest.param({"BOLT_SSE_MAX_AGE": -1}, "E023", id="age below zero"),
        pytest.param({"BOLT_SSE_RECONNECT_SPREAD": True}, "E024", id="spread of bool"),
        pytest.param({"BOLT_WATCH_SIGNALS": "False"}, "E025", id="signals by text"),
        pytest.param({"BOLT_STREAM_SEND_TIMEOUT": 0}, "E020", id="timeout of zero"),
        pytest.param({"BOLT_STREAM_SEND_TIMEOUT": "60"}, "E020", id="timeout of text"),
        pytest.param(
            {"BOLT_STREAM_RELEASE_CONNECTIONS": "False"}, "E021", id="release of text"
        ),
        pytest.param(
            {"BOLT_STREAM_DJANGO_RESPONSES": 1}, "E022", id="Django's streams by number"
        ),
    ],
)
def test_check_names_the_mistake_with_a_hint(
    settings: dict[str, Any], expected: str
) -> None:
    with override_settings(**settings):
        [message] = messages()

    assert message.id == f"django_bolt.{expected}"
    assert message.hint
    assert str(message.msg).endswith(".")
    is_error = expected.startswith("E")
    assert message.is_serious() is is_error


@pytest.mark.parametrize(
    "settings",
    [
        pytest.param({"MIDDLEWARE": [COMMON, BOLT]}, id="last of two"),
        pytest.param({"MIDDLEWARE": [f"{__name__}.Subclass"]}, id="subclass"),
        pytest.param({"BOLT_ALLOWED_FILE_DIRS": []}, id="no directory allowed"),
        pytest.param({"BOLT_ALLOWED_FILE_DIRS": ("/",)}, id="tuple"),
        pytest.param({"BOLT_SSE_PING_INTERVAL": None}, id="no pings"),
        pytest.param({"BOLT_SSE_PING_INTERVAL": 30}, id="whole seconds"),
        pytest.param({"BOLT_SSE_PING_COMMENT": ""}, id="empty comment"),
        pytest.param({"BOLT_STREAM_SEND_TIMEOUT": 0.5}, id="send timeout"),
        pytest.param({"BOLT_STREAM_SEND_TIMEOUT": None}, id="no send timeout"),
        pytest.param({"BOLT_SSE_MAX_AGE": 600}, id="age"),
        pytest.param({"BOLT_SSE_RECONNECT_SPREAD": None}, id="no spread"),
        pytest.param({"BOLT_WATCH_SIGNALS": False}, id="no signals"),
        pytest.param({"BOLT_STREAM_DJANGO_RESPONSES": True}, id="Django's streams"),
        pytest.param({"BOLT_SERVICE_URL": "/"}, id="setting of another package"),
        pytest.param({"bolt_watch_signals": "x"}, id="no name of a setting"),
    ],
)
def test_check_is_silent_on_a_right_value(settings: dict[str, Any]) -> None:
    with override_settings(**settings):
        assert messages(deploy=True) == []


@pytest.mark.parametrize("directories", [None])
def test_unset_file_dirs_are_warned_of_for_deployment_only(directories: None) -> None:
    with override_settings(BOLT_ALLOWED_FILE_DIRS=directories):
        assert ids() == []
        assert ids(deploy=True) == ["django_bolt.W004"]


def test_check_of_a_middleware_that_cannot_be_imported_is_left_to_django() -> None:
    with override_settings(MIDDLEWARE=["no.such.Middleware", BOLT]):
        assert ids() == []


def test_check_names_what_stands_behind_the_middleware() -> None:
    with override_settings(MIDDLEWARE=[BOLT, COMMON]):
        [message] = messages()

    assert COMMON in str(message.msg)


def test_check_names_what_a_misspelt_setting_means() -> None:
    with override_settings(BOLT_ALLOWED_FILE_DIR=["/srv"]):
        [message] = messages()

    assert str(message.msg) == "BOLT_ALLOWED_FILE_DIR is not read."
    assert "BOLT_ALLOWED_FILE_DIRS" in str(message.hint)


def test_each_mistake_in_a_list_is_named() -> None:
    with override_settings(BOLT_ALLOWED_FILE_DIRS=["a", "/no/such", "b"]):
        assert ids() == ["django_bolt.E003", "django_bolt.E003", "django_bolt.W003"]


def test_checks_are_found_by_the_security_tag() -> None:
    """``manage.py check -t security``."""
    with override_settings(BOLT_ALLOWED_FILE_PATHS=["/srv"]):
        found = messages(tag=Tags.security)

    assert [message.id for message in found] == ["django_bolt.W005"]


def test_checks_of_the_app_are_registered_once() -> None:
    registered = [
        check
        for check in registry.registry.get_checks(include_deployment_checks=True)
        if check.__module__.startswith("django_bolt.checks.")
    ]

    assert len(registered) == len(set(registered)) == 19
