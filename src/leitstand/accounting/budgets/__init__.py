"""Budgets: how far each limit is used, when it will be reached, and whom to tell.

In: rules, counters, what was used by hour. Out: the state of every limit, forecasts, warnings that are due.
Must not know: requests under way, pages, who reads a warning.
"""
