"""
Run the code blocks of a page, from its first to its last.

What a block is decides how it is run:

- ``python`` is executed; all of a page share one module. Its views answer at
  their names (``hello`` at ``/hello``) unless the page has ``urlpatterns``.
- ``python`` that begins with ``# settings.py`` becomes the settings of the rest
  of the page, which Django's checks must find in order. An ``...`` in a list
  stands for what the project has there already.
- ``pycon`` is a doctest, in the same module.
- ``console`` is replayed against a server, over WSGI and over ASGI.
- ``sh`` sets something up: ``.ci/run`` runs it. Lines that start ``runbolt`` are
  run as far as they print what they would do.
- ``nginx``, ``apache`` and ``lighttpd`` configure a server:
  ``tests/test_sendfile_servers.py`` runs it with the blocks of files.md.
"""

import doctest
import inspect
import io
import re
import shlex
import sys
import types
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from django.conf import settings
from django.core.checks import run_checks
from django.core.management import call_command
from django.test import override_settings
from django.urls import URLPattern, path
from django.views import View

from tests.docs.blocks import Block
from tests.docs.servers import Serve
from tests.docs.transcripts import matches, read_transcript, run_command

SET_UP = re.compile(r"python3 -m venv .* (-m pytest|manage\.py demo)\n")
"""The lines that ``.ci/run`` reads out of README.md and runs."""

RUNBOLT = "python manage.py runbolt"
"""How each line of a block begins that starts the server."""


class Page:
    """
    The module that the blocks of one page make up.

    Args:
        folder: Empty; the ``BASE_DIR`` of the page, which gets a ``media``.
        serve: The server for its transcripts.
    """

    def __init__(self, folder: Path, serve: Serve) -> None:
        self.folder = folder
        (folder / "media").mkdir()
        self.serve = serve
        self.module = types.ModuleType("docs_page")
        self.stack = ExitStack()

    def __enter__(self) -> "Page":
        # Dataclasses and Structs look their annotations up in their module.
        sys.modules[self.module.__name__] = self.module
        # A project that has just been started: a page says what it needs set.
        self.stack.enter_context(
            override_settings(BASE_DIR=self.folder, BOLT_ALLOWED_FILE_DIRS=None)
        )
        return self

    def __exit__(self, *exception: object) -> None:
        self.stack.close()
        del sys.modules[self.module.__name__]

    def run(self, block: Block) -> None:
        """Run one block; whatever it promises and does not hold is an error."""
        match block.language, block.file:
            case "python", "settings.py":
                self.run_settings(block)
            case "python", _:
                self.run_python(block, vars(self.module))
            case "pycon", _:
                self.run_session(block)
            case "console", _:
                self.run_transcript(block)
            case "sh", _ if block.text.startswith(RUNBOLT):
                self.run_runbolt(block)
            case "sh", _:
                assert SET_UP.fullmatch(block.text), f"{block}: nothing runs this."
            case "nginx" | "apache" | "lighttpd", _:
                assert block.page.name == "files.md", f"{block}: nothing runs this."
            case _:
                pytest.fail(f"{block}: no test runs the language {block.language!r}.")

    def run_python(self, block: Block, namespace: dict[str, object]) -> None:
        """Execute a block, with its line numbers in the page."""
        file = self.folder / (block.file or "example.py")
        file.write_text(block.text, encoding="utf-8")
        namespace["__file__"] = str(file)
        source = "\n" * (block.line - 1) + block.text
        exec(compile(source, block.page, "exec"), namespace)

    def run_settings(self, block: Block) -> None:
        """Let a block's settings hold for the rest of the page."""
        namespace: dict[str, object] = {"BASE_DIR": self.folder}
        self.run_python(block, namespace)
        changes = {
            name: fill_in(name, value)
            for name, value in namespace.items()
            if name.isupper() and name != "BASE_DIR"
        }
        self.stack.enter_context(override_settings(**changes))
        assert run_checks() == []

    def run_session(self, block: Block) -> None:
        """Run a block of the interactive interpreter, and compare its output."""
        test = doctest.DocTestParser().get_doctest(
            block.text, vars(self.module), str(block), str(block.page), block.line - 1
        )
        report = io.StringIO()
        runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
        outcome = runner.run(test, out=report.write, clear_globs=False)
        vars(self.module).update(test.globs)
        assert outcome.attempted > 0, f"{block} must hold a prompt."
        assert outcome.failed == 0, report.getvalue()

    def run_transcript(self, block: Block) -> None:
        """Replay a block against a server of the page's views."""
        urlconf = types.ModuleType("docs_urls")
        vars(urlconf)["urlpatterns"] = self.urlpatterns()
        with override_settings(ROOT_URLCONF=urlconf), self.serve() as port:
            for exchange in read_transcript(block.text):
                output = run_command(exchange.command, port, self.folder)
                assert matches(exchange.output, output), (
                    f"{block}: {exchange.command}\n\n{output}"
                )

    def run_runbolt(self, block: Block) -> None:
        """Let each line print what it would do; one that is wrong raises."""
        for line in block.text.splitlines():
            assert line.startswith(RUNBOLT), f"{block}: {line}"
            options = shlex.split(line.removeprefix(RUNBOLT))
            call_command("runbolt", *options, "--print", stdout=io.StringIO())

    def urlpatterns(self) -> list[URLPattern]:
        """Return the page's own URL patterns, or one for each of its views."""
        names = vars(self.module)
        return names.get("urlpatterns") or list(self.name_views())

    def name_views(self) -> Iterator[URLPattern]:
        """Yield a URL pattern for each view that the page defines, by its name."""
        for name, value in vars(self.module).items():
            if getattr(value, "__module__", None) != self.module.__name__:
                continue
            if inspect.isclass(value) and issubclass(value, View):
                yield path(name, value.as_view())
            elif inspect.isfunction(value) and takes_request(value):
                yield path(name, value)


def takes_request(function: types.FunctionType) -> bool:
    """Tell whether a function of a page is a view."""
    return "request" in inspect.signature(function).parameters


def fill_in(name: str, value: object) -> object:
    """Put what the project has into a list of settings in the place of ``...``."""
    if not isinstance(value, list) or ... not in value:
        return value
    index = value.index(...)
    rest = [*value[:index], *value[index + 1 :]]
    there = [entry for entry in getattr(settings, name) if entry not in rest]
    return [*value[:index], *there, *value[index + 1 :]]
