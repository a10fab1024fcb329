"""The app, as it stands in INSTALLED_APPS."""

from django.apps import AppConfig

from django_bolt.checks import register_checks


class BoltConfig(AppConfig):
    """Registers the system checks, and nothing else."""

    name = "django_bolt"
    verbose_name = "Bolt"

    def ready(self) -> None:
        """Register the system checks."""
        register_checks()
