"""Journal: the only truth.

In: records of what happened. Out: a durable, hash-chained, signed history that everyone else reads from.
Must not know: prompts, answers, people's rights; what a record means to budgets or pages.
"""
