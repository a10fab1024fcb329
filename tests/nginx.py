"""A real nginx for a test, on a free port of the loopback interface."""

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

NGINX = shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/usr/bin")
DEADLINE = 10.0
"""Seconds that nginx may take to listen."""

needs_nginx = pytest.mark.skipif(NGINX is None, reason="nginx is not installed")

CONFIGURATION = """
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ }}
http {{
    access_log off;
    keepalive_requests 1000000;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    default_type application/octet-stream;
    server {{
        listen 127.0.0.1:{port};
        {server}
    }}
}}
"""


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def running_nginx(folder: Path, server: str) -> Iterator[int]:
    """
    Run nginx for the length of a block.

    Args:
        folder: For its files.
        server: What stands in the ``server`` block of its configuration.

    Yields:
        The port.
    """
    port = free_port()
    configuration = folder / "nginx.conf"
    configuration.write_text(
        CONFIGURATION.format(folder=folder, port=port, server=server)
    )
    process = subprocess.Popen(
        [str(NGINX), "-p", str(folder), "-e", "stderr", "-c", str(configuration)],
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_for(port, process)
        yield port
    finally:
        process.terminate()
        process.wait(DEADLINE)


def wait_for(port: int, process: "subprocess.Popen[bytes]") -> None:
    """Return when somebody listens; fail when that takes too long."""
    deadline = time.monotonic() + DEADLINE
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            assert process.poll() is None, "The server has ended."
            assert time.monotonic() < deadline, "The server does not listen."
            time.sleep(0.01)
        else:
            return
