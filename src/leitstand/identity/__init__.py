"""Identity: who asks.

In: a virtual key, a session cookie, a sign-in. Out: a `Caller` with role, department and what the key allows.
Must not know: models, providers, budgets, what is asked.
"""
