"""
The same requests to nginx and to FileResponse: no difference that is not named.

nginx serves the same directory. Every difference must be one of ``ALLOWED``, by
the sentence of RFC 9110 that allows or demands ours; and each of these occurs.
"""

import email
import http.client
import os
import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import pytest
from django.test import override_settings

from django_bolt import FileResponse
from tests.nginx import needs_nginx, running_nginx
from tests.worlds import Ask

pytestmark = [pytest.mark.server, pytest.mark.django_db]

DATE = "Sun, 06 Nov 1994 08:49:37 GMT"
TIMESTAMP = 784111777
LATER = "Sun, 06 Nov 1994 08:49:38 GMT"
EARLIER = "Sun, 06 Nov 1994 08:49:36 GMT"

SIZES = {"empty": 0, "ten": 10, "large": 200_000}

RANGES = [
    *("bytes=0-0", "bytes=9-", "bytes=-1", "bytes=0-", "bytes=2-4", "bytes=-10"),
    *("bytes=-11", "bytes=-999999999", "bytes=4-999999999", "bytes=-0", "bytes=10-"),
    *("bytes=199999-", "bytes=200000-", "bytes=100-70000", "BYTES=0-3", "bytes= 0-3"),
    *("bytes=0-1,4-5", "bytes=8-9,0-1", "bytes=0-1,-2", "bytes=0-1,90000000-"),
    *("bytes=0-3,2-5", "bytes=0-1,2-3", "bytes=0-9,0-9", "bytes=0-,0-", "bytes=1-0"),
    *("bytes=a-b", "bytes=", "bytes=-", "bytes=5", "bytes", "items=0-1", "0-1"),
    *("bytes=0 - 1", "bytes=0-1 , 4-5", "bytes=0-1,x", "bytes=,0-1", "bytes=0-1,"),
    "bytes=99999999999999999999-",
    "bytes=0-99999999999999999999",
    "bytes=" + ",".join(f"{n * 3}-{n * 3}" for n in range(32)),
    "bytes=" + ",".join(f"{n * 3}-{n * 3}" for n in range(33)),
]
TAGS = ["TAG", "W/TAG", '"other"', '"other", TAG', "*", "nonsense", '"a,b" ,TAG']
DATES = [
    *(DATE, LATER, EARLIER, "nonsense"),
    "Sunday, 06-Nov-94 08:49:37 GMT",
    "Sun Nov  6 08:49:37 1994",
]
HEADERS = {
    "Range": RANGES,
    "If-Range": ["TAG", "W/TAG", '"other"', *DATES],
    "If-Match": TAGS,
    "If-None-Match": TAGS,
    "If-Modified-Since": DATES,
    "If-Unmodified-Since": DATES,
}


class Case(NamedTuple):
    """One request. ``TAG`` in a value stands for the server's own tag."""

    method: str
    name: str
    headers: Mapping[str, str]


class Reply(NamedTuple):
    """What of an answer is compared."""

    status: int
    fields: Mapping[str, str]
    parts: tuple[tuple[str | None, bytes], ...]
    """Content-Range and content of each part, or of the whole body."""


def cases() -> Iterator[Case]:
    """Yield each value of each header alone, each range, and several together."""
    for method in ("GET", "HEAD"):
        for name in SIZES:
            yield Case(method, name, {})
            for header, values in HEADERS.items():
                for value in values:
                    yield Case(method, name, {header: value})
    choose = random.Random(9110)
    for _number in range(600):
        chosen = choose.sample(sorted(HEADERS), choose.randint(2, 4))
        yield Case(
            choose.choice(["GET", "GET", "GET", "HEAD"]),
            choose.choice(["ten", "ten", "large"]),
            {header: choose.choice(HEADERS[header]) for header in chosen},
        )


def reply(status: int, fields: Mapping[str, str], body: bytes) -> Reply:
    """Bring an answer to what is compared; errors have pages of their own."""
    kept: tuple[str, ...] = (
        "accept-ranges",
        "content-length",
        "content-range",
        "last-modified",
    )
    media_type = fields.get("content-type", "")
    parts: list[tuple[str | None, bytes]] = [(fields.get("content-range"), body)]
    if media_type.startswith("multipart/") and body:
        assert fields["content-length"] == str(len(body))
        head = f"Content-Type: {media_type}\r\n\r\n".encode()
        message = email.message_from_bytes(head + body)
        parts = [
            (str(part["Content-Range"]), bytes(part.get_payload(decode=True)))
            for part in list(message.walk())[1:]
        ]
    if status >= 400:
        kept, parts = ("content-range",), []
    elif media_type.startswith("multipart/"):
        # The length depends on that of the boundary.
        kept = ("last-modified",)
    elif status == 206:
        # §14.3: Accept-Ranges may be sent; a client that has a part knows.
        kept = kept[1:]
    return Reply(
        status,
        {name: fields[name] for name in kept if name in fields},
        tuple(parts),
    )


def fill(headers: Mapping[str, str], tag: str) -> dict[str, str]:
    return {name: value.replace("TAG", tag) for name, value in headers.items()}


class Nginx:
    """The directory as nginx serves it."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.tags = {name: self._send("HEAD", name, {})[1]["etag"] for name in SIZES}

    def ask(self, case: Case) -> Reply:
        headers = fill(case.headers, self.tags[case.name])
        return reply(*self._send(case.method, case.name, headers))

    def _send(
        self, method: str, name: str, headers: Mapping[str, str]
    ) -> tuple[int, dict[str, str], bytes]:
        # Nginx says keep-alive in a 412, and closes the connection.
        with closing(
            http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        ) as connection:
            connection.request(method, f"/{name}", headers=dict(headers))
            answer = connection.getresponse()
            body = answer.read()
        fields = {key.lower(): value for key, value in answer.getheaders()}
        return answer.status, fields, body


@dataclass(frozen=True)
class Difference:
    """Why nginx may answer otherwise, and when."""

    reason: str
    occurs: Callable[[Case, Reply, Reply], bool]


def is_overlapping(case: Case) -> bool:
    return case.headers.get("Range", "") in (
        *("bytes=0-3,2-5", "bytes=0-1,2-3", "bytes=0-9,0-9", "bytes=0-,0-"),
        *("bytes=0-1,4-5", "bytes=8-9,0-1", "bytes=0-1,-2"),
    )


MALFORMED = (
    *("bytes=1-0", "bytes=a-b", "bytes=", "bytes=-", "bytes=5", "bytes=0 - 1"),
    *("bytes=0-1,x", "bytes=,0-1", "bytes=0-1,"),
)

ALLOWED = [
    Difference(
        '§14.2: "A server MUST ignore a Range header field received with a request '
        "method that is unrecognized or for which range handling is not defined. "
        'For this specification, GET is the only method".',
        lambda case, theirs, ours: (
            case.method == "HEAD" and "Range" in case.headers and ours.status == 200
        ),
    ),
    Difference(
        '§14.2: "A server that supports range requests MAY ignore or reject a Range '
        'header field that contains an invalid ranges-specifier".',
        lambda case, theirs, ours: (
            case.headers.get("Range") in MALFORMED
            and (theirs.status, ours.status) in ((416, 200), (206, 200))
        ),
    ),
    Difference(
        '§14.2: "A server MAY ignore the Range header field": more than 32 ranges '
        "are ignored; nginx does not count those that it cannot satisfy.",
        lambda case, theirs, ours: (
            case.headers.get("Range", "").count(",") == 32
            and (theirs.status, ours.status) == (206, 200)
        ),
    ),
    Difference(
        '§5.6.1.2: "A recipient MUST parse and ignore a reasonable number of empty '
        'list elements".',
        lambda case, theirs, ours: (
            case.headers.get("Range") in ("bytes=,0-1", "bytes=0-1,")
            and (theirs.status, ours.status) == (416, 206)
        ),
    ),
    Difference(
        '§15.3.7.2: "a server MAY coalesce any of the ranges that overlap".',
        lambda case, theirs, ours: (
            is_overlapping(case) and ours.status == 206 and theirs.status in (200, 206)
        ),
    ),
    Difference(
        '§14.1.2: "An int-range is satisfiable if it contains a first-pos less than '
        'the current length of the selected representation", which no position of '
        "an empty file is; nginx sends the whole of it.",
        lambda case, theirs, ours: (
            case.name == "empty" and (theirs.status, ours.status) == (200, 416)
        ),
    ),
    Difference(
        "§14.1.1: positions are 1*DIGIT, of any length; nginx calls invalid what "
        "does not fit into 64 bits.",
        lambda case, theirs, ours: (
            case.headers.get("Range") == "bytes=0-99999999999999999999"
            and (theirs.status, ours.status) in ((416, 206), (200, 206))
        ),
    ),
    Difference(
        '§13.1.3: "A recipient MUST ignore If-Modified-Since if the request contains '
        'an If-None-Match header field".',
        lambda case, theirs, ours: (
            {"If-Modified-Since", "If-None-Match"} <= case.headers.keys()
            and ours.status == 304
        ),
    ),
    Difference(
        '§13.1.4: "A recipient MUST ignore If-Unmodified-Since if the request '
        'contains an If-Match header field".',
        lambda case, theirs, ours: (
            {"If-Unmodified-Since", "If-Match"} <= case.headers.keys()
            and theirs.status == 412
        ),
    ),
    Difference(
        '§13.1.4: "A recipient MUST ignore the If-Unmodified-Since header field if '
        'the received field value is not a valid HTTP-date".',
        lambda case, theirs, ours: (
            case.headers.get("If-Unmodified-Since") == "nonsense"
            and theirs.status == 412
        ),
    ),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("served")
    for name, size in SIZES.items():
        (folder / name).write_bytes(bytes(n % 251 for n in range(size)))
        os.utime(folder / name, (TIMESTAMP, TIMESTAMP))
    return folder


@needs_nginx
def test_nginx_answers_the_same(ask: Ask, folder: Path, tmp_path: Path) -> None:
    unexplained: list[tuple[Case, Reply, Reply]] = []
    explained: set[str] = set()
    server = f"root {folder}; if_modified_since before; max_ranges 32;"
    with (
        running_nginx(tmp_path, server) as port,
        override_settings(BOLT_ALLOWED_FILE_DIRS=[folder]),
    ):
        nginx = Nginx(port)
        for case in cases():
            path = folder / case.name
            tag = FileResponse(path)["ETag"]

            theirs = nginx.ask(case)
            answer = ask(
                lambda request, path=path: FileResponse(path),
                method=case.method,
                headers=fill(case.headers, tag),
            )
            ours = reply(answer.status, dict(answer.headers), answer.body)

            if ours != theirs:
                reasons = [
                    difference.reason
                    for difference in ALLOWED
                    if difference.occurs(case, theirs, ours)
                ]
                explained.update(reasons[:1])
                unexplained += [] if reasons else [(case, theirs, ours)]

    assert not unexplained, "\n".join(map(str, unexplained))
    assert explained == {difference.reason for difference in ALLOWED}
