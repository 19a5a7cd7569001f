"""Adapters: the shelf of provider kinds, one file each, each with its own sample exchange.

In: a masked prompt and a target. Out: the frames of the answer, or a fault.
Must not know: other adapters, routing, retries.
"""
