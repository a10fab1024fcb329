"""
BoltAPI: what its dispatch costs, and response models against their like.

Run ``python -m benchmarks.api`` in the project's root; needs the extra ``bench``.
"""

from __future__ import annotations

import datetime
import decimal
import sys
import uuid
from collections.abc import Callable
from types import ModuleType, SimpleNamespace
from typing import Any

import django
import msgspec
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import include, path

settings.configure(
    ROOT_URLCONF="benchmarks",
    ALLOWED_HOSTS=["*"],
    SECRET_KEY="bench",
    USE_TZ=True,
    INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth"],
)
django.setup()

import ninja  # noqa: E402
from django.core.handlers.base import BaseHandler  # noqa: E402
from django.db import models  # noqa: E402
from django.test import RequestFactory  # noqa: E402
from rest_framework import serializers  # noqa: E402
from rest_framework.renderers import JSONRenderer  # noqa: E402

from benchmarks.measure import describe_machine, fastest, print_table  # noqa: E402
from benchmarks.records import LARGE, SMALL  # noqa: E402
from django_bolt import JSON, BoltAPI  # noqa: E402
from django_bolt.api.models import ResponseModel  # noqa: E402

MOST_EXTRA = 3.0
"""Microseconds that a route of BoltAPI may cost more than one of ``path()``."""


class Station(models.Model):
    """A row; never saved."""

    id = models.UUIDField(primary_key=True)
    observed_at = models.DateTimeField()
    temperature = models.DecimalField(max_digits=6, decimal_places=1)
    name = models.CharField(max_length=80)
    country = models.CharField(max_length=2)
    elevation = models.IntegerField()
    tags = models.JSONField()

    class Meta:
        """In no installed app."""

        app_label = "benchmarks"

    def __str__(self) -> str:
        """Return the station's name."""
        return self.name


class StationStruct(msgspec.Struct):
    """The fields, for django-bolt."""

    id: uuid.UUID
    observed_at: datetime.datetime
    temperature: decimal.Decimal
    name: str
    country: str
    elevation: int
    tags: list[str]


class StationSchema(ninja.Schema):
    """The fields, for django-ninja."""

    id: uuid.UUID
    observed_at: datetime.datetime
    temperature: decimal.Decimal
    name: str
    country: str
    elevation: int
    tags: list[str]


class StationSerializer(serializers.Serializer[Any]):
    """The fields, for Django REST framework."""

    id = serializers.UUIDField()
    observed_at = serializers.DateTimeField()
    temperature = serializers.DecimalField(max_digits=6, decimal_places=1)
    name = serializers.CharField()
    country = serializers.CharField()
    elevation = serializers.IntegerField()
    tags = serializers.ListField(child=serializers.CharField())


OBJECTS = [SimpleNamespace(**record) for record in LARGE]
ROWS = [Station(**record) for record in LARGE]


def view(request: HttpRequest, item_id: int) -> HttpResponse:
    """Answer, as a view."""
    return JSON(SMALL)


api = BoltAPI()


@api.get("/view/{item_id}")
def handler(request: HttpRequest, item_id: int) -> HttpResponse:
    """Answer, as a handler."""
    return JSON(SMALL)


def answer(pattern: Any) -> Callable[[], object]:
    """Return a callable that sends one request through Django's chain."""
    urlconf = ModuleType("urlconf")
    vars(urlconf)["urlpatterns"] = [path("", include([pattern]))]
    request = RequestFactory().get("/view/7")
    vars(request)["urlconf"] = urlconf
    chain = BaseHandler()
    chain.load_middleware()
    return lambda: chain.get_response(request)


def respond_with_ninja() -> Callable[[object], bytes]:
    """Return what django-ninja does with what a handler returned."""
    ninja_api = ninja.NinjaAPI()

    @ninja_api.get("/stations", response=list[StationSchema])
    def stations(request: HttpRequest) -> object:
        raise NotImplementedError

    [(_, path_view)] = ninja_api.default_router.path_operations.items()
    [operation] = path_view.operations
    operation.api = ninja_api
    request = RequestFactory().get("/stations")

    def respond(value: object) -> bytes:
        response = ninja_api.create_temporal_response(request)
        content: bytes = operation._result_to_response(request, value, response).content
        return content

    return respond


def measure_routes() -> bool:
    """Compare a route of BoltAPI with the same view under ``path()``."""
    times = fastest(
        {
            "path()": answer(path("view/<int:item_id>", view)),
            "BoltAPI": answer(api.urls[0]),
        }
    )
    print_table("One request, in process", times, "BoltAPI", {})
    extra = times["BoltAPI"] - times["path()"]
    print(f"\nA route costs {extra:.2f} µs more; the aim is {MOST_EXTRA}.")
    return extra <= MOST_EXTRA


def measure_models(title: str, values: list[Any]) -> bool:
    """Compare the way from objects to the bytes of a response."""
    model = ResponseModel(handler, list[StationStruct])
    by_ninja = respond_with_ninja()
    times = fastest(
        {
            "django-bolt": lambda: JSON(model.convert(values)).content,
            "django-ninja": lambda: by_ninja(values),
            "Django REST framework": lambda: JSONRenderer().render(
                StationSerializer(values, many=True).data
            ),
        }
    )
    size = len(JSON(model.convert(values)).content)
    aims = {"django-ninja": 4, "Django REST framework": 8}
    return print_table(f"{title}, {size} bytes", times, "django-bolt", aims)


if __name__ == "__main__":
    print(describe_machine())
    reached = [
        measure_routes(),
        measure_models("50 objects with attributes", OBJECTS),
        measure_models("50 model rows", ROWS),
    ]
    sys.exit(0 if all(reached) else 1)
