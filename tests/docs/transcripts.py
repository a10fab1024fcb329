"""
Replay transcripts, and compare what comes back with what is shown.

Each command is ``$ curl …``, but for a ``$ mkdir …`` that puts a file there.
"""

import argparse
import http.client
import re
import shlex
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

HOST = "localhost:8000"
"""Where the server runs, as the pages have it."""

DEADLINE = 10.0
"""Seconds of silence from the server after which a transcript fails."""


def curl_arguments() -> argparse.ArgumentParser:
    """Return a parser of the options of curl that the pages use, and no more."""
    parser = argparse.ArgumentParser("curl", allow_abbrev=False, add_help=False)
    parser.add_argument("-i", dest="include", action="store_true")
    parser.add_argument("-H", dest="headers", action="append", default=[])
    parser.add_argument("-X", dest="method", default="GET")
    parser.add_argument("--path-as-is", action="store_true")
    parser.add_argument("url")
    return parser


@dataclass(frozen=True, slots=True)
class Exchange:
    """
    A command of a transcript, and the output shown for it.

    Args:
        command: The command, without the prompt.
        output: The lines up to the next command. A line of ``...`` stands for
            any lines or none, ``...`` within a line for any text.
    """

    command: str
    output: str


def read_transcript(text: str) -> Iterator[Exchange]:
    """
    Split a transcript at its prompts.

    Raises:
        ValueError: Something stands before the first prompt.
    """
    before, *parts = re.split(r"^\$ ", text, flags=re.MULTILINE)
    if before.strip() or not parts:
        raise ValueError(f"A transcript must begin with '$ '; got {text!r}.")
    for part in parts:
        command, _, output = part.partition("\n")
        yield Exchange(command, output.rstrip("\n"))


def run_command(command: str, port: int, folder: Path) -> str:
    """
    Do what a command of a transcript does, and return what it would print.

    Args:
        command: The command line.
        port: Where the server of :data:`HOST` really listens.
        folder: Where the reader's shell is: in the project.
    """
    if not command.startswith("mkdir "):
        return run_curl(command, port)
    return subprocess.run(
        command, shell=True, cwd=folder, check=True, capture_output=True, text=True
    ).stdout


def run_curl(command: str, port: int) -> str:
    """
    Do what a curl command does, and return what curl would print.

    Args:
        command: The command line.
        port: Where the server of :data:`HOST` really listens.

    Raises:
        ValueError: It is no curl command, goes to another host, or asks for another
            path than it names.
    """
    program, *words = shlex.split(command)
    if program != "curl":
        raise ValueError(f"The commands of a transcript must be curl; got {command!r}.")
    arguments = curl_arguments().parse_args(words)
    host, slash, path = arguments.url.partition("/")
    if host != HOST:
        raise ValueError(f"The URL must be at {HOST}; got {arguments.url!r}.")
    if not arguments.path_as_is and {".", ".."} & set(path.split("/")):
        raise ValueError(f"curl itself would resolve the dots of {arguments.url!r}.")
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=DEADLINE)
    try:
        connection.request(
            arguments.method,
            slash + path,
            headers={"Host": HOST, **dict(h.split(": ", 1) for h in arguments.headers)},
        )
        response = connection.getresponse()
        body = response.read().decode()
    finally:
        connection.close()
    if not arguments.include:
        return body
    head = f"HTTP/{response.version / 10} {response.status} {response.reason}\n"
    fields = "".join(f"{name}: {value}\n" for name, value in response.getheaders())
    return f"{head}{fields}\n{body}"


def matches(shown: str, real: str) -> bool:
    """Tell whether real output is what a transcript shows."""
    pattern = "".join(
        r"(?:.*\n)*" if line == "..." else rf"{line_pattern(line)}\n"
        for line in shown.split("\n")
    )
    return re.fullmatch(pattern, real.rstrip("\n") + "\n") is not None


def line_pattern(line: str) -> str:
    """Return the pattern of what a line of a transcript stands for."""
    return ".*".join(map(re.escape, line.split("...")))
