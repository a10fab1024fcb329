"""
Django's handlers without their waste: what ``asgi`` and ``wsgi`` hand out.

The rule of each shortcut here: it is taken where its result cannot be told from
Django's, and everywhere else Django's own code runs.
"""
