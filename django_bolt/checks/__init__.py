"""
System checks: one small function a rule, each message with an id and a hint.

All are tagged ``django_bolt``, and ``security`` or, those of ``BoltAPI``,
``urls``. Ids are never reused.
"""

from __future__ import annotations

from django.core.checks import Tags, register

from django_bolt.api import checks as api
from django_bolt.checks import files, middleware, names, streams

TAGS = ("django_bolt", Tags.security)


def register_checks() -> None:
    """Register every check of the app with Django."""
    for module in (middleware, files, names, streams):
        for check in module.CHECKS:
            register(check, *TAGS)
    for check in files.DEPLOYMENT_CHECKS:
        register(check, *TAGS, deploy=True)
    for check in api.CHECKS:
        register(check, "django_bolt", Tags.urls)
