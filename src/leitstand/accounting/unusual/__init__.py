"""Unusual usage: whether a user, key or use case is far outside its own pattern.

In: what each one used by hour, what it used in the last hour, today and this week, what people called expected.
Out: what is unusual, how far, and with which chance of a false alarm.
Must not know: pages, who is told, requests under way.
"""
