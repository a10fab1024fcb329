"""Tests of BoltAPI; a file for each module of the package."""
