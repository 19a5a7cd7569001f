"""What happened by minute, alerts, silences, messages."""

from sqlalchemy import BigInteger, Boolean, Column, Float, Index, Integer, String, Table, Text

from leitstand.store.tables import metadata

# What happened in each minute, by provider, model and use case, never by person: sums of the journal's interactions
# (monitoring/minutes.py), which can be made from it again. Alert rules and key figures are read from them.
metric_minute = Table(
    "metric_minute",
    metadata,
    Column("minute_us", BigInteger, primary_key=True, autoincrement=False),  # in which requests ended
    Column("provider", String(120), primary_key=True),
    Column("model", String(200), primary_key=True),  # public name that was asked
    Column("use_case", String(120), primary_key=True),
    *(
        Column(name, BigInteger, nullable=False)
        for name in (
            "requests", "answered", "cached", "failed", "refused", "left", "fallback", "input_tokens",
            "output_tokens", "cost_nano", "saved_nano", "pseudonymised",
        )
    ),
    Column("took", Text, nullable=False),  # JSON: histogram of the time to the last byte
    Column("first", Text, nullable=False),  # JSON: histogram of the time to the first content
)  # fmt: skip

# How each provider did in each minute, seen by requests and probes (monitoring/minutes.py: Tries).
provider_minute = Table(
    "provider_minute",
    metadata,
    Column("minute_us", BigInteger, primary_key=True, autoincrement=False),
    Column("provider", String(120), primary_key=True),
    *(
        Column(name, BigInteger, nullable=False)
        for name in ("tries", "faults", "absent", "answered_us", "since_us", "absent_us")
    ),
)

# Refused requests in each minute, by error code.
refusal_minute = Table(
    "refusal_minute",
    metadata,
    Column("minute_us", BigInteger, primary_key=True, autoincrement=False),
    Column("code", String(60), primary_key=True),
    Column("count", BigInteger, nullable=False),
)

# How far the journal is in the tables by minute; written in the same transaction.
metric_mark = Table(
    "metric_mark",
    metadata,
    Column("id", Integer, primary_key=True),  # always 1
    Column("seq", BigInteger, nullable=False),
)

# States of the house over time (disk, backups, contracts …): a row when a value changes, and one each hour.
metric_gauge = Table(
    "metric_gauge",
    metadata,
    Column("time_us", BigInteger, primary_key=True, autoincrement=False),
    Column("name", String(80), primary_key=True),
    Column("labels", String(400), primary_key=True),  # JSON
    Column("value", Float, nullable=True),
)

# Alerts: one row per episode (monitoring/values.py: Alert).
alert = Table(
    "alert",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("rule", String(120), nullable=False),
    Column("labels", String(400), nullable=False),  # JSON
    Column("severity", String(20), nullable=False),
    Column("state", String(20), nullable=False),  # pending firing resolved
    Column("since_us", BigInteger, nullable=False),
    Column("fired_us", BigInteger, nullable=True),
    Column("resolved_us", BigInteger, nullable=True),
    Column("well_us", BigInteger, nullable=True),
    Column("grave_us", BigInteger, nullable=True),
    Column("value", Float, nullable=True),
    Column("peak", Float, nullable=False),
    Column("sample", BigInteger, nullable=False),
    Column("affected", Text, nullable=False, default="{}"),  # JSON {de, en}
    Column("acknowledged_by", String(120), nullable=False, default=""),
    Column("acknowledged_us", BigInteger, nullable=True),
    Column("incident", String(64), nullable=False, default=""),
)
Index("alert_state", alert.c.state, alert.c.since_us)
Index("alert_time", alert.c.since_us)

# Silences and maintenance windows; one that ended early has its end set.
alert_silence = Table(
    "alert_silence",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("matchers", String(400), nullable=False),  # JSON
    Column("begins_us", BigInteger, nullable=False),
    Column("ends_us", BigInteger, nullable=False),
    Column("author", String(120), nullable=False),
    Column("comment", Text, nullable=False),
    Column("maintenance", Boolean, nullable=False),
)
Index("alert_silence_end", alert_silence.c.ends_us)

# Messages on their way to channels, put in with the alert's change in one transaction, delivered at least once.
alert_notice = Table(
    "alert_notice",
    metadata,
    Column("id", String(250), primary_key=True),  # ALERT/KIND/SEVERITY/CHANNEL
    Column("kind", String(20), nullable=False),  # firing resolved escalated digest test
    Column("channel", String(120), nullable=False),
    Column("alerts", Text, nullable=False),  # JSON list of ids
    Column("severity", String(20), nullable=False),
    Column("state", String(20), nullable=False),  # waiting sent failed
    Column("made_us", BigInteger, nullable=False),
    Column("due_us", BigInteger, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("error", Text, nullable=False, default=""),  # of the last attempt, for operators
    Column("sent_us", BigInteger, nullable=True),
)
Index("alert_notice_due", alert_notice.c.state, alert_notice.c.due_us)
