"""
Views that return one of the response classes.
"""

from django.http import HttpRequest
from django.urls import reverse_lazy
from django.utils.html import format_html

from django_bolt import HTML, JSON, PlainText, Redirect, Response
from testproject.showcase.models import Station


def observation(request: HttpRequest) -> JSON:
    """
    UUIDs, dates and decimals need no ``default=str``. A decimal stays a string,
    with every digit it had.
    """
    station = Station.objects.get(name="Säntis")
    return JSON(
        {
            "id": station.id,
            "observed_at": station.observed_at,
            "temperature": station.temperature,
        }
    )


def export(request: HttpRequest) -> Response:
    """
    Any media type: text goes out in UTF-8, bytes as they are.
    """
    rows = Station.objects.values_list("name", "elevation")
    lines = [f"{name},{metres}\r\n" for name, metres in rows]
    return Response("".join(lines), media_type="text/csv")


def bulletin(request: HttpRequest) -> PlainText:
    """
    Plain text that says it is UTF-8.
    """
    return PlainText("The ridge is closed until noon.\n")


def plaque(request: HttpRequest) -> HTML:
    """
    Markup that is ready: escape what you put into it, as ever.
    """
    station = Station.objects.get(country="PL")
    return HTML(
        format_html(
            "<h1>{}</h1>\n<p>{} m</p>\n",
            station.name,
            station.elevation,
        )
    )


def moved(request: HttpRequest) -> Redirect:
    """
    307 keeps the method; 301, 302, 303 and 308 are one argument away.
    """
    return Redirect(reverse_lazy("showcase:dict"))


def log_entry(request: HttpRequest) -> JSON:
    """
    Cookies are set by Django's own methods, which chain here.
    """
    return (
        JSON({"entry": 42}, 201, {"X-Sky": "clear"})
        .set_cookie("station", "saentis", samesite="Lax")
        .delete_cookie("draft")
    )


def silence(request: HttpRequest) -> Response:
    """
    A status that allows no body sends none, and no Content-Type.
    """
    return Response(status_code=204)
