"""The app, as it stands in INSTALLED_APPS."""

from django.apps import AppConfig

from django_bolt.checks import register_checks
from django_bolt.shutdown import watch_signals


class BoltConfig(AppConfig):
    """Registers the system checks and watches for the end, and nothing else."""

    name = "django_bolt"
    verbose_name = "Bolt"

    def ready(self) -> None:
        """Register the system checks, and watch the signals that stop a server."""
        register_checks()
        watch_signals(stays=True)
