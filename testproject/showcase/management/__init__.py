"""
Commands of the demo.
"""
