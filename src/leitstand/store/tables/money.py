"""Usage, prices, invoices, scenarios."""

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, String, Table, Text

from leitstand.store.tables import metadata

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

# Who used far more than is usual for them (accounting/unusual), and what people said about it.
unusual_usage = Table(
    "unusual_usage",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("scope", String(200), nullable=False),  # user:NAME, key:ID, use_case:NAME
    Column("rule", String(40), nullable=False),  # token_use_unusual usage_pattern_unusual
    Column("window", String(10), nullable=False),  # hour day off week
    Column("measure", String(20), nullable=False),  # cost_nano tokens requests
    Column("amount", BigInteger, nullable=False),  # the most that was seen in the window
    Column("typical", BigInteger, nullable=False),
    Column("bound", BigInteger, nullable=False),
    Column("found_us", BigInteger, nullable=False),
    Column("last_us", BigInteger, nullable=False),  # last seen beyond the bound
    Column("ended_us", BigInteger, nullable=True),
    Column("verdict", String(20), nullable=False, default=""),  # seen expected
    Column("note", Text, nullable=False, default=""),
    Column("judged_us", BigInteger, nullable=True),
    Column("judged_by", String(120), nullable=False, default=""),
)
Index("unusual_usage_found", unusual_usage.c.found_us)

# The review of a month (reports/review): figures as they were generated, and what people wrote about them.
usage_review = Table(
    "usage_review",
    metadata,
    Column("month", String(7), primary_key=True),  # 2026-10, in the organisation's time zone
    Column("version", Integer, nullable=False),  # of the form of `body`
    Column("revision", Integer, nullable=False),  # how often it was generated
    Column("body", Text, nullable=False),  # JSON
    Column("created_us", BigInteger, nullable=False),
    Column("created_by", String(120), nullable=False),
    Column("notes", Text, nullable=False, default=""),
    Column("notes_us", BigInteger, nullable=True),
    Column("notes_by", String(120), nullable=False, default=""),
)

# How far the journal is in `usage_hour`; written in the same transaction.
usage_mark = Table(
    "usage_mark",
    metadata,
    Column("id", Integer, primary_key=True),  # always 1
    Column("seq", BigInteger, nullable=False),
    Column("timezone", String(80), nullable=False),  # by which `day` was found; another one starts anew
)

# What-if scenarios with their results (reports/what_if). Sums by use case; nothing of persons or texts.
what_if = Table(
    "what_if",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("title", String(200), nullable=False),
    Column("scenario", Text, nullable=False),  # JSON, checked by reports/what_if/scenario.py
    Column("state", String(20), nullable=False),  # waiting running done failed
    Column("done", Integer, nullable=False, default=0),  # days replayed
    Column("total", Integer, nullable=False, default=0),
    Column("reason", Text, nullable=False, default=""),  # JSON {de, en}: why it failed
    Column("result", Text, nullable=False, default=""),  # JSON of reports/what_if/result.py
    Column("created_us", BigInteger, nullable=False),
    Column("created_by", String(120), nullable=False),
    Column("finished_us", BigInteger, nullable=True),
)
Index("what_if_age", what_if.c.created_us)

# Prices by which records were booked: a record names one in `detail.price` (accounting/pricelists/snapshots.py).
price_snapshot = Table(
    "price_snapshot",
    metadata,
    Column("id", String(16), primary_key=True),  # hash of the body's figures
    Column("first_us", BigInteger, nullable=False),  # when it was first used
    Column("body", Text, nullable=False),  # JSON: the price, to the last digit
)

# Price lists and exchange rates that people imported, every version (accounting/pricelists/).
price_list = Table(
    "price_list",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("kind", String(10), nullable=False),  # list own rates
    Column("source", String(200), nullable=False),  # the file's name
    Column("sha256", String(64), nullable=False),  # of the file
    Column("entries", Integer, nullable=False),
    Column("difference", Text, nullable=False),  # JSON: against the prices of the day it was read
    Column("body", LargeBinary, nullable=False),  # the file, compressed
    Column("read_us", BigInteger, nullable=False),
    Column("read_by", String(120), nullable=False),
    Column("taken_us", BigInteger, nullable=True),  # null: only compared so far
    Column("taken_by", String(120), nullable=False, default=""),
)
Index("price_list_taken", price_list.c.kind, price_list.c.taken_us)

# What one euro bought on a day, as imported; newer ones than those in accounting/rates.toml.
exchange_rate = Table(
    "exchange_rate",
    metadata,
    Column("currency", String(3), primary_key=True),
    Column("day", String(10), primary_key=True),  # ISO
    Column("per_euro", String(40), nullable=False),  # decimal
    Column("import_id", String(64), nullable=False),  # row of price_list
)

# Invoices of providers, compared with the journal (accounting/invoices/).
invoice_check = Table(
    "invoice_check",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("provider", String(120), nullable=False),
    Column("month", String(7), nullable=False),  # ISO
    Column("source", String(200), nullable=False),  # the file's name
    Column("sha256", String(64), nullable=False),  # of the file
    Column("verdict", String(20), nullable=False),  # agrees explained differs
    Column("body", Text, nullable=False),  # JSON: the comparison
    Column("checked_us", BigInteger, nullable=False),
    Column("checked_by", String(120), nullable=False),
)
Index("invoice_check_month", invoice_check.c.provider, invoice_check.c.month)
