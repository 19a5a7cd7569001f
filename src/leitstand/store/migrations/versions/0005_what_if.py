"""What-if scenarios, and blind verdicts on the answers of trials."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make both tables."""
    op.create_table(
        "what_if",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("scenario", sa.Text, nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("done", sa.Integer, nullable=False),
        sa.Column("total", sa.Integer, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("result", sa.Text, nullable=False),
        sa.Column("created_us", sa.BigInteger, nullable=False),
        sa.Column("created_by", sa.String(120), nullable=False),
        sa.Column("finished_us", sa.BigInteger, nullable=True),
    )
    op.create_index("what_if_age", "what_if", ["created_us"])
    op.create_table(
        "trial_vote",
        sa.Column("trial", sa.String(64), primary_key=True),
        sa.Column("case", sa.String(100), primary_key=True),
        sa.Column("repetition", sa.Integer, primary_key=True),
        sa.Column("judge", sa.String(120), primary_key=True),
        sa.Column("verdict", sa.String(10), nullable=False),
        sa.Column("created_us", sa.BigInteger, nullable=False),
    )
