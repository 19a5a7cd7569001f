"""The vault of placeholders, and the leak watch."""

from sqlalchemy import BigInteger, Column, Index, LargeBinary, String, Table, Text

from leitstand.store.tables import metadata

# The vault of placeholders (privacy/vault.py): one row per scope that clients name. Its key is gone once it is erased.
privacy_scope = Table(
    "privacy_scope",
    metadata,
    Column("id", String(64), primary_key=True),  # keyed hash of the name, which may itself be a person's
    Column(
        "sealed_key", LargeBinary, nullable=True
    ),  # the scope's own key under the master key; null: erased
    Column(
        "last", Text, nullable=False, default="{}"
    ),  # JSON: word -> highest number ever given; outlives erasure
    Column("created_us", BigInteger, nullable=False),
    Column("used_us", BigInteger, nullable=False),
)
Index("privacy_scope_age", privacy_scope.c.used_us)

privacy_entry = Table(
    "privacy_entry",
    metadata,
    Column("scope", String(64), primary_key=True),
    Column("placeholder", String(60), primary_key=True),
    Column("sealed", LargeBinary, nullable=False),  # the original, under the scope's key
)

# The leak watch (privacy/leaks): a sample of what left the house, masked, sealed, gone after some days.
leak_sample = Table(
    "leak_sample",
    metadata,
    Column("id", String(64), primary_key=True),  # request id
    Column("time_us", BigInteger, nullable=False),
    Column("department", String(120), nullable=False, default=""),
    Column("use_case", String(120), nullable=False, default=""),
    Column("provider", String(120), nullable=False, default=""),
    Column("scope", String(64), nullable=False, default=""),  # hashed name of the client's file
    Column("body", LargeBinary, nullable=False),  # sealed: texts
    Column("checked_us", BigInteger, nullable=False, default=0),  # 0: not yet
)
Index("leak_sample_age", leak_sample.c.checked_us, leak_sample.c.time_us)

leak_finding = Table(
    "leak_finding",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("request_id", String(64), nullable=False),
    Column("sent_us", BigInteger, nullable=False),
    Column("found_us", BigInteger, nullable=False),
    Column("type", String(40), nullable=False),  # of privacy/entities.py, or the word of a placeholder
    Column("certainty", String(20), nullable=False),  # certain likely possible
    Column("use_case", String(120), nullable=False, default=""),
    Column("provider", String(120), nullable=False, default=""),
    Column("state", String(20), nullable=False),  # open confirmed dismissed
    Column("decided_by", String(120), nullable=False, default=""),
    Column("decided_us", BigInteger, nullable=False, default=0),
    Column("note", Text, nullable=False, default=""),
    Column("body", LargeBinary, nullable=True),  # sealed: words and context; null once their time is over
)
Index("leak_finding_age", leak_finding.c.found_us)
