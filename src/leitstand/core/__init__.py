"""Core: the words of the house, known to every room.

In: nothing. Out: values, errors, clock, ids, money, settings, events, translations.
Must not know: any room, any server, any database.
"""
