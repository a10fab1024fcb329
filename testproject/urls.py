"""
Addresses of the demo.
"""

from django.contrib.staticfiles.urls import staticfiles_urlpatterns
from django.urls import include, path

urlpatterns = [
    path("", include("testproject.showcase.urls")),
    # runserver does without; other servers need it, and only where DEBUG is on.
    *staticfiles_urlpatterns(),
]
