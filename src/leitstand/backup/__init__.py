"""Backup: what of an installation is kept: all of it in one encrypted file and back again, and old rows how long.

In: a data folder with its database, a backup file and a key, the retention rules. Out: a backup, a folder that works.
Must not know: what the rows mean, who is at work, what a request is.
"""
