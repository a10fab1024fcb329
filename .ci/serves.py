"""Run a shell command that starts a server, and exit 0 once a page is served.

Usage: serves.py URL COMMAND
"""

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request

DEADLINE = 300.0
"""Seconds for the command to set up and to serve; set-up installs packages."""

PAUSE = 0.5
"""Seconds between two tries."""


def status_of(url: str) -> int | None:
    """Return the status that ``url`` answers with; ``None`` when nobody answers."""
    try:
        with urllib.request.urlopen(url, timeout=5) as response:
            return int(response.status)
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return None


def main(url: str, command: str) -> str | None:
    """Return what is wrong; ``None`` when the page was served."""
    if status_of(url) is not None:
        return f"{url} must be free before the command starts; something answers there."
    server = subprocess.Popen(
        ["bash", "-c", command], stdin=subprocess.DEVNULL, start_new_session=True
    )
    try:
        end = time.monotonic() + DEADLINE
        while time.monotonic() < end:
            if server.poll() is not None:
                return f"The command ended with exit code {server.returncode}."
            status = status_of(url)
            if status is not None:
                print(f"{url} answered {status}", flush=True)
                return None if status == 200 else "The page must answer 200."
            time.sleep(PAUSE)
        return f"{url} was not served within {DEADLINE:.0f} seconds."
    finally:
        stop(server)


def stop(server: subprocess.Popen[bytes]) -> None:
    """End the command and all that it started."""
    for number in (signal.SIGINT, signal.SIGKILL):
        try:
            os.killpg(server.pid, number)
        except ProcessLookupError:
            return
        try:
            server.wait(timeout=10)
        except subprocess.TimeoutExpired:
            continue


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
