"""Background work."""

from sqlalchemy import BigInteger, Column, Index, Integer, String, Table, Text

from leitstand.store.tables import metadata

# Kinds of background work (jobs/): since when each goes by which schedule, and what came of its runs.
job = Table(
    "job",
    metadata,
    Column("name", String(80), primary_key=True),
    Column("schedule", String(120), nullable=False),  # as text; "" goes on demand only
    Column("since_us", BigInteger, nullable=False),  # slots up to here are not made up for
    Column("done", BigInteger, nullable=False, default=0),  # runs that came to an end, ever
    Column("failed", BigInteger, nullable=False, default=0),
    Column("cancelled", BigInteger, nullable=False, default=0),
    Column("succeeded_us", BigInteger, nullable=True),  # end of the last good run
)

# One run of a job, from its request on; a slot of the calendar is one id, so it runs once.
job_run = Table(
    "job_run",
    metadata,
    Column("id", String(160), primary_key=True),  # JOB/SLOT, ISO 8601
    Column("job", String(80), nullable=False),
    Column("due_us", BigInteger, nullable=False),
    Column("requested_by", String(120), nullable=False, default=""),  # "" by the calendar
    Column("options", Text, nullable=False, default="{}"),  # JSON: texts by name
    Column("state", String(10), nullable=False),  # waiting running done failed cancelled
    Column("cancelled_by", String(120), nullable=False, default=""),  # whoever asked for its end
    Column("seat", String(20), nullable=False, default=""),  # of the process that has it in hand
    Column("tries", Integer, nullable=False, default=0),  # how often it was begun without an orderly end
    Column("began_us", BigInteger, nullable=True),
    Column("ended_us", BigInteger, nullable=True),
    Column("progress_done", BigInteger, nullable=False, default=0),
    Column("progress_total", BigInteger, nullable=False, default=0),
    Column(
        "result_de", Text, nullable=False, default=""
    ),  # of a good run its result, of a failed one its fault
    Column("result_en", Text, nullable=False, default=""),
)
Index("job_run_job", job_run.c.job, job_run.c.due_us)
Index("job_run_state", job_run.c.state)

# What a run has behind it, for people; what it needs to go on lies with the engine.
job_step = Table(
    "job_step",
    metadata,
    Column("run_id", String(160), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("name", String(200), nullable=False),
    Column("ended_us", BigInteger, nullable=False),
    Column("took_ms", BigInteger, nullable=False),
    Column("fault", Text, nullable=False, default=""),
)

# Processes that work on jobs, one per seat.
job_worker = Table(
    "job_worker",
    metadata,
    Column("seat", String(20), primary_key=True),
    Column("place", String(200), nullable=False),  # machine and process
    Column("since_us", BigInteger, nullable=False),
    Column("seen_us", BigInteger, nullable=False),
)
