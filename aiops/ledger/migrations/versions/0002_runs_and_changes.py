"""Runs of runbooks, and changes people plan."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Creates both tables."""
    op.create_table(
        "automation_run",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("incident_key", sa.String(length=64), nullable=False),
        sa.Column("runbook", sa.String(length=1024), nullable=False),
        sa.Column("edition", sa.String(length=64), nullable=False),
        sa.Column("asset", sa.String(length=1024), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("verified", sa.Boolean(), nullable=False),
        sa.Column("requested_at", sa.String(length=40), nullable=False),
        sa.Column("started_at", sa.String(length=40), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    for column in ("asset", "incident_key", "requested_at", "started_at", "state"):
        op.create_index(op.f(f"ix_automation_run_{column}"), "automation_run", [column])
    op.create_index("ix_automation_run_runbook_edition", "automation_run", ["runbook", "edition"])
    op.create_table(
        "planned_change",
        sa.Column("id", sa.String(length=1024), nullable=False),
        sa.Column("asset", sa.String(length=1024), nullable=False),
        sa.Column("service", sa.String(length=1024), nullable=False),
        sa.Column("start_at", sa.String(length=40), nullable=False),
        sa.Column("end_at", sa.String(length=40), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    for column in ("asset", "service", "start_at"):
        op.create_index(op.f(f"ix_planned_change_{column}"), "planned_change", [column])
