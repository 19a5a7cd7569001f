"""Providers: the only door to AI models.

In: Masked prompts and targets. Out: frames of answers, or faults.
Must not know: who asks, budgets, originals of placeholders.
"""
