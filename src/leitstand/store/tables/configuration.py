"""Configuration, secrets, and what proves who somebody is."""

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, String, Table, Text

from leitstand.store.tables import metadata

# Configuration: one row per named thing (provider, model, use_case, user, limit, price, policy, …).
configuration = Table(
    "configuration",
    metadata,
    Column("kind", String(40), primary_key=True),
    Column("name", String(200), primary_key=True),
    Column("body", Text, nullable=False),  # JSON, checked by configuration/models.py
    Column("changed_us", BigInteger, nullable=False),
    Column("changed_by", String(120), nullable=False),
)

# One row; `version` grows with every change that the running processes must notice within 2 seconds.
configuration_version = Table(
    "configuration_version",
    metadata,
    Column("id", Integer, primary_key=True),  # always 1
    Column("version", BigInteger, nullable=False),
)

# Secrets (provider API keys given as literals), encrypted with the installation's master key.
secret = Table(
    "secret",
    metadata,
    Column("name", String(200), primary_key=True),
    Column("sealed", LargeBinary, nullable=False),
    Column("changed_us", BigInteger, nullable=False),
)

# What proves that a person is who they say; the person itself is configuration of kind `user`.
credential = Table(
    "credential",
    metadata,
    Column("user", String(120), primary_key=True),
    Column("password_hash", Text, nullable=False, default=""),
    Column("changed_us", BigInteger, nullable=False),
)

virtual_key = Table(
    "virtual_key",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("user", String(120), nullable=False),
    Column("label", String(200), nullable=False, default=""),
    Column("hint", String(20), nullable=False),  # first characters, to recognise it by
    Column("digest", String(64), nullable=False, unique=True),  # keyed hash; the key itself is never stored
    Column("use_cases", Text, nullable=False, default="[]"),  # JSON list; empty = all of its owner
    Column("models", Text, nullable=False, default="[]"),
    Column("networks", Text, nullable=False, default="[]"),  # JSON list of CIDR ranges
    Column("created_us", BigInteger, nullable=False),
    Column("expires_us", BigInteger, nullable=True),
    Column("revoked_us", BigInteger, nullable=True),
    Column("replaced_by", String(64), nullable=True),  # set by rotation
)
Index("virtual_key_user", virtual_key.c.user)

session = Table(
    "session",
    metadata,
    Column("digest", String(64), primary_key=True),  # SHA-256 of the cookie's token
    Column("user", String(120), nullable=False),
    Column("csrf", String(64), nullable=False),
    Column("created_us", BigInteger, nullable=False),
    Column("seen_us", BigInteger, nullable=False),
    Column("expires_us", BigInteger, nullable=False),
)
