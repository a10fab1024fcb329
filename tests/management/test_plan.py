"""From settings and options to a command line."""

import os
import re
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

import pytest
from django.core.management.base import CommandError
from django.test import override_settings

from django_bolt.management.listening import Address
from django_bolt.management.options import OPTIONS, add_options, choose_threads
from django_bolt.management.plan import (
    StaticFiles,
    choose_static_files,
    make_command,
    make_environment,
    require,
    show_command,
)

CHOICES: dict[str, Any] = {
    "interface": "asgi",
    "processes": 1,
    "threads": 8,
    "stop_timeout": 10,
    "access_log": False,
    "reload": False,
}

LOCAL = Address("http://127.0.0.1:8000/", ("127.0.0.1", 8000))
NO_STATIC = StaticFiles("none")


def test_server_that_is_missing_is_named_with_the_way_to_get_it() -> None:
    require("json")

    with pytest.raises(CommandError, match=r"needs no_such_server, .*\[server\]|extra"):
        require("json", "no_such_server")


@pytest.mark.parametrize("text", ["0", "-1", "many", "²"])
def test_number_that_is_not_above_zero_is_refused(
    text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    parser = ArgumentParser()
    add_options(parser)

    with pytest.raises(SystemExit):
        parser.parse_args([f"--processes={text}"])

    assert capsys.readouterr().err.endswith(
        f"argument --processes: must be a whole number above zero; got {text!r}.\n"
    )


def test_time_to_stop_that_the_server_does_not_know_is_refused(
    capsys: pytest.CaptureFixture[str],
) -> None:
    parser = ArgumentParser()
    add_options(parser)

    longest = parser.parse_args(["--stop-timeout=1800"])
    with pytest.raises(SystemExit):
        parser.parse_args(["--stop-timeout=1801"])

    assert longest.stop_timeout == 1800
    assert capsys.readouterr().err.endswith(
        "argument --stop-timeout: must be at most 1800 seconds; got 1801.\n"
    )


def test_threads_are_chosen_for_wsgi() -> None:
    assert choose_threads("wsgi", 3) == 3
    assert choose_threads("wsgi", None) == 8


def test_threads_that_would_change_nothing_are_refused() -> None:
    """Under ASGI the number would be left aside without a word."""
    assert choose_threads("asgi", None)

    with pytest.raises(CommandError, match=r"must go with .* wsgi; got 3 with asgi"):
        choose_threads("asgi", 3)


def test_every_option_explains_itself() -> None:
    assert all(details["help"].endswith(".") for details in OPTIONS.values())
    assert callable(add_options)


# --- Static files ---------------------------------------------------------------


@pytest.fixture
def collected(tmp_path: Path) -> Any:
    return override_settings(
        INSTALLED_APPS=["django.contrib.staticfiles"],
        MIDDLEWARE=[],
        STATIC_URL="/static/",
        STATIC_ROOT=tmp_path,
        DEBUG=False,
    )


def test_collected_static_files_are_mounted(collected: Any, tmp_path: Path) -> None:
    with collected:
        static = choose_static_files(nostatic=False)

    assert static.shown == f"/static/ from {tmp_path}"
    assert static.mount == ("/static", tmp_path)
    assert not static.in_application


def test_static_files_are_found_where_they_lie_with_debug(collected: Any) -> None:
    with collected, override_settings(DEBUG=True):
        static = choose_static_files(nostatic=False)

    assert static.shown == "/static/ from where they lie, for DEBUG"
    assert static.in_application
    assert static.mount is None


@pytest.mark.parametrize(
    ("changed", "shown"),
    [
        pytest.param(
            {"INSTALLED_APPS": []},
            "none: django.contrib.staticfiles is not installed",
            id="not installed",
        ),
        pytest.param(
            {"STATIC_URL": "https://cdn.example/static/"},
            "left to 'https://cdn.example/static/', which is no path of this server",
            id="elsewhere",
        ),
        pytest.param(
            {"STATIC_URL": "/"},
            "left to '/', which is no path of this server",
            id="would hide the site",
        ),
        pytest.param(
            {"MIDDLEWARE": ["whitenoise.middleware.WhiteNoiseMiddleware"]},
            "left to WhiteNoise, which is in MIDDLEWARE",
            id="WhiteNoise",
        ),
        pytest.param(
            {"STATIC_ROOT": None},
            "none: STATIC_ROOT must be a directory that collectstatic has filled; it "
            "is ''",
            id="no root",
        ),
        pytest.param(
            {"STATIC_ROOT": "/no/such/directory"},
            "none: STATIC_ROOT must be a directory that collectstatic has filled; it "
            "is '/no/such/directory'",
            id="not collected",
        ),
    ],
)
def test_static_files_of_somebody_else_are_left_alone(
    collected: Any, changed: dict[str, Any], shown: str
) -> None:
    with collected, override_settings(**changed):
        static = choose_static_files(nostatic=False)

    assert static == StaticFiles(shown)


def test_static_files_are_left_alone_when_told_so(collected: Any) -> None:
    with collected:
        static = choose_static_files(nostatic=True)

    assert static == StaticFiles("left to somebody else, by --nostatic")


# --- The command line -------------------------------------------------------------


def test_command_for_asgi_runs_granian_with_this_python() -> None:
    command = make_command("asgi", LOCAL, NO_STATIC, CHOICES)

    assert command == [
        *(sys.executable, "-m", "granian", "--host", "127.0.0.1", "--port", "8000"),
        *("--interface", "asgi", "--workers", "1", "--workers-kill-timeout", "10"),
        *("--respawn-failed-workers", "--factory", "django_bolt.serving:asgi"),
    ]


def test_command_for_wsgi_has_threads_and_no_websockets() -> None:
    options = CHOICES | {"interface": "wsgi", "processes": 2, "threads": 4}

    command = make_command("wsgi", LOCAL, NO_STATIC, options)

    assert command[7:] == [
        *("--interface", "wsgi", "--workers", "2", "--blocking-threads", "4"),
        *("--no-ws", "--workers-kill-timeout", "10"),
        *("--respawn-failed-workers", "--factory", "django_bolt.serving:wsgi"),
    ]


def test_command_mounts_static_files(tmp_path: Path) -> None:
    static = StaticFiles("shown", mount=("/static", tmp_path))

    command = make_command("asgi", LOCAL, static, CHOICES)

    mount = ["--static-path-route", "/static", "--static-path-mount", str(tmp_path)]
    assert command[13:17] == mount


def test_command_takes_static_files_from_the_application() -> None:
    static = StaticFiles("shown", in_application=True)

    command = make_command("asginl", LOCAL, static, CHOICES)

    assert command[-1] == "django_bolt.serving:asgi_with_static_files"


def test_command_hands_flags_on() -> None:
    options = CHOICES | {"access_log": True, "reload": True}

    command = make_command("asgi", LOCAL, NO_STATIC, options)

    assert {"--access-log", "--reload"} < set(command)


@pytest.mark.parametrize(
    ("name", "restarts"),
    [
        ("views.py", True),
        ("page.html", True),
        ("database.py", True),
        ("db", True),
        ("db.sqlite3", False),
        ("db.sqlite3-journal", False),
        ("site.sqlite-wal", False),
        ("site.db-shm", False),
        ("site.log", False),
        ("site.log.1", False),
    ],
)
def test_what_a_running_site_writes_does_not_restart_it(
    name: str, restarts: bool
) -> None:
    command = make_command("asgi", LOCAL, NO_STATIC, CHOICES | {"reload": True})

    pattern = command[command.index("--reload-ignore-patterns") + 1]
    assert (re.search(pattern, name) is None) == restarts


def test_environment_lets_the_server_import_what_the_command_does(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "path", ["/project", "/elsewhere"])
    monkeypatch.setenv("PYTHONPATH", "/before")
    monkeypatch.setenv("LANG", "C.UTF-8")

    environment = make_environment("/given")

    assert environment["PYTHONPATH"] == os.pathsep.join(
        ["/given", "/project", "/before"]
    )
    assert environment["LANG"] == "C.UTF-8"


def test_environment_of_python_m_names_the_current_directory(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(sys, "path", [""])
    monkeypatch.delenv("PYTHONPATH", raising=False)
    monkeypatch.chdir(tmp_path)

    assert make_environment(None)["PYTHONPATH"] == str(tmp_path)


def test_command_is_shown_with_what_it_needs_around_it() -> None:
    environment = {
        "LANG": "C.UTF-8",
        "PYTHONPATH": "/my project",
        "DJANGO_SETTINGS_MODULE": "site.settings",
    }

    shown = show_command(["/bin/python", "-m", "granian"], environment)

    assert shown == (
        "env DJANGO_SETTINGS_MODULE=site.settings 'PYTHONPATH=/my project' "
        "/bin/python -m granian"
    )


def test_command_is_shown_without_settings_that_the_environment_does_not_name() -> None:
    assert show_command(["python"], {}) == "env python"
