"""
Values to bytes and header text, and back: no Django, no I/O, no clock.

What came from a client is judged here by return values; it raises nothing.
"""
