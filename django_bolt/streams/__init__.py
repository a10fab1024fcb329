"""
Carry a body from its source to the server, whatever the kind of either.

A source, sync or async, is run by a producer (``producers``) in the one thread
or the one task that it keeps for life. Where that is not the server's own, what
it yields goes through a bounded buffer (``buffer``) to whoever delivers it
(``asgi``, ``wsgi``). An async source under ASGI is run by the very task that
sends it, by hand (``stepping``); a sync one under WSGI needs none of this.

No HTTP here: no header, no status, no request.
"""
