"""
Carry a body from its source to the server, whatever the kind of either.

A source, sync or async, is run by a producer (``producers``) in the one thread
or the one task that it keeps for life. What it yields goes through a bounded
buffer (``buffer``) to a consumer (``asgi``, ``wsgi``), which the server asks
for the next part. Only a sync source under WSGI needs none of this.

No HTTP here: no header, no status, no request.
"""
