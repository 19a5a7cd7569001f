"""Migrations: the steps that bring a database to the schema of this version. Forward only.

In: a connection under the migration lock. Out: the tables of store/schema.py.
Must not know: the schema module of today; each step is frozen as it was shipped.
"""
