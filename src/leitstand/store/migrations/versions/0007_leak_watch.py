"""Leak watch: samples of what left the house, and what was found in them."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make both tables."""
    op.create_table(
        "leak_sample",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("time_us", sa.BigInteger, nullable=False),
        sa.Column("department", sa.String(120), nullable=False),
        sa.Column("use_case", sa.String(120), nullable=False),
        sa.Column("provider", sa.String(120), nullable=False),
        sa.Column("scope", sa.String(64), nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("checked_us", sa.BigInteger, nullable=False),
    )
    op.create_index("leak_sample_age", "leak_sample", ["checked_us", "time_us"])
    op.create_table(
        "leak_finding",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("request_id", sa.String(64), nullable=False),
        sa.Column("sent_us", sa.BigInteger, nullable=False),
        sa.Column("found_us", sa.BigInteger, nullable=False),
        sa.Column("type", sa.String(40), nullable=False),
        sa.Column("certainty", sa.String(20), nullable=False),
        sa.Column("use_case", sa.String(120), nullable=False),
        sa.Column("provider", sa.String(120), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("decided_by", sa.String(120), nullable=False),
        sa.Column("decided_us", sa.BigInteger, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=True),
    )
    op.create_index("leak_finding_age", "leak_finding", ["found_us"])
