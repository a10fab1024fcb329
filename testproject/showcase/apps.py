"""
The demo as a Django app.
"""

from django.apps import AppConfig


class ShowcaseConfig(AppConfig):
    """
    Cards that show what a view may return.
    """

    name = "testproject.showcase"
