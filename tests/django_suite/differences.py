"""
What our handlers do otherwise than Django's, as far as Django's tests notice.

docs/handlers.md gives the same list. A test that is named here and passes is an
error as much as one that is not named and fails.
"""

DIFFERENCES = {
    "requests_tests.tests.RequestsTests.test_wsgirequest_repr": (
        "The class of a request is ours, and its repr() names it: "
        "<BoltWSGIRequest: GET '/'>."
    ),
}
"""The reason for each of Django's tests that is meant to fail, by its id."""
