"""Settings of the site with static files, collected and not."""

import os

from tests.site.settings import *  # noqa: F403
from tests.site.settings import INSTALLED_APPS as SITE_APPS

INSTALLED_APPS = [*SITE_APPS, "django.contrib.staticfiles"]
STATIC_URL = "static/"
STATIC_ROOT = os.environ.get("TEST_COLLECTED", "")
STATICFILES_DIRS = [os.environ["TEST_FOUND"]] if "TEST_FOUND" in os.environ else []
DEBUG = bool(STATICFILES_DIRS)
