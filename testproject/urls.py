"""
Addresses of the demo.
"""

from django.conf import settings
from django.conf.urls.static import static
from django.urls import include, path

from testproject.showcase.views.assets import asset

urlpatterns = [
    path("", include("testproject.showcase.urls")),
    # runserver does without; other servers need it, and only where DEBUG is on.
    *static(settings.STATIC_URL, view=asset),
]
