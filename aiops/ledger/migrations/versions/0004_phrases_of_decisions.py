"""The sentence of a decision as code and values, beside its English text."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Adds the column; rows from before keep their English sentence."""
    op.add_column(
        "decision", sa.Column("phrase", sa.Text(), nullable=False, server_default=sa.text("''"))
    )
