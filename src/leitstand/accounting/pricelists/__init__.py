"""Price lists: what people import, what it would change, and the prices that records were booked at.

In: files with prices or exchange rates, the configuration. Out: the price book, differences, versions, proofs.
Must not know: requests under way, pages, invoices.
"""
