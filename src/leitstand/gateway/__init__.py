"""Gateway: the way of a request, from a known caller to the restored, settled, journalled answer.

In: a `Request` with its caller. Out: a `Head` and frames of the answer, or a refusal.
Must not know: wire formats of clients, HTTP, pages, documents; it never touches the database.
"""
