"""The journal."""

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, String, Table, Text

from leitstand.store.tables import metadata

# The journal: append-only, hash-chained (journal/chain.py). One row per AI interaction and per audit event.
# Every column but `hash` is covered by the row's hash, which also covers the hash of the row before.
journal = Table(
    "journal",
    metadata,
    Column("seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False),
    Column("id", String(64), nullable=False, unique=True),  # request id or event id
    Column(
        "kind", String(80), nullable=False
    ),  # "interaction", "tool_call", or an audit event: room.object.verb_past
    Column("time_us", BigInteger, nullable=False),  # application time of arrival
    Column("user", String(120), nullable=False, default=""),  # who asked or acted: user name, "system", ""
    Column("department", String(120), nullable=False, default=""),
    Column("use_case", String(120), nullable=False, default=""),
    Column("key_id", String(64), nullable=False, default=""),
    Column("model", String(200), nullable=False, default=""),  # public model name that was asked
    Column("provider", String(120), nullable=False, default=""),  # name of the provider that answered
    Column("provider_model", String(200), nullable=False, default=""),
    Column("region", String(10), nullable=False, default=""),
    Column("data_class", String(20), nullable=False, default=""),
    Column("outcome", String(20), nullable=False, default=""),  # ok cached refused failed left lost
    Column("code", String(60), nullable=False, default=""),  # error code of a refusal or failure
    Column("input_tokens", BigInteger, nullable=False, default=0),
    Column("output_tokens", BigInteger, nullable=False, default=0),
    Column("cached_tokens", BigInteger, nullable=False, default=0),
    Column("reasoning_tokens", BigInteger, nullable=False, default=0),
    Column("cost_nano", BigInteger, nullable=False, default=0),  # nano-euro, booked
    Column("saved_nano", BigInteger, nullable=False, default=0),  # nano-euro that a cache hit saved
    Column("latency_us", BigInteger, nullable=False, default=0),  # arrival to last byte
    Column("first_token_us", BigInteger, nullable=False, default=0),  # arrival to first content
    Column("cache", String(10), nullable=False, default=""),  # hit semantic miss off
    Column("pseudonymised", Integer, nullable=False, default=0),  # entities replaced
    Column(
        "fallback", Integer, nullable=False, default=0
    ),  # targets that failed before the one that answered
    Column("estimated", Boolean, nullable=False, default=False),  # usage is our estimate
    Column(
        "unpriced", Boolean, nullable=False, default=False
    ),  # no price known: booked at the reservation price
    Column(
        "detail", Text, nullable=False, default="{}"
    ),  # canonical JSON: everything else, never prompt text
    Column("hash", String(64), nullable=False),  # hex SHA-256
)
Index("journal_time", journal.c.time_us)
Index("journal_kind_time", journal.c.kind, journal.c.time_us)
Index("journal_user_time", journal.c.user, journal.c.time_us)

# The signed head of the chain: one row, renewed in the transaction that appends (journal/chain.py).
journal_checkpoint = Table(
    "journal_checkpoint",
    metadata,
    Column("id", Integer, primary_key=True),  # always 1
    Column("seq", BigInteger, nullable=False),
    Column("hash", String(64), nullable=False),
    Column("time_us", BigInteger, nullable=False),
    Column("signature", String(200), nullable=False),  # Ed25519 over seq, hash and time, base64
)

# Where the journal begins since old records were purged: one row, renewed in the transaction that deletes them.
journal_cut = Table(
    "journal_cut",
    metadata,
    Column("id", Integer, primary_key=True),  # always 1
    Column("seq", BigInteger, nullable=False),  # the last record that is gone
    Column("hash", String(64), nullable=False),  # its hash: the first record that stays follows it
    Column("time_us", BigInteger, nullable=False),  # application time of the purge
    Column("signature", String(200), nullable=False),  # Ed25519 over seq, hash and time, base64
)

# How far each spool file has been moved into the journal; written in the same transaction as its rows.
journal_spool = Table(
    "journal_spool",
    metadata,
    Column("file", String(200), primary_key=True),
    Column("offset_bytes", BigInteger, nullable=False),
)
