"""Tiers: how demanding is this request, and why?

In: a prompt. Out: a judgement, a tier with the points of every feature that led to it.
Must not know: models, prices, people; it keeps numbers only, never a word of the prompt.
"""
