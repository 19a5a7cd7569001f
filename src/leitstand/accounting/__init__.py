"""Accounting: what a call costs, and whether there is money left for it.

In: rules of limits, price rows, a caller's need before a call and the provider's usage after it. Out: an entry
(hold, then settle or refund, exactly once), costs in nano-euro, the state of every limit.
Must not know: providers' wire formats, routes, prompts' text, the database.
"""
