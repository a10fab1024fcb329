"""
The applications that ``benchmarks.handlers`` asks.

Run as a module, it makes the database and prints the cookie of a user who is
logged in.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import django
from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path

from benchmarks.records import LARGE, SMALL

TWO = [
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.common.CommonMiddleware",
]
DEFAULT = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
MIDDLEWARE = {"two": TWO, "default": DEFAULT, "kept": DEFAULT}
"""By the name of a kind; "kept" keeps database connections as well."""

KIND = os.environ["BENCH_MIDDLEWARE"]

settings.configure(
    ROOT_URLCONF="benchmarks.handlers_site",
    ALLOWED_HOSTS=["*"],
    SECRET_KEY="bench",
    INSTALLED_APPS=[
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.messages",
        "django.contrib.sessions",
    ],
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": str(Path(os.environ["BENCH_FOLDER"]) / "bench.sqlite3"),
            "CONN_MAX_AGE": 60 if KIND == "kept" else 0,
        }
    },
    MIDDLEWARE=[
        *MIDDLEWARE[KIND],
        "django_bolt.middleware.BoltMiddleware",
    ],
)

PAYLOADS = {"small": SMALL, "large": LARGE}


async def answer_async(request: HttpRequest, size: str) -> HttpResponse:
    """Answer as Django does."""
    return JsonResponse(PAYLOADS[size], safe=False)


def answer_sync(request: HttpRequest, size: str) -> HttpResponse:
    """Answer as Django does, in a thread."""
    return JsonResponse(PAYLOADS[size], safe=False)


async def answer_value(request: HttpRequest, size: str) -> Any:
    """Answer as django-bolt does."""
    return PAYLOADS[size]


async def answer_user(request: Any, size: str) -> HttpResponse:
    """Answer with the name of the user who is logged in."""
    user = await request.auser()
    return HttpResponse(user.username)


urlpatterns: list[Any] = [
    path("async/<size>", answer_async),
    path("sync/<size>", answer_sync),
    path("value/<size>", answer_value),
    path("user/<size>", answer_user),
]


def make_djangos() -> Any:
    """Return Django's own handler, without django-bolt."""
    from django.core.asgi import get_asgi_application

    settings.MIDDLEWARE = MIDDLEWARE[KIND]
    return get_asgi_application()


def make_bolt() -> Any:
    """Return ours."""
    from django_bolt.asgi import get_asgi_application

    return get_asgi_application()


def make_fastapi() -> Any:
    """Return a FastAPI application."""
    from fastapi import FastAPI

    application = FastAPI()

    @application.get("/async/{size}", response_model=None)
    async def answer(size: str) -> Any:
        return PAYLOADS[size]

    # By its type, what is returned is validated and encoded in one step.
    @application.get("/typed/{size}")
    async def answer_typed(size: str) -> Any:
        return PAYLOADS[size]

    return application


def make_litestar() -> Any:
    """Return a Litestar application."""
    from litestar import Litestar, get

    @get("/async/{size:str}")
    async def answer(size: str) -> Any:
        return PAYLOADS[size]

    return Litestar([answer])


MAKERS = {
    "djangos": make_djangos,
    "bolt": make_bolt,
    "fastapi": make_fastapi,
    "litestar": make_litestar,
}


def __getattr__(name: str) -> Any:
    # Made when a server asks for it, so that each process has one alone.
    if name not in MAKERS:
        raise AttributeError(name)
    return MAKERS[name]()


def make_session() -> str:
    """Make the database, a user and a session; return the session's cookie."""
    from django.contrib.auth import get_user_model
    from django.core.management import call_command
    from django.test import Client

    call_command("migrate", verbosity=0)
    client = Client()
    client.force_login(get_user_model().objects.create_user("ada"))
    return f"sessionid={client.cookies['sessionid'].value}"


if __name__ == "__main__":
    django.setup()
    print(make_session())
