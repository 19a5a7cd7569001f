"""Incidents, what belongs to them, notes on runbooks, the heartbeat."""

from sqlalchemy import BigInteger, Column, Index, Integer, String, Table, Text

from leitstand.store.tables import metadata

# What people work on (monitoring/incident_values.py), one row each.
incident = Table(
    "incident",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("number", String(20), nullable=False, unique=True),  # V-YEAR-COUNT
    Column("year", Integer, nullable=False),
    Column("count", Integer, nullable=False),
    Column("title", Text, nullable=False),  # JSON {de, en}
    Column("severity", String(20), nullable=False),
    Column("state", String(20), nullable=False),  # open observing closed
    Column("rule", String(120), nullable=False, default=""),
    Column("labels", String(400), nullable=False),  # JSON
    Column("runbook", String(120), nullable=False, default=""),
    Column("opened_us", BigInteger, nullable=False),
    Column("opened_by", String(120), nullable=False),
    Column("calm_us", BigInteger, nullable=True),
    Column("closed_us", BigInteger, nullable=True),
    Column("closed_by", String(120), nullable=False, default=""),
    Column("lead", String(120), nullable=False, default=""),
    Column("lead_us", BigInteger, nullable=True),
    Column("classification", String(20), nullable=False, default=""),  # "" none breach
    Column("classified_us", BigInteger, nullable=True),
    Column("classified_by", String(120), nullable=False, default=""),
    Column("reason", Text, nullable=False, default=""),  # of the classification
    Column("message", Text, nullable=False, default=""),  # JSON: what employees are told
    Column("lessons", Text, nullable=False, default=""),
    Column("effect", Text, nullable=False, default=""),  # JSON, once it is closed
)
Index("incident_state", incident.c.state, incident.c.opened_us)

# The timeline of incidents; an id names what was told, so that it is written once.
incident_entry = Table(
    "incident_entry",
    metadata,
    Column("id", String(400), primary_key=True),  # INCIDENT/WHAT
    Column("incident", String(64), nullable=False),
    Column("time_us", BigInteger, nullable=False),
    Column("kind", String(20), nullable=False),
    Column("by", String(120), nullable=False),
    Column("text", Text, nullable=False),  # JSON {de, en}
    Column("step", Integer, nullable=False, default=0),  # of the runbook
)
Index("incident_entry_time", incident_entry.c.incident, incident_entry.c.time_us)

# What is to be done after an incident.
incident_task = Table(
    "incident_task",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("incident", String(64), nullable=False),
    Column("text", Text, nullable=False),
    Column("owner", String(120), nullable=False),
    Column("due", String(10), nullable=False, default=""),  # day
    Column("made_us", BigInteger, nullable=False),
    Column("done_us", BigInteger, nullable=True),
    Column("done_by", String(120), nullable=False, default=""),
)
Index("incident_task_of", incident_task.c.incident, incident_task.c.made_us)

# Every version.
post_mortem = Table(
    "post_mortem",
    metadata,
    Column("incident", String(64), primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("text", Text, nullable=False),  # Markdown
    Column("made_us", BigInteger, nullable=False),
    Column("made_by", String(120), nullable=False),
)

# What a company adds to the runbooks that are shipped.
runbook_note = Table(
    "runbook_note",
    metadata,
    Column("slug", String(120), primary_key=True),
    Column("text", Text, nullable=False),
    Column("changed_us", BigInteger, nullable=False),
    Column("changed_by", String(120), nullable=False),
)

# The heartbeat to the outside: one row. silent: why none was sent when the last was due.
heartbeat = Table(
    "heartbeat",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("sent_us", BigInteger, nullable=True),
    Column("tried_us", BigInteger, nullable=True),
    Column("silent", Text, nullable=False, default=""),
)
