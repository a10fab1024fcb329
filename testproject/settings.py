"""
Settings of the demo: Django's defaults, SQLite, and django-bolt.

Three environment variables change it. ``DEMO_DEBUG=0`` shows what a visitor of
a real site sees, ``DEMO_ALLOWED_HOSTS`` lists further host names (comma between
them), and ``DEMO_DATABASE`` puts the SQLite file elsewhere.
"""

import os
from pathlib import Path

BASE_DIR = Path(__file__).resolve().parent.parent

SECRET_KEY = "demo-only: this key is public, never use it for a site of your own"

DEBUG = os.environ.get("DEMO_DEBUG", "1") != "0"

ALLOWED_HOSTS = [
    "localhost",
    "127.0.0.1",
    "[::1]",
    *filter(None, os.environ.get("DEMO_ALLOWED_HOSTS", "").split(",")),
]

# The demo comes first: its runserver goes before that of staticfiles.
INSTALLED_APPS = [
    "testproject.showcase",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_bolt",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_bolt.middleware.BoltMiddleware",
]

BOLT_ALLOWED_FILE_DIRS = [BASE_DIR / "testproject" / "media"]

ROOT_URLCONF = "testproject.urls"

WSGI_APPLICATION = "testproject.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "testproject.showcase.pages.site",
            ],
        },
    },
]

DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": os.environ.get("DEMO_DATABASE", BASE_DIR / "db.sqlite3"),
    },
}

DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

LANGUAGE_CODE = "en-us"

TIME_ZONE = "UTC"

USE_I18N = True

USE_TZ = True

STATIC_URL = "static/"
