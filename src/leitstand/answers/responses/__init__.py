"""Kept responses: what clients of the Responses API asked and heard, so that they can go on from it.

In: items and answers with their owner. Out: the conversation behind an answer, for the same owner only.
Must not know: how a request is served, pages.
"""
