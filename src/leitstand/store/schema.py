"""All tables, in one place, portable between SQLite and PostgreSQL; times are int64 microseconds since 1970.

Migrations in `store/migrations/versions` bring a database here; a test compares the two.
"""

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, LargeBinary, MetaData, String, Table, Text

metadata = MetaData()

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

# Conversations of the chat. Texts are sealed (core/sealing.py); deleting a row deletes the text for good.
conversation = Table(
    "conversation",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("user", String(120), nullable=False),
    Column("use_case", String(120), nullable=False, default=""),
    Column("model", String(200), nullable=False, default=""),
    Column("title", LargeBinary, nullable=False),  # sealed
    Column("created_us", BigInteger, nullable=False),
    Column("changed_us", BigInteger, nullable=False),
)
Index("conversation_user", conversation.c.user, conversation.c.changed_us)

conversation_message = Table(
    "conversation_message",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("conversation", String(64), nullable=False),
    Column("position", Integer, nullable=False),
    Column("variant", Integer, nullable=False, default=0),  # regenerated answers share a position
    Column("role", String(20), nullable=False),  # user assistant
    Column("request_id", String(64), nullable=False, default=""),
    Column("body", LargeBinary, nullable=False),  # sealed JSON: text, spans, citations, error
    Column("created_us", BigInteger, nullable=False),
)
Index("conversation_message_place", conversation_message.c.conversation, conversation_message.c.position)

# Kept answers of the Responses API with what was asked (answers/responses). Texts are sealed for their owner.
kept_response = Table(
    "kept_response",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("user", String(120), nullable=False),
    Column("use_case", String(120), nullable=False),
    Column("previous", String(64), nullable=False, default=""),  # the answer it goes on from
    Column("body", LargeBinary, nullable=False),  # sealed JSON: items of the request, the response object
    Column("created_us", BigInteger, nullable=False),
)
Index("kept_response_age", kept_response.c.created_us)

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

# Regression sets: questions by which a change of model is judged (prompts/regression). Texts are sealed.
regression_set = Table(
    "regression_set",
    metadata,
    Column("name", String(100), primary_key=True),
    Column("nightly", Boolean, nullable=False, default=False),
    Column("body", LargeBinary, nullable=False),  # sealed: the whole set
    Column(
        "accepted", Text, nullable=False, default="{}"
    ),  # JSON: model -> trial whose answers count as good
    Column("changed_us", BigInteger, nullable=False),
    Column("changed_by", String(120), nullable=False),
)

# One comparison of two models on a set, or one night of one model. It carries the set as it was.
trial = Table(
    "trial",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("set_name", String(100), nullable=False),
    Column("night", String(10), nullable=False, default=""),  # ISO day of a nightly run, else empty
    Column("candidate", String(200), nullable=False),
    Column("baseline", String(200), nullable=False, default=""),  # empty: a nightly run
    Column("repetitions", Integer, nullable=False),
    Column("state", String(20), nullable=False),  # waiting running done stopped cancelled
    Column("decision", String(20), nullable=False, default=""),  # go no_go more_runs; a night: same drifted
    Column("reason", Text, nullable=False, default=""),  # JSON {de, en}: why it stopped
    Column("most_nano", BigInteger, nullable=False),  # nano-euro that it may cost
    Column("body", LargeBinary, nullable=False),  # sealed: the set
    Column("created_us", BigInteger, nullable=False),
    Column("created_by", String(120), nullable=False),
    Column("finished_us", BigInteger, nullable=True),
)
Index("trial_set", trial.c.set_name, trial.c.created_us)

# The answers of a trial, stored as they come, so that a killed process pays for none twice.
trial_answer = Table(
    "trial_answer",
    metadata,
    Column("trial", String(64), primary_key=True),
    Column("model", String(200), primary_key=True),
    Column("case", String(100), primary_key=True),
    Column("repetition", Integer, primary_key=True),
    Column("request_id", String(64), nullable=False),
    Column("answered", Boolean, nullable=False),
    Column("passed", Boolean, nullable=False),
    Column("cost_nano", BigInteger, nullable=False),
    Column("latency_us", BigInteger, nullable=False),
    Column("output_tokens", BigInteger, nullable=False),
    Column("body", LargeBinary, nullable=False),  # sealed: text, failed checks, error
    Column("created_us", BigInteger, nullable=False),
)

# What was used in each hour: sums of the journal's booked records (accounting/budgets/projection.py), which can be
# made from it again. Figures by day, month, scope and model are read here, not from millions of records.
usage_hour = Table(
    "usage_hour",
    metadata,
    Column("hour_us", BigInteger, primary_key=True, autoincrement=False),  # begin of the hour
    Column("user", String(120), primary_key=True),
    Column("use_case", String(120), primary_key=True),
    Column("key_id", String(64), primary_key=True),
    Column("model", String(200), primary_key=True),  # public name that answered
    Column("provider", String(120), primary_key=True),
    Column("provider_model", String(200), primary_key=True),
    Column("department", String(120), primary_key=True),
    Column("day", String(10), nullable=False),  # ISO, in the organisation's time zone
    Column("requests", BigInteger, nullable=False),  # all, refused ones too
    Column("cached", BigInteger, nullable=False),  # answered from a cache; the next three leave them out
    Column("input_tokens", BigInteger, nullable=False),
    Column("output_tokens", BigInteger, nullable=False),
    Column("cost_nano", BigInteger, nullable=False),
    Column("saved_nano", BigInteger, nullable=False),  # what caches saved
    Column("unpriced", BigInteger, nullable=False),  # requests booked without a known price
)
Index("usage_hour_day", usage_hour.c.day)

# How far the journal is in `usage_hour`; written in the same transaction.
usage_mark = Table(
    "usage_mark",
    metadata,
    Column("id", Integer, primary_key=True),  # always 1
    Column("seq", BigInteger, nullable=False),
    Column("timezone", String(80), nullable=False),  # by which `day` was found; another one starts anew
)
