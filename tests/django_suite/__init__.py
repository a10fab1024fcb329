"""
Django's own tests, run with the handlers of ``django_bolt`` in place of Django's.

``python -m tests.django_suite`` takes the tests of the Django that is installed
from its source distribution, which pip downloads once into a cache; none of
them is kept here. What fails is run again with Django's own handlers: what
fails there too is the machine's doing, and is no difference.
"""
