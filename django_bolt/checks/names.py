"""Check of the names of the settings."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Warning

from django_bolt.conf import Conf, Setting

NAMES = frozenset(
    setting.name for setting in vars(Conf).values() if isinstance(setting, Setting)
)
"""Every setting that is read."""

LIKENESS = 0.75
"""How alike two names are, of 1, so that the one may be meant by the other."""


def check_names_are_spelt_right(**kwargs: Any) -> list[CheckMessage]:
    """W006: a name that nobody reads says nothing, and guards nothing."""
    return [
        Warning(
            f"{name} is not read.",
            hint=f"Rename it to {meant}.",
            id="django_bolt.W006",
        )
        for name in sorted(dir(settings))
        if name.startswith("BOLT_")
        and name not in NAMES
        # It has a check of its own, which says more.
        and name != "BOLT_ALLOWED_FILE_PATHS"
        for meant in get_close_matches(name, NAMES, 1, LIKENESS)
    ]


CHECKS = (check_names_are_spelt_right,)
