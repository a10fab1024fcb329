"""
The demo of django-bolt: ``python manage.py demo`` starts it.
"""
