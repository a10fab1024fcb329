"""Errors of forms: a list that msgspec would find empty."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django import forms
from django.forms.utils import ErrorList
from django.http import JsonResponse

from django_bolt.encoding import encode_json, encode_json_inline

REQUIRED = "This field is required."


class Loud(ErrorList):
    """A project's own class of errors."""


class NameForm(forms.Form):
    """A form with a mistake in a field, and one in the whole."""

    name = forms.CharField()

    def clean(self) -> None:
        """Find a mistake that is no field's."""
        raise forms.ValidationError("All is lost.")


form = NameForm({})
loud = NameForm({}, error_class=Loud)
formset = forms.formset_factory(NameForm)(
    {"form-TOTAL_FORMS": "1", "form-INITIAL_FORMS": "1", "form-0-name": ""}
)
ERRORS = {"name": [REQUIRED], "__all__": ["All is lost."]}


@pytest.mark.parametrize("encode", [encode_json, encode_json_inline])
@pytest.mark.parametrize(
    ("data", "sent"),
    [
        pytest.param(form.errors, ERRORS, id="of a form"),
        pytest.param(form.errors["name"], [REQUIRED], id="of a field"),
        pytest.param(form.non_field_errors(), ["All is lost."], id="of the whole"),
        pytest.param(loud.errors, ERRORS, id="of a class of the project"),
        pytest.param(loud.errors["name"], [REQUIRED], id="one of such a class"),
        pytest.param(formset.errors, [ERRORS], id="of a formset"),
        pytest.param({"errors": form.errors}, {"errors": ERRORS}, id="in a dict"),
        pytest.param(
            {"ok": False, "errors": form.errors, "rest": [1, ()]},
            {"ok": False, "errors": ERRORS, "rest": [1, []]},
            id="beside others",
        ),
        pytest.param(
            {"errors": form.errors["name"]}, {"errors": [REQUIRED]}, id="one in a dict"
        ),
        pytest.param((form.errors, None), [ERRORS, None], id="in a tuple"),
        pytest.param(
            {"form": {"errors": form.errors}},
            {"form": {"errors": ERRORS}},
            id="in a dict of a dict",
        ),
        pytest.param(
            [{"row": 1, "errors": form.errors}, {"row": 2, "errors": {}}],
            [{"row": 1, "errors": ERRORS}, {"row": 2, "errors": {}}],
            id="in rows",
        ),
        pytest.param(
            {"forms": [{"errors": form.errors}] * 2},
            {"forms": [{"errors": ERRORS}] * 2},
            id="in rows of a dict",
        ),
        pytest.param(
            {"steps": [[form.errors["name"]], [], ()]},
            {"steps": [[[REQUIRED]], [], []]},
            id="in lists of lists",
        ),
        pytest.param(
            {"form": {"errors": loud.errors}, "rows": [[]], "more": {}},
            {"form": {"errors": ERRORS}, "rows": [[]], "more": {}},
            id="of a class of the project, in a dict of a dict",
        ),
        pytest.param([], [], id="none in a list"),
    ],
)
def test_errors_of_a_form_are_sent_as_json_response_sends_them(
    encode: Callable[[object], bytes], data: Any, sent: object
) -> None:
    assert json.loads(encode(data)) == sent
    assert json.loads(JsonResponse(data, safe=False).content) == sent


def test_data_is_left_as_it_was() -> None:
    errors = NameForm({}).errors
    data = {"errors": errors}

    encode_json(data)

    assert data["errors"] is errors
    assert isinstance(errors["name"], ErrorList)


def test_mistake_beside_errors_of_a_form_is_named() -> None:
    with pytest.raises(TypeError, match=r'data\["owner"\]\[0\] has no JSON form'):
        encode_json({"errors": form.errors, "owner": [object()]})


def test_cycle_beside_errors_of_a_form_is_named() -> None:
    data: dict[str, Any] = {"errors": form.errors}
    data["again"] = data

    with pytest.raises(ValueError, match=r'\["again"\] must not hold itself'):
        encode_json(data)
