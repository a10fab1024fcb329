"""Tests of ``django_bolt.encoding``."""
