"""Settings are read at each access."""

from pathlib import Path
from types import SimpleNamespace

import pytest
from django.conf import LazySettings, global_settings, settings
from django.test import override_settings

from django_bolt import conf as module
from django_bolt.conf import conf


@pytest.mark.parametrize(
    ("attribute", "default"),
    [
        pytest.param("allowed_file_dirs", None, id="BOLT_ALLOWED_FILE_DIRS"),
        pytest.param("sse_ping_interval", 15.0, id="BOLT_SSE_PING_INTERVAL"),
        pytest.param("sse_ping_comment", "ping", id="BOLT_SSE_PING_COMMENT"),
        pytest.param("sse_max_age", None, id="BOLT_SSE_MAX_AGE"),
        pytest.param("sse_reconnect_spread", 5.0, id="BOLT_SSE_RECONNECT_SPREAD"),
        pytest.param("watch_signals", True, id="BOLT_WATCH_SIGNALS"),
        pytest.param("stream_send_timeout", None, id="BOLT_STREAM_SEND_TIMEOUT"),
        pytest.param(
            "stream_release_connections", True, id="BOLT_STREAM_RELEASE_CONNECTIONS"
        ),
        pytest.param(
            "stream_django_responses", False, id="BOLT_STREAM_DJANGO_RESPONSES"
        ),
    ],
)
def test_setting_that_is_not_set_has_its_default(
    attribute: str, default: object
) -> None:
    with override_settings():
        if hasattr(settings, f"BOLT_{attribute.upper()}"):
            delattr(settings, f"BOLT_{attribute.upper()}")

        assert getattr(conf, attribute) == default


def test_setting_is_never_kept() -> None:
    with override_settings(BOLT_SSE_PING_INTERVAL=1.0):
        assert conf.sse_ping_interval == 1.0
    with override_settings(BOLT_SSE_PING_INTERVAL=None):
        assert conf.sse_ping_interval is None


def test_setting_is_read_as_the_project_wrote_it() -> None:
    with override_settings(BOLT_ALLOWED_FILE_DIRS=[Path("/srv"), "/var"]):
        assert conf.allowed_file_dirs == [Path("/srv"), "/var"]


@pytest.fixture
def configured(monkeypatch: pytest.MonkeyPatch) -> LazySettings:
    """Return settings of a project that has called ``settings.configure()``."""
    settings = LazySettings()
    settings.configure()
    monkeypatch.setattr(module, "settings", settings)
    return settings


def test_setting_that_configure_was_not_given_has_its_default(
    configured: LazySettings,
) -> None:
    assert conf.sse_ping_comment == "ping"


def test_setting_that_is_set_and_removed_later_is_seen(
    configured: LazySettings,
) -> None:
    seen = []

    for comment in ("one", "two"):
        configured.BOLT_SSE_PING_COMMENT = comment
        seen += [conf.sse_ping_comment, conf.sse_ping_comment]
    delattr(configured, "BOLT_SSE_PING_COMMENT")
    seen.append(conf.sse_ping_comment)

    assert seen == ["one", "one", "two", "two", "ping"]


def test_setting_of_a_projects_own_defaults_is_seen(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings = LazySettings()
    settings.configure(SimpleNamespace(BOLT_SSE_PING_COMMENT="own"))
    monkeypatch.setattr(module, "settings", settings)

    assert conf.sse_ping_comment == "own"


def test_setting_among_djangos_own_is_seen(
    configured: LazySettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(global_settings, "BOLT_SSE_PING_COMMENT", "own", raising=False)

    assert conf.sse_ping_comment == "own"


def test_settings_that_nobody_has_asked_yet_are_loaded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings = LazySettings()
    monkeypatch.setattr(module, "settings", settings)

    assert conf.sse_ping_comment == "ping"
    assert settings.configured


def test_setting_of_djangos_is_read_as_it_is_at_the_moment() -> None:
    with override_settings(FORCE_SCRIPT_NAME="/below"):
        assert [module.read("FORCE_SCRIPT_NAME") for _ in range(2)] == ["/below"] * 2
        settings.FORCE_SCRIPT_NAME = "/set"
        assert module.read("FORCE_SCRIPT_NAME") == "/set"
    assert module.read("FORCE_SCRIPT_NAME") is None


def test_setting_of_djangos_that_is_unknown_raises_as_with_django() -> None:
    with pytest.raises(AttributeError, match="NO_SUCH_SETTING"):
        module.read("NO_SUCH_SETTING")
