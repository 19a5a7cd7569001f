"""The tables by subject; store/schema.py has them all."""

from sqlalchemy import MetaData

metadata = MetaData()
