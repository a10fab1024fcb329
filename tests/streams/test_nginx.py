"""Event streams through nginx as it is configured by default, with buffering on."""

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.servers import DEADLINE, Start, free_port
from tests.streams.wire import Client, Control

NGINX = shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")

pytestmark = [
    pytest.mark.server,
    pytest.mark.skipif(NGINX is None, reason="nginx is not installed"),
]

CONFIGURATION = """
daemon off;
pid {folder}/pid;
error_log stderr;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/client;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port};
        location / {{ proxy_pass http://127.0.0.1:{upstream}; }}
    }}
}}
"""


@dataclass
class Proxy:
    """An nginx that runs."""

    port: int


@pytest.fixture(params=["uvicorn", "hypercorn", "gunicorn-gthread", "gunicorn-sync"])
def proxy(
    request: pytest.FixtureRequest, start: Start, tmp_path: Path
) -> Iterator[Proxy]:
    """Run nginx before a server."""
    port = free_port()
    configuration = tmp_path / "nginx.conf"
    configuration.write_text(
        CONFIGURATION.format(
            folder=tmp_path, port=port, upstream=start(request.param).port
        )
    )
    assert NGINX is not None
    process = subprocess.Popen(
        [NGINX, "-p", str(tmp_path), "-c", str(configuration)],
        stderr=subprocess.PIPE,
    )
    deadline = time.monotonic() + DEADLINE
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            break
        except OSError:
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.02)
    yield Proxy(port)
    process.terminate()
    process.communicate(timeout=DEADLINE)


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_nginx_passes_each_event_and_each_ping_on_at_once(
    proxy: Proxy, kind: str
) -> None:
    with Control() as control:
        target = f"/events/{kind}?port={control.port}&ping=0.05"
        with Client(proxy, target) as client:
            for number in range(3):
                client.read_past(b"data: %d\n\n: ping\n\n" % number)
                control.confirm()

        assert control.wait_until_closed(confirm=kind == "sync") == b"closed"
