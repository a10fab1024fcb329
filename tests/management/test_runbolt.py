"""What ``runbolt`` says and what it starts, without starting it."""

import io
import os
import socket
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.test import override_settings


def run(*arguments: str) -> dict[str, str]:
    """Return what is printed, by name."""
    out = io.StringIO()
    call_command("runbolt", *arguments, stdout=out, skip_checks=True)
    lines = (line.partition(":") for line in out.getvalue().splitlines())
    return {name: value.strip() for name, _, value in lines}


def test_runbolt_prints_what_it_would_do() -> None:
    with override_settings(ASGI_APPLICATION=None, DEBUG=False):
        told = run("--print", "--nostatic", "--processes", "2", "8001")

    assert list(told) == [
        *("Settings", "Application", "Address", "Processes", "Static files"),
        *("Stop", "Command"),
    ]
    assert told["Settings"] == os.environ["DJANGO_SETTINGS_MODULE"]
    assert told["Application"] == (
        "django_bolt.handlers.asgi.BoltASGIHandler, as ASGI_APPLICATION is not set; "
        "asgi.py is not read"
    )
    assert told["Address"] == "http://127.0.0.1:8001/"
    assert told["Processes"] == "2"
    assert "streams are told to end, requests have 10 s" in told["Stop"]
    assert told["Command"].endswith("--factory django_bolt.serving:asgi")


def test_runbolt_takes_the_projects_application() -> None:
    """Django's own refuses the protocol of start and end, so it is not used."""
    path = "tests.site.asgi.application"
    with override_settings(ASGI_APPLICATION=path, DEBUG=True):
        told = run("--print", "--reload", "--nostatic")

    assert told["Settings"].endswith(", with DEBUG: not for production")
    assert told["Application"] == f"{path} (django.core.handlers.asgi.ASGIHandler)"
    assert told["Processes"] == "1, anew when a file changes"
    assert "--interface asginl" in told["Command"]


def test_runbolt_serves_wsgi() -> None:
    with override_settings(WSGI_APPLICATION=None):
        told = run("--print", "--interface", "wsgi", "--nostatic", "--threads", "3")

    assert told["Application"] == (
        "django_bolt.handlers.wsgi.BoltWSGIHandler, as WSGI_APPLICATION is not set; "
        "wsgi.py is not read"
    )
    assert told["Processes"] == "1, with 3 threads each"
    assert "--blocking-threads 3" in told["Command"]


def test_runbolt_names_an_application_that_is_missing() -> None:
    with (
        override_settings(ASGI_APPLICATION="tests.site.asgi.missing"),
        pytest.raises(CommandError, match=r"ASGI_APPLICATION must .*asgi\.missing"),
    ):
        run("--print")


def test_runbolt_becomes_the_command_that_it_prints(
    monkeypatch: pytest.MonkeyPatch, reserved_port: int
) -> None:
    started: list[Any] = []
    monkeypatch.setattr(os, "execve", lambda *arguments: started.append(arguments))

    with override_settings(ASGI_APPLICATION=None):
        told = run("--nostatic", str(reserved_port))

    [(program, command, environment)] = started
    assert program == command[0]
    assert told["Command"].startswith("env DJANGO_SETTINGS_MODULE=")
    assert told["Command"].endswith(" " + " ".join(command))
    assert environment["PYTHONPATH"]


def test_runbolt_does_not_start_where_somebody_listens(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    started: list[Any] = []
    monkeypatch.setattr(os, "execve", lambda *arguments: started.append(arguments))

    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        pytest.raises(CommandError, match="Address already in use"),
    ):
        run("--nostatic", str(listener.getsockname()[1]))

    assert started == []
