"""Jobs: their schedules, runs, steps and workers."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "job",
        sa.Column("name", sa.String(80), primary_key=True),
        sa.Column("schedule", sa.String(120), nullable=False),
        sa.Column("since_us", sa.BigInteger, nullable=False),
        sa.Column("done", sa.BigInteger, nullable=False),
        sa.Column("failed", sa.BigInteger, nullable=False),
        sa.Column("cancelled", sa.BigInteger, nullable=False),
        sa.Column("succeeded_us", sa.BigInteger, nullable=True),
    )
    op.create_table(
        "job_run",
        sa.Column("id", sa.String(160), primary_key=True),
        sa.Column("job", sa.String(80), nullable=False),
        sa.Column("due_us", sa.BigInteger, nullable=False),
        sa.Column("requested_by", sa.String(120), nullable=False),
        sa.Column("options", sa.Text, nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("cancelled_by", sa.String(120), nullable=False),
        sa.Column("seat", sa.String(20), nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("began_us", sa.BigInteger, nullable=True),
        sa.Column("ended_us", sa.BigInteger, nullable=True),
        sa.Column("progress_done", sa.BigInteger, nullable=False),
        sa.Column("progress_total", sa.BigInteger, nullable=False),
        sa.Column("result_de", sa.Text, nullable=False),
        sa.Column("result_en", sa.Text, nullable=False),
    )
    op.create_index("job_run_job", "job_run", ["job", "due_us"])
    op.create_index("job_run_state", "job_run", ["state"])
    op.create_table(
        "job_step",
        sa.Column("run_id", sa.String(160), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("ended_us", sa.BigInteger, nullable=False),
        sa.Column("took_ms", sa.BigInteger, nullable=False),
        sa.Column("fault", sa.Text, nullable=False),
    )
    op.create_table(
        "job_worker",
        sa.Column("seat", sa.String(20), primary_key=True),
        sa.Column("place", sa.String(200), nullable=False),
        sa.Column("since_us", sa.BigInteger, nullable=False),
        sa.Column("seen_us", sa.BigInteger, nullable=False),
    )
