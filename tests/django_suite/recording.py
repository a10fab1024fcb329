"""Note which of Django's tests failed. Runs inside of their process."""

import json
import os
import re
import unittest
from pathlib import Path
from typing import Any

from django.test.runner import DiscoverRunner

OUTCOME = "DJANGO_SUITE_OUTCOME"
"""The environment variable that names the file to write."""

_FIXTURE = re.compile(r"\w+ \((?P<place>[\w.]+)\)")
"""What unittest calls a ``setUpClass`` or ``setUpModule`` that failed."""


class RecordingRunner(DiscoverRunner):
    """Django's own test runner, which also writes what failed to a file."""

    def suite_result(
        self, suite: unittest.TestSuite, result: Any, **kwargs: Any
    ) -> int:
        """Write the outcome, and go on as Django does."""
        failed = {
            label_of(test): trace for test, trace in result.failures + result.errors
        }
        for test in result.unexpectedSuccesses:
            failed[label_of(test)] = "succeeded, which was not expected"
        outcome = {"ran": result.testsRun, "failed": failed}
        Path(os.environ[OUTCOME]).write_text(json.dumps(outcome))
        return int(super().suite_result(suite, result, **kwargs))


def label_of(test: unittest.TestCase) -> str:
    """Return the label by which a test is run again, alone or with its class."""
    # A part of a test has the test that it is part of.
    name = getattr(test, "test_case", test).id()
    fixture = _FIXTURE.fullmatch(name)
    return fixture["place"] if fixture else name
