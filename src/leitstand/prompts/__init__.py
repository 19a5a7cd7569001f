"""Prompts: what the company asks its models again and again, kept, checked and compared.

In: regression sets with their checks; answers to judge. Out: judgements, agreement, and a verdict on a change.
Must not know: how a model is asked, pages, wire formats of clients.
"""
