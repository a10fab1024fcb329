"""Tests of ``django_bolt.streams``, in-process and on real servers."""
