"""Entity tags and preconditions: a row for each sentence of RFC 9110 §8.8, §13."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from django_bolt.wire.dates import format_date
from django_bolt.wire.validators import (
    Conditions,
    Validators,
    allows_range,
    evaluate,
    make_etag,
    matches_strongly,
    matches_weakly,
    parse_etags,
)

MODIFIED = 784111777  # Sun, 06 Nov 1994 08:49:37 GMT
NOW = MODIFIED + 1000
SAME = format_date(MODIFIED)
EARLIER = format_date(MODIFIED - 1)
LATER = format_date(MODIFIED + 1)
VALIDATORS = Validators('"xyzzy"', MODIFIED)
WEAK = Validators('W/"xyzzy"', MODIFIED)
NONE = Validators(None, None)


@pytest.mark.parametrize(
    ("one", "other", "strongly", "weakly"),
    [
        ('W/"1"', 'W/"1"', False, True),
        ('W/"1"', 'W/"2"', False, False),
        ('W/"1"', '"1"', False, True),
        ('"1"', '"1"', True, True),
    ],
)
def test_matches_follow_the_table_of_the_standard(
    one: str, other: str, strongly: bool, weakly: bool
) -> None:
    """§8.8.3.2, "Table 3: Entity-Tag Comparison"."""
    assert matches_strongly(one, other) is strongly
    assert matches_weakly(one, other) is weakly


@pytest.mark.parametrize(
    ("text", "tags"),
    [
        pytest.param('"xyzzy"', ['"xyzzy"'], id="one"),
        pytest.param('W/"xyzzy"', ['W/"xyzzy"'], id="weak"),
        pytest.param('""', ['""'], id="empty tag"),
        pytest.param('"a", "b",W/"c"', ['"a"', '"b"', 'W/"c"'], id="list"),
        pytest.param(' ,, "a"\t, ', ['"a"'], id="empty elements"),
        pytest.param('"a,b"', ['"a,b"'], id="comma inside"),
        pytest.param('"\xe4"', ['"\xe4"'], id="obs-text"),
        pytest.param("a", [], id="no quotes"),
        pytest.param('a, "b"', ['"b"'], id="a tag after what is none"),
        pytest.param('"a" b, "c"', ['"c"'], id="text after a tag"),
        pytest.param('w/"a"', [], id="weakness is case-sensitive"),
        pytest.param('"a b"', [], id="a space is no etagc"),
        pytest.param('"a', [], id="open quote"),
        pytest.param("", [], id="nothing"),
    ],
)
def test_parse_etags_takes_what_is_a_tag(text: str, tags: list[str]) -> None:
    assert parse_etags(text) == tags


@given(st.text())
def test_parse_etags_never_raises(text: str) -> None:
    assert all(tag in text for tag in parse_etags(text))


def test_make_etag_is_a_tag() -> None:
    tag = make_etag(255, 0)

    assert parse_etags(tag) == [tag] == ['"ff-0"']


@pytest.mark.parametrize(
    ("conditions", "validators", "status"),
    [
        pytest.param(Conditions(), VALIDATORS, 200, id="no condition"),
        # §13.1.1, If-Match
        pytest.param(Conditions(if_match='"xyzzy"'), VALIDATORS, 200, id="IM same"),
        pytest.param(
            Conditions(if_match='"a", "xyzzy"'), VALIDATORS, 200, id="IM in list"
        ),
        pytest.param(Conditions(if_match='"a"'), VALIDATORS, 412, id="IM other"),
        pytest.param(Conditions(if_match="*"), VALIDATORS, 200, id="IM any"),
        pytest.param(Conditions(if_match="*"), NONE, 200, id="IM any, no tag"),
        pytest.param(Conditions(if_match='"a"'), NONE, 412, id="IM, no tag"),
        pytest.param(Conditions(if_match="xyzzy"), VALIDATORS, 412, id="IM malformed"),
        pytest.param(Conditions(if_match='W/"xyzzy"'), WEAK, 412, id="IM weak"),
        # §13.1.4, If-Unmodified-Since
        pytest.param(
            Conditions(if_unmodified_since=SAME), VALIDATORS, 200, id="IUS same"
        ),
        pytest.param(
            Conditions(if_unmodified_since=LATER), VALIDATORS, 200, id="IUS later"
        ),
        pytest.param(
            Conditions(if_unmodified_since=EARLIER), VALIDATORS, 412, id="IUS earlier"
        ),
        pytest.param(
            Conditions(if_unmodified_since="x"), VALIDATORS, 200, id="IUS no date"
        ),
        pytest.param(
            Conditions(if_unmodified_since=EARLIER), NONE, 200, id="IUS unknown"
        ),
        pytest.param(
            Conditions(if_match='"xyzzy"', if_unmodified_since=EARLIER),
            VALIDATORS,
            200,
            id="IUS is ignored beside IM",
        ),
        # §13.1.2, If-None-Match
        pytest.param(
            Conditions(if_none_match='"xyzzy"'), VALIDATORS, 304, id="INM same"
        ),
        pytest.param(
            Conditions(if_none_match='W/"xyzzy"'), VALIDATORS, 304, id="INM weak"
        ),
        pytest.param(Conditions(if_none_match='"xyzzy"'), WEAK, 304, id="INM our weak"),
        pytest.param(Conditions(if_none_match='"a"'), VALIDATORS, 200, id="INM other"),
        pytest.param(Conditions(if_none_match="*"), VALIDATORS, 304, id="INM any"),
        pytest.param(Conditions(if_none_match="*"), NONE, 304, id="INM any, no tag"),
        pytest.param(Conditions(if_none_match='"a"'), NONE, 200, id="INM, no tag"),
        # §13.1.3, If-Modified-Since
        pytest.param(
            Conditions(if_modified_since=SAME), VALIDATORS, 304, id="IMS same"
        ),
        pytest.param(
            Conditions(if_modified_since=LATER), VALIDATORS, 304, id="IMS later"
        ),
        pytest.param(
            Conditions(if_modified_since=EARLIER), VALIDATORS, 200, id="IMS earlier"
        ),
        pytest.param(
            Conditions(if_modified_since="x"), VALIDATORS, 200, id="IMS no date"
        ),
        pytest.param(Conditions(if_modified_since=LATER), NONE, 200, id="IMS unknown"),
        pytest.param(
            Conditions(if_none_match='"a"', if_modified_since=LATER),
            VALIDATORS,
            200,
            id="IMS is ignored beside INM",
        ),
        # §13.2.2, the order
        pytest.param(
            Conditions(if_match='"a"', if_none_match='"xyzzy"'),
            VALIDATORS,
            412,
            id="IM comes before INM",
        ),
        pytest.param(
            Conditions(if_unmodified_since=EARLIER, if_none_match='"xyzzy"'),
            VALIDATORS,
            412,
            id="IUS comes before INM",
        ),
        pytest.param(
            Conditions(if_match='"xyzzy"', if_none_match='"xyzzy"'),
            VALIDATORS,
            304,
            id="INM after a true IM",
        ),
        pytest.param(
            Conditions(if_range='"a"'), VALIDATORS, 200, id="If-Range never stops"
        ),
    ],
)
def test_evaluate(conditions: Conditions, validators: Validators, status: int) -> None:
    assert evaluate(conditions, validators, NOW) == status


@pytest.mark.parametrize(
    ("if_range", "validators", "allowed"),
    [
        pytest.param(None, VALIDATORS, True, id="absent"),
        pytest.param('"xyzzy"', VALIDATORS, True, id="same tag"),
        pytest.param(' "xyzzy" ', VALIDATORS, True, id="whitespace around"),
        pytest.param('"a"', VALIDATORS, False, id="other tag"),
        pytest.param('W/"xyzzy"', VALIDATORS, False, id="weak tag"),
        pytest.param('W/"xyzzy"', WEAK, False, id="both weak"),
        pytest.param('"xyzzy"', WEAK, False, id="our tag is weak"),
        pytest.param('"xyzzy", "b"', VALIDATORS, False, id="a list is no tag"),
        pytest.param("*", VALIDATORS, False, id="a star is no tag"),
        pytest.param('"xyzzy"', NONE, False, id="no tag to compare with"),
        pytest.param(SAME, VALIDATORS, True, id="same date"),
        pytest.param(
            "Sunday, 06-Nov-94 08:49:37 GMT", VALIDATORS, True, id="in another format"
        ),
        pytest.param(LATER, VALIDATORS, False, id="later date is not exact"),
        pytest.param(EARLIER, VALIDATORS, False, id="earlier date"),
        pytest.param(SAME, NONE, False, id="no date to compare with"),
        pytest.param("", VALIDATORS, False, id="empty"),
        pytest.param("", NONE, False, id="empty, and no date"),
    ],
)
def test_allows_range(
    if_range: str | None, validators: Validators, allowed: bool
) -> None:
    """§13.1.5: a strong comparison for tags, an exact one for dates."""
    assert allows_range(if_range, validators, NOW) is allowed
