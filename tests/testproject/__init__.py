"""
The demo keeps its promises.
"""
