"""API: what programs speak with us.

In: HTTP requests of clients. Out: answers and errors in the client's own wire format.
Must not know: how providers are spoken to, how pages look.
"""
