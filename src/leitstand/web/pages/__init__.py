"""The shelf of pages: one file each, with its template beside it.

In: a Desk (ports, templates, words). Out: a constant PAGE with routes and navigation entries.
Must not know: each other; what two pages share stands one floor up in web/.
"""
