"""The site under ASGI, by Django's own handler or by ours."""

import os

import django.core.asgi

import django_bolt.asgi

HANDLERS = {
    "django": django.core.asgi.get_asgi_application,
    "bolt": django_bolt.asgi.get_asgi_application,
}

application = HANDLERS[os.environ.get("SITE_HANDLER", "django")]()
