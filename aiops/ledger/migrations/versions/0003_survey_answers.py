"""Answers to the question asked when an incident is closed."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Creates the table."""
    op.create_table(
        "survey_answer",
        sa.Column("incident_key", sa.String(length=64), nullable=False),
        sa.Column("asset", sa.String(length=1024), nullable=False),
        sa.Column("at", sa.String(length=40), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("incident_key"),
    )
    for column in ("asset", "at"):
        op.create_index(op.f(f"ix_survey_answer_{column}"), "survey_answer", [column])
