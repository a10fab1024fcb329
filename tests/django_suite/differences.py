"""
What our handlers do otherwise than Django's, as far as Django's tests notice.

docs/handlers.md holds the same table. A test that is named here and passes is an
error as much as one that is not named and fails.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Difference:
    """
    A test of Django's that is meant to fail.

    Args:
        test: Its id.
        reason: What is done otherwise, and why.
        since: The first Django that has the test.
    """

    test: str
    reason: str
    since: tuple[int, int] = (5, 2)


DIFFERENCES = (
    Difference(
        "asgi.tests.ASGITest.test_read_body_thread",
        "It expects that a small body is written to a temporary file. One that came "
        "in one message stays in memory.",
        since=(6, 0),
    ),
)


def documented(version: tuple[int, ...]) -> dict[str, str]:
    """Return the reasons for a version of Django, by the ids of its tests."""
    return {known.test: known.reason for known in DIFFERENCES if known.since <= version}
