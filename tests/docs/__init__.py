"""README.md and docs/ do what they say: every code block of theirs is run."""
