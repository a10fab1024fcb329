"""Tests of ``django_bolt.responses``."""
