"""What a process of ``runbolt`` serves."""

import gc
import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.staticfiles.handlers import (
    ASGIStaticFilesHandler,
    StaticFilesHandler,
)
from django.test import override_settings

from django_bolt import serving
from django_bolt.handlers.asgi import BoltASGIHandler
from django_bolt.handlers.wsgi import BoltWSGIHandler
from django_bolt.shutdown import Closing
from tests.site import asgi, wsgi


@pytest.fixture(autouse=True)
def closing(monkeypatch: pytest.MonkeyPatch) -> Iterator[Closing]:
    """Return what is told of the end; undo what is meant for a process that serves."""
    wakeup = signal.set_wakeup_fd(-1)
    closing = Closing()
    monkeypatch.setattr(serving, "closing", closing)
    yield closing
    # Ends the thread that watches.
    descriptor = signal.set_wakeup_fd(wakeup)
    if descriptor != -1:
        os.write(descriptor, bytes([signal.SIGTERM]))
        assert closing.wait(timeout=20)
    gc.unfreeze()


@pytest.mark.parametrize(
    ("setting", "path", "application"),
    [
        ("ASGI_APPLICATION", "tests.site.asgi.application", asgi.application),
        ("WSGI_APPLICATION", "tests.site.wsgi.application", wsgi.application),
    ],
)
def test_application_is_the_one_of_the_settings(
    setting: str, path: str, application: Any
) -> None:
    with override_settings(**{setting: path}):
        assert serving.load_application(setting[:4].lower()) is application


@pytest.mark.parametrize(
    ("name", "kind", "inner"),
    [
        ("asgi", BoltASGIHandler, None),
        ("wsgi", BoltWSGIHandler, None),
        ("asgi_with_static_files", ASGIStaticFilesHandler, BoltASGIHandler),
        ("wsgi_with_static_files", StaticFilesHandler, BoltWSGIHandler),
    ],
)
def test_application_is_ours_without_a_setting(
    name: str, kind: type, inner: type | None
) -> None:
    frozen = gc.get_freeze_count()

    with override_settings(
        ASGI_APPLICATION=None, WSGI_APPLICATION=None, STATIC_URL="/static/"
    ):
        application = getattr(serving, name)()

    assert type(application) is kind
    assert inner is None or type(vars(application)["application"]) is inner
    assert gc.get_freeze_count() > frozen


def test_signal_that_stops_is_told_to_streams_and_others_are_not(
    closing: Closing,
) -> None:
    serving.tell_streams_of_signals()
    descriptor = signal.set_wakeup_fd(-1)

    os.write(descriptor, bytes([signal.SIGCHLD]))
    told_of_other = closing.wait(timeout=0.05)
    os.write(descriptor, bytes([signal.SIGTERM]))

    assert not told_of_other
    assert closing.wait(timeout=20)


def test_signal_after_the_end_is_written_where_nobody_else_reads(
    closing: Closing,
) -> None:
    """Python writes to the same descriptor until the process has ended."""
    others = set(threading.enumerate())
    serving.tell_streams_of_signals()
    [watching] = set(threading.enumerate()) - others
    descriptor = signal.set_wakeup_fd(-1)
    before = os.fstat(descriptor)

    os.write(descriptor, bytes([signal.SIGTERM]))
    watching.join(timeout=20)

    assert not watching.is_alive()
    assert os.path.samestat(os.fstat(descriptor), before)
    assert os.write(descriptor, bytes([signal.SIGTERM])) == 1


def test_static_file_is_found_where_it_lies(tmp_path: Path) -> None:
    """The handler serves the files of STATICFILES_DIRS, collected or not."""
    (tmp_path / "note.txt").write_bytes(b"A static file.")
    from tests.handlers.exchange import ask, make_environ

    with override_settings(
        WSGI_APPLICATION=None,
        STATIC_URL="/static/",
        STATICFILES_DIRS=[tmp_path],
        DEBUG=True,
    ):
        reply = ask(serving.wsgi_with_static_files(), make_environ("/static/note.txt"))

    assert reply.body == b"A static file."
