"""Privacy: personal data does not leave the house.

In: a prompt, the names that stay readable, terms. Out: the same prompt masked, a mapping, a restorer for answers.
Must not know: providers, callers, routes, what a request costs or who may ask it.
"""
