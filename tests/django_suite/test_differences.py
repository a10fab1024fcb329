"""The documentation lists what the run of Django's tests accepts."""

from tests.django_suite.differences import DIFFERENCES, Difference, documented
from tests.docs.blocks import ROOT


def test_handlers_page_lists_exactly_the_differences() -> None:
    page = (ROOT / "docs" / "handlers.md").read_text(encoding="utf-8")
    _, _, rest = page.partition("| test | difference |\n|---|---|\n")
    table, _, _ = rest.partition("\n\n")

    assert table.splitlines() == [
        f"| `{known.test}` | {known.reason} |" for known in DIFFERENCES
    ]


def test_difference_is_expected_of_the_versions_that_have_its_test() -> None:
    known = Difference("some.test", "Because.", since=(6, 0))

    assert known.test not in documented((5, 2))
    assert documented((6, 1)) == {known.test: known.reason for known in DIFFERENCES}
