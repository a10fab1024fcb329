"""
The demo's views. The cards show them as they stand here.
"""
