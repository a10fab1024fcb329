"""BOLT_SENDFILE behind real nginx, Apache and lighttpd, configured as in the docs."""

import http.client
import os
import re
import shutil
import subprocess
import threading
import wsgiref.simple_server
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpRequest
from django.test import override_settings

from django_bolt import FileResponse
from tests.nginx import DEADLINE, free_port, needs_nginx, running_nginx, wait_for
from tests.worlds import only_url

pytestmark = [pytest.mark.server, pytest.mark.django_db(transaction=True)]

PAGE = Path(__file__).resolve().parents[1] / "docs" / "files.md"
APACHE = shutil.which("apache2", path="/usr/sbin")
LIGHTTPD = shutil.which("lighttpd", path="/usr/sbin")
MODULES = Path("/usr/lib/apache2/modules")
NAMES = {"nginx": "ä b%41?#+.txt", "apache": "ä b?#+.txt", "lighttpd": "ä b?#+.txt"}
CONTENT = bytes(range(256)) * 40


def configuration(language: str, media: Path, port: int) -> str:
    """Return the one block of a language in the docs, with our own addresses."""
    [block] = re.findall(rf"```{language}\n(.*?)```", PAGE.read_text(), re.DOTALL)
    return (
        str(block)
        .replace("/srv/project/media", str(media))
        .replace("127.0.0.1:8000", f"127.0.0.1:{port}")
        .replace('"port" => 8000', f'"port" => {port}')
    )


class QuietHandler(wsgiref.simple_server.WSGIRequestHandler):
    def log_message(self, *args: object) -> None:
        """Say nothing."""


@contextmanager
def running_django(view: Any) -> Iterator[int]:
    """Serve a view over WSGI on a thread, for the length of a block."""
    with (
        override_settings(ROOT_URLCONF=only_url(view), ALLOWED_HOSTS=["*"]),
        wsgiref.simple_server.make_server(
            "127.0.0.1", 0, WSGIHandler(), handler_class=QuietHandler
        ) as server,
    ):
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join(DEADLINE)


@contextmanager
def running_apache(folder: Path, site: str) -> Iterator[int]:
    port = free_port()
    modules = (
        *("mpm_event", "authz_core", "proxy", "proxy_http", "xsendfile"),
        *("mime", "dir"),
    )
    lines = [
        f"ServerRoot {folder}",
        f"Listen 127.0.0.1:{port}",
        "ServerName localhost",
        f"PidFile {folder}/apache.pid",
        f"ErrorLog {folder}/error.log",
        f"DefaultRuntimeDir {folder}",
        "TypesConfig /dev/null",
        *(f"LoadModule {name}_module {MODULES}/mod_{name}.so" for name in modules),
        "User nobody",
        "Group nogroup",
        site,
    ]
    path = folder / "apache.conf"
    path.write_text("\n".join(lines))
    process = subprocess.Popen(
        [str(APACHE), "-f", str(path), "-D", "FOREGROUND"], stderr=subprocess.DEVNULL
    )
    try:
        wait_for(port, process)
        yield port
    finally:
        process.terminate()
        process.wait(DEADLINE)


@contextmanager
def running_lighttpd(folder: Path, site: str) -> Iterator[int]:
    port = free_port()
    lines = [
        f'server.document-root = "{folder}/empty"',
        'server.bind = "127.0.0.1"',
        f"server.port = {port}",
        f'server.errorlog = "{folder}/error.log"',
        site,
    ]
    (folder / "empty").mkdir()
    path = folder / "lighttpd.conf"
    path.write_text("\n".join(lines))
    process = subprocess.Popen([str(LIGHTTPD), "-D", "-f", str(path)])
    try:
        wait_for(port, process)
        yield port
    finally:
        process.terminate()
        process.wait(DEADLINE)


RUNNING = {
    "nginx": running_nginx,
    "apache": running_apache,
    "lighttpd": running_lighttpd,
}


def ask(
    port: int, method: str = "GET", **headers: str
) -> tuple[int, dict[str, str], bytes]:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=10)) as client:
        fields = {name.replace("_", "-"): value for name, value in headers.items()}
        client.request(method, "/", headers=fields)
        answer = client.getresponse()
        body = answer.read()
    return answer.status, {k.lower(): v for k, v in answer.getheaders()}, body


@pytest.fixture(
    params=[
        pytest.param("nginx", marks=needs_nginx),
        pytest.param(
            "apache",
            marks=pytest.mark.skipif(
                APACHE is None or not (MODULES / "mod_xsendfile.so").exists(),
                reason="Apache with mod_xsendfile is not installed",
            ),
        ),
        pytest.param(
            "lighttpd",
            marks=pytest.mark.skipif(
                LIGHTTPD is None, reason="lighttpd is not installed"
            ),
        ),
    ]
)
def front(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[int]:
    """Yield the port of a front server, before a view that sends a file."""
    media = tmp_path / "media"
    media.mkdir()
    path = media / NAMES[request.param]
    path.write_bytes(CONTENT)
    for folder in (tmp_path, *tmp_path.parents):
        # Whoever the front server runs as must get there; pytest's are closed.
        if folder.owner() == "root" and "pytest" in str(folder):
            os.chmod(folder, 0o755)
    target = "/protected/" if request.param == "nginx" else "X-Sendfile"

    def view(request: HttpRequest) -> FileResponse:
        return FileResponse(path, "ü.txt").set_cookie("seen", "1")

    with (
        override_settings(
            BOLT_ALLOWED_FILE_DIRS=[media], BOLT_SENDFILE={media: target}
        ),
        running_django(view) as port,
        RUNNING[request.param](
            tmp_path, configuration(request.param, media, port)
        ) as public,
    ):
        yield public


def test_front_server_sends_the_file(front: int) -> None:
    status, fields, body = ask(front)

    assert status == 200
    assert body == CONTENT
    assert fields["content-length"] == str(len(CONTENT))
    assert fields["content-type"] == "text/plain; charset=utf-8"
    assert fields["content-disposition"].startswith("attachment; filename=")
    assert fields["set-cookie"].startswith("seen=1")
    assert fields["etag"]
    assert "x-accel-redirect" not in fields
    assert "x-sendfile" not in fields


def test_front_server_answers_ranges(front: int) -> None:
    status, fields, body = ask(front, Range="bytes=-5")

    assert status == 206
    assert fields["content-range"] == f"bytes {len(CONTENT) - 5}-10239/10240"
    assert body == CONTENT[-5:]


def test_front_server_answers_conditions(front: int) -> None:
    _status, fields, _body = ask(front)

    status, _fields, body = ask(front, If_None_Match=fields["etag"])

    assert (status, body) == (304, b"")


def test_front_server_resumes(front: int) -> None:
    _status, fields, _body = ask(front)

    status, _fields, body = ask(front, Range="bytes=10000-", If_Range=fields["etag"])

    assert (status, body) == (206, CONTENT[10000:])


def test_front_server_answers_head(front: int) -> None:
    status, fields, body = ask(front, "HEAD")

    assert (status, body) == (200, b"")
    assert fields["content-length"] == str(len(CONTENT))
