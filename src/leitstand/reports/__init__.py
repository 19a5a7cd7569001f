"""Reports: figures that people steer by, all read from the journal.

In: journal rows, the state of the gateway's targets, a span of time. Out: snapshots of figures as values.
Must not know: pages, wire formats, prompt or answer text, figures of single persons.
"""
