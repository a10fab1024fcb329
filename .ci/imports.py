"""Exit 0 when the installed django_bolt imports cleanly, without settings."""

import sys

ALLOWED = {"asgiref", "django", "django_bolt", "msgspec"}

THEIRS = {"sqlparse", "typing_extensions"}
"""What django and, on Python 3.10, asgiref import themselves."""


def main() -> str | None:
    """Return what is wrong; ``None`` when all is well."""
    before = set(sys.modules)

    import django_bolt

    installed = {
        name.partition(".")[0]
        for name in set(sys.modules) - before
        if "site-packages" in str(getattr(sys.modules[name], "__file__", None))
    }
    if extra := installed - ALLOWED - THEIRS:
        return f"import django_bolt must import {sorted(ALLOWED)} only; got {extra!r}."

    from importlib.metadata import version
    from importlib.resources import files

    from django.conf import settings

    if settings.configured:
        return "import django_bolt must not configure the settings."
    if version("django-bolt") != django_bolt.__version__:
        return f"The versions must agree; got {version('django-bolt')!r}."
    if not files("django_bolt").joinpath("py.typed").is_file():
        return "The distribution must hold py.typed."
    for name in django_bolt.__all__:
        getattr(django_bolt, name)
    return None


if __name__ == "__main__":
    sys.exit(main())
