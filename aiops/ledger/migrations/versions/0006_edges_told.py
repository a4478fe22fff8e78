"""Who tells of which dependency."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Creates the table; who told of the edges that are there is not known, so they stay."""
    op.create_table(
        "edge_told",
        sa.Column("teller", sa.String(length=1024), nullable=False),
        sa.Column("source", sa.String(length=1024), nullable=False),
        sa.Column("target", sa.String(length=1024), nullable=False),
        sa.PrimaryKeyConstraint("teller", "source", "target"),
    )
