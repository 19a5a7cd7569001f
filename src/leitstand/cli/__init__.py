"""Command line: the same acts as on the pages, for people and scripts.

In: arguments. Out: data on standard output, everything else on standard error, an exit code.
Must not know: SQL, pages, wire formats. Modules here import heavy things inside `run` only.
"""
