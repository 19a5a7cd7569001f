"""Dialects: the wire formats that clients speak with us.

In: request bytes; frames of an answer. Out: prompts; response bytes and events; error bodies.
Must not know: which provider answers, how texts are masked.
"""
