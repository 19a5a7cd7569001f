"""The review of a month: who drives cost, what changed and why, what to do about tiers, limits and caches.

In: sums by hour, records of one month, limits, the configuration. Out: a review as a value that is stored as JSON.
Must not know: pages, figures of single persons: groups of fewer than `LEAST_PEOPLE` are merged before anything leaves.
"""
