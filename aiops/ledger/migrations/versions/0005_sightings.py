"""What each source sees, and which asset that is."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Creates the table."""
    op.create_table(
        "asset_sighting",
        sa.Column("source", sa.String(length=1024), nullable=False),
        sa.Column("seen", sa.String(length=1024), nullable=False),
        sa.Column("asset", sa.String(length=1024), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("source", "seen"),
    )
    op.create_index(op.f("ix_asset_sighting_asset"), "asset_sighting", ["asset"])
