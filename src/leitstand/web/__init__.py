"""Web: the pages that people see.

In: HTTP requests of a browser, and what the ports (ports.py) tell. Out: HTML, and chat events as a stream.
Must not know: SQL, providers, adapters, how an answer is made; it is not needed for the /v1 path.
"""
