"""Leaks: a sealed sample of what left the house is looked at again at night, more strictly than by day.

In: masked texts as they were sent, the vault. Out: suspicions, kept as findings until somebody has decided on them.
Must not know: providers, jobs and when they run, pages, who may see what.
"""
