"""
The demo as a WSGI application: ``gunicorn --threads 4 testproject.wsgi``.
"""

import os

from django_bolt.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "testproject.settings")

application = get_wsgi_application()
