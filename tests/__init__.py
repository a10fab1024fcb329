"""The tests of django_bolt; the folders mirror the package, path for path."""
