"""Store: where things are kept.

In: a data folder or a database URL. Out: an engine with the schema in place, blobs, shared state.
Must not know: what the rows mean.
"""
