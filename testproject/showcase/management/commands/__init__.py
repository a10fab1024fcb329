"""
Commands of the demo, a module each.
"""
