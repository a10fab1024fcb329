"""Path templates to Django's routes."""

import uuid
from pathlib import Path, PurePath, PurePosixPath
from typing import Annotated, Any, Optional

import pytest
from django.core.exceptions import ImproperlyConfigured

from django_bolt.api.paths import parse_path


def parse(template: str, **annotations: Any) -> Any:
    """Parse a template for a handler with these annotations."""
    return parse_path(template, lambda name: annotations.get(name, Any))


@pytest.mark.parametrize(
    ("template", "route"),
    [
        pytest.param("", "", id="empty"),
        pytest.param("/", "", id="root"),
        pytest.param("/items", "items", id="leading slash"),
        pytest.param("items", "items", id="no leading slash"),
        pytest.param("/items/", "items/", id="trailing slash"),
        pytest.param("//items", "/items", id="one slash goes"),
        pytest.param("/{it}", "<str:it>", id="no annotation"),
        pytest.param("/<int:it>/<other>", "<int:it>/<other>", id="form of Django"),
        pytest.param("/{{{it}}}/}}{{", "{<str:it>}/}{", id="doubled braces"),
        pytest.param("/a-{a}.{b}", "a-<str:a>.<str:b>", id="two in a segment"),
        pytest.param("/50%", "50%", id="percent"),
    ],
)
def test_template_is_a_route(template: str, route: str) -> None:
    assert parse(template).route == route


@pytest.mark.parametrize(
    ("annotation", "converter"),
    [
        pytest.param(int, "int", id="int"),
        pytest.param(str, "str", id="str"),
        pytest.param(uuid.UUID, "uuid", id="UUID"),
        pytest.param(PurePath, "path", id="PurePath"),
        pytest.param(PurePosixPath, "path", id="PurePosixPath"),
        pytest.param(int | None, "int", id="int or None"),
        pytest.param(Optional[int], "int", id="Optional"),  # noqa: UP045
        pytest.param(Annotated[int, "of something"], "int", id="Annotated"),
    ],
)
def test_annotation_chooses_the_converter(annotation: object, converter: str) -> None:
    assert parse("/{it}", it=annotation).route == f"<{converter}:it>"


@pytest.mark.parametrize(
    "annotation",
    [
        pytest.param(float, id="float"),
        pytest.param(bool, id="bool"),
        pytest.param(Path, id="Path, which opens files"),
        pytest.param(int | str, id="union"),
        pytest.param(list[int], id="list"),
        pytest.param([], id="what cannot be hashed"),
        pytest.param(None, id="None"),
    ],
)
def test_other_annotations_are_refused(annotation: object) -> None:
    with pytest.raises(TypeError, match=r"'it', whose annotation must be int, str, uu"):
        parse("/{it}", it=annotation)


@pytest.mark.parametrize(
    ("template", "annotation"),
    [
        pytest.param("/<int:it>", str, id="int and str"),
        pytest.param("/<str:it>", int, id="str and int"),
        pytest.param("/<it>", int, id="no converter and int"),
        pytest.param("/<slug:it>", uuid.UUID, id="slug and UUID"),
        pytest.param("/<uuid:it>", str, id="uuid and str"),
    ],
)
def test_converter_and_annotation_must_agree(template: str, annotation: object) -> None:
    with pytest.raises(TypeError, match="Make them agree"):
        parse(template, it=annotation)


@pytest.mark.parametrize(
    ("template", "annotation", "pure_paths"),
    [
        pytest.param("/<path:it>", PurePath, ("it",), id="PurePath"),
        pytest.param("/<path:it>", str, (), id="str"),
        pytest.param("/<path:it>", Any, (), id="none"),
        pytest.param("/<int:it>", list[int], (), id="not judged"),
        pytest.param("/{it}", PurePath, ("it",), id="by annotation"),
    ],
)
def test_paths_are_told_apart(
    template: str, annotation: object, pure_paths: tuple[str, ...]
) -> None:
    assert parse(template, it=annotation).pure_paths == pure_paths


@pytest.mark.parametrize(
    "template",
    ["/{", "/}", "/{a", "/a}", "/{{a}", "/{a}}", "/{a{b}}"],
)
def test_single_braces_are_refused(template: str) -> None:
    with pytest.raises(ValueError, match="has a single"):
        parse(template)


@pytest.mark.parametrize("template", ["/{}", "/{1}", "/{a b}", "/{a:path}", "/{int:a}"])
def test_what_is_no_name_is_refused(template: str) -> None:
    with pytest.raises(ValueError, match=r"where a parameter must be \{name\}"):
        parse(template)


@pytest.mark.parametrize("template", ["/{it}/{it}", "/{it}/<int:it>"])
def test_name_that_is_there_twice_is_refused(template: str) -> None:
    with pytest.raises(ValueError, match="has the parameter 'it' twice"):
        parse(template)


@pytest.mark.parametrize(
    "template",
    [
        pytest.param("/<nope:it>", id="unknown converter"),
        pytest.param("/<int:1>", id="no identifier"),
        pytest.param("/<int: it>", id="white space"),
    ],
)
def test_what_django_refuses_is_refused(template: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="is refused by Django: URL route"):
        parse(template)


def test_path_that_is_no_text_is_refused() -> None:
    with pytest.raises(TypeError, match="must be a str; got 5"):
        parse(5)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        pytest.param("/{a}", "/<str:b>", True, id="names differ"),
        pytest.param("/{a}", "/<b>", True, id="str is the default"),
        pytest.param("/{a}", "/<int:a>", False, id="converters differ"),
        pytest.param("/{a}/x", "/{a}/y", False, id="texts differ"),
        pytest.param("/{{a}}", "/{{b}}", False, id="braces are text"),
    ],
)
def test_shape_tells_whether_paths_match_the_same(
    one: str, other: str, same: bool
) -> None:
    assert (parse(one).shape == parse(other).shape) is same
