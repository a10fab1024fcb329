"""Settings of the site: django-bolt, and nothing around it."""

import os

SECRET_KEY = "tests only"
ALLOWED_HOSTS = ["*"]
INSTALLED_APPS = ["django_bolt"]
MIDDLEWARE = ["django_bolt.middleware.BoltMiddleware"]
ROOT_URLCONF = "tests.site.urls"
WSGI_APPLICATION = "tests.site.wsgi.application"
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
USE_TZ = True
BOLT_ALLOWED_FILE_DIRS = (
    [os.environ["SITE_FILES"]] if "SITE_FILES" in os.environ else []
)
