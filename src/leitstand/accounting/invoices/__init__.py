"""Invoices: what a provider bills, compared with what the journal booked.

In: a provider's export, sums of the journal, prices, rates. Out: differences with their likely reasons, a verdict.
Must not know: requests under way, limits, pages.
"""
