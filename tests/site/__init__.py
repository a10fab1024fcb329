"""A site for tests on real servers."""
