"""Answers: a question of a person, answered within its conversation.

In: a caller and a question. Out: events of the answer as it comes, and the conversation as it is kept.
Must not know: pages, wire formats; it asks the gateway like everyone else.
"""
