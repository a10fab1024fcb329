"""``python -m tests.django_suite``: run Django's tests, tell the differences."""

import argparse
import json
import os
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

import django

from tests.django_suite.differences import documented
from tests.django_suite.labels import LABELS
from tests.django_suite.recording import OUTCOME

ROOT = Path(__file__).resolve().parents[2]

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "django-bolt"

PATIENCE = 900.0
"""Seconds after which tests that hang end the run."""


def main() -> int:
    """Run what the command line asks for; return the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.django_suite", description=__doc__
    )
    parser.add_argument("labels", nargs="*", default=LABELS, help="of Django's tests")
    parser.add_argument(
        "--cache", type=Path, default=CACHE, help="where the downloaded tests are kept"
    )
    options = parser.parse_args()
    version = django.get_version()
    print(f"Django {version}, Python {sys.version.split()[0]}", flush=True)
    folder = fetch(version, options.cache)
    ran, failed = run(folder, "bolt", options.labels)
    print(f"{ran} tests ran with our handlers; {len(failed)} failed.", flush=True)
    return report(judge(folder, failed), whole=options.labels == LABELS)


def fetch(version: str, cache: Path) -> Path:
    """Return the folder with the tests of a version, downloaded when it is missing."""
    folder = cache / f"django-{version}" / "tests"
    if folder.is_dir():
        return folder
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache) as fresh:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
        command += ["--no-binary", "django", "--dest", fresh, f"django=={version}"]
        subprocess.run(command, check=True)
        [archive] = Path(fresh).glob("*.tar.gz")
        with tarfile.open(archive) as opened:
            opened.extractall(fresh, filter="data")
        next(Path(fresh).glob("*/tests")).parent.rename(folder.parent)
    return folder


def run(folder: Path, handlers: str, labels: list[str]) -> tuple[int, dict[str, str]]:
    """
    Run tests in a process of their own.

    Args:
        folder: Django's tests.
        handlers: ``bolt`` or ``django``.
        labels: What to run.

    Returns:
        How many ran, and the traceback of each that failed by its label.

    Raises:
        RuntimeError: They did not run to their end.
    """
    with tempfile.TemporaryDirectory() as scratch:
        outcome = Path(scratch, "outcome.json")
        command = [sys.executable, "-W", "ignore", "-m", "tests.django_suite.inside"]
        command += [handlers, "--parallel=1", "--verbosity=0", *labels]
        done = subprocess.run(
            command,
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(ROOT), OUTCOME: str(outcome)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=PATIENCE,
            check=False,
        )
        if not outcome.exists():
            raise RuntimeError(f"Django's tests did not end: {done.stdout}")
        written = json.loads(outcome.read_text())
    return written["ran"], written["failed"]


def judge(folder: Path, failed: dict[str, str]) -> dict[str, str]:
    """Return those failures that our handlers are to blame for."""
    if not failed:
        return {}
    # Each once more: one that depends on the clock may fail on a busy machine.
    ours = run(folder, "bolt", sorted(failed))[1]
    djangos = run(folder, "django", sorted(failed))[1]
    for label in sorted(failed):
        if label not in ours:
            print(f"unsteady: {label} failed once and passed alone.")
        elif label in djangos:
            print(f"no difference: {label} fails with Django's handlers too.")
    return {label: trace for label, trace in ours.items() if label not in djangos}


def report(differences: dict[str, str], *, whole: bool) -> int:
    """
    Print what differs; return the exit code.

    Args:
        differences: The traceback of each test that fails with our handlers alone.
        whole: Whether everything ran, so that what is missing here has passed.
    """
    known = documented(django.VERSION[:2])
    for label in sorted(known.keys() & differences.keys()):
        print(f"as documented: {label}: {known[label]}")
    unexpected = sorted(differences.keys() - known.keys())
    for label in unexpected:
        print(f"\nDIFFERENT: {label}\n{differences[label]}")
    stale = sorted(known.keys() - differences.keys()) if whole else []
    for label in stale:
        print(f"STALE: {label} is listed as a difference, and passes.")
    if not unexpected and not stale:
        print("Our handlers pass what Django's own pass, but for what is documented.")
    return 1 if unexpected or stale else 0


if __name__ == "__main__":
    sys.exit(main())
