"""Values to bytes and header text, and back: no Django, no I/O, no clock here."""
