"""The balance: proof that counters, journal and hourly sums tell the same of every limit.

In: limits, counters, sums of the journal and of its projection. Out: differences, mended where that is safe.
Must not know: requests under way, pages, when it is asked.
"""
