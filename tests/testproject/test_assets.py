"""
The files of the pages, as servers other than runserver send them.
"""

from contextlib import closing

import pytest
from django.core.exceptions import SuspiciousFileOperation
from django.http import Http404
from django.test import RequestFactory

from testproject.showcase.views.assets import asset


# To close a response is to look after the database connections of the request.
@pytest.mark.django_db
@pytest.mark.parametrize("path", ["showcase/demo.css", "/showcase//demo.css"])
def test_asset_is_sent_from_where_it_lies(rf: RequestFactory, path: str) -> None:
    with closing(asset(rf.get("/"), path)) as response:
        body = response.getvalue()

    assert response["Content-Type"] == "text/css; charset=utf-8"
    assert b"color-scheme" in body


def test_asset_that_is_missing_is_not_found(rf: RequestFactory) -> None:
    with pytest.raises(Http404):
        asset(rf.get("/"), "showcase/missing.css")


def test_asset_outside_the_folders_is_refused(rf: RequestFactory) -> None:
    with pytest.raises(SuspiciousFileOperation):
        asset(rf.get("/"), "../../settings.py")
