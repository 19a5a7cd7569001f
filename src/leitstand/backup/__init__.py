"""Backup: the whole installation in one encrypted file, and back again.

In: a data folder with its database, or a backup file, and a key. Out: a backup file, or a folder that works.
Must not know: what the rows mean, who is at work, what a request is.
"""
