"""The first schema."""

from alembic import op

from aiops.ledger.tables import METADATA

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Creates every table. Later revisions must freeze what they need instead of this."""
    METADATA.create_all(op.get_bind(), checkfirst=False)


def downgrade() -> None:
    """Refuses: going back is done by restoring the copy made before the upgrade."""
    raise NotImplementedError("restore the copy made before the upgrade instead")
