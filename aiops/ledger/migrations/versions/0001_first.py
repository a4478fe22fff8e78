"""The first schema."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Creates every table."""
    op.create_table(
        "analysed_window",
        sa.Column("shard", sa.String(length=1024), nullable=False),
        sa.Column("analysis", sa.String(length=1024), nullable=False),
        sa.Column("window_end", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.PrimaryKeyConstraint("shard", "analysis", "window_end"),
    )
    op.create_table(
        "anomaly",
        sa.Column("asset", sa.String(length=1024), nullable=False),
        sa.Column("signal", sa.String(length=1024), nullable=False),
        sa.Column("start_at", sa.String(length=40), nullable=False),
        sa.Column("detector", sa.String(length=1024), nullable=False),
        sa.Column("end_at", sa.String(length=40), nullable=True),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("asset", "signal", "start_at", "detector"),
    )
    op.create_index("ix_anomaly_start_at", "anomaly", ["start_at"], unique=False)
    op.create_table(
        "asset",
        sa.Column("key", sa.String(length=1024), nullable=False),
        sa.Column("owner", sa.String(length=1024), nullable=False),
        sa.Column("site", sa.String(length=1024), nullable=False),
        sa.Column("source", sa.String(length=1024), nullable=False),
        sa.Column("updated_at", sa.String(length=40), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key"),
    )
    op.create_index(op.f("ix_asset_owner"), "asset", ["owner"], unique=False)
    op.create_index(op.f("ix_asset_site"), "asset", ["site"], unique=False)
    op.create_table(
        "audit",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", sa.String(length=40), nullable=False),
        sa.Column("who", sa.String(length=1024), nullable=False),
        sa.Column("what", sa.String(length=1024), nullable=False),
        sa.Column("subject", sa.String(length=1024), nullable=False),
        sa.Column("before", sa.Text(), nullable=False),
        sa.Column("after", sa.Text(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_table(
        "checkpoint",
        sa.Column("name", sa.String(length=1024), nullable=False),
        sa.Column("version", sa.String(length=1024), nullable=False),
        sa.Column("shard", sa.String(length=1024), nullable=False),
        sa.Column("window_end", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", "version", "shard", "window_end"),
    )
    op.create_table(
        "collector_cursor",
        sa.Column("source", sa.String(length=1024), nullable=False),
        sa.Column("body", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("source"),
    )
    op.create_table(
        "credential",
        sa.Column("digest", sa.String(length=1024), nullable=False),
        sa.Column("expires_at", sa.String(length=40), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("digest"),
    )
    op.create_index(op.f("ix_credential_expires_at"), "credential", ["expires_at"], unique=False)
    op.create_table(
        "crossing",
        sa.Column("asset", sa.String(length=1024), nullable=False),
        sa.Column("signal", sa.String(length=1024), nullable=False),
        sa.Column("origin", sa.String(length=40), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("asset", "signal"),
    )
    op.create_table(
        "crossing_kept",
        sa.Column("asset", sa.String(length=1024), nullable=False),
        sa.Column("signal", sa.String(length=1024), nullable=False),
        sa.Column("origin", sa.String(length=40), nullable=False),
        sa.Column("probability", sa.Float(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("asset", "signal", "origin"),
    )
    op.create_index("ix_crossing_kept_origin", "crossing_kept", ["origin"], unique=False)
    op.create_table(
        "decision",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("subject", sa.String(length=1024), nullable=False),
        sa.Column("asset", sa.String(length=1024), nullable=False),
        sa.Column("action", sa.String(length=32), nullable=False),
        sa.Column("reason", sa.String(length=64), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("first_at", sa.String(length=40), nullable=False),
        sa.Column("last_at", sa.String(length=40), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_decision_asset"), "decision", ["asset"], unique=False)
    op.create_index(op.f("ix_decision_last_at"), "decision", ["last_at"], unique=False)
    op.create_index("ix_decision_subject_id", "decision", ["subject", "id"], unique=False)
    op.create_table(
        "edge",
        sa.Column("source", sa.String(length=1024), nullable=False),
        sa.Column("target", sa.String(length=1024), nullable=False),
        sa.PrimaryKeyConstraint("source", "target"),
    )
    op.create_table(
        "incident",
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("asset", sa.String(length=1024), nullable=False),
        sa.Column("is_open", sa.Boolean(), nullable=False),
        sa.Column("opened_at", sa.String(length=40), nullable=False),
        sa.Column("outcome", sa.String(length=16), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key"),
        sa.UniqueConstraint("number"),
    )
    op.create_index(op.f("ix_incident_asset"), "incident", ["asset"], unique=False)
    op.create_index(op.f("ix_incident_is_open"), "incident", ["is_open"], unique=False)
    op.create_index(op.f("ix_incident_opened_at"), "incident", ["opened_at"], unique=False)
    op.create_table(
        "lease",
        sa.Column("name", sa.String(length=1024), nullable=False),
        sa.Column("owner", sa.String(length=1024), nullable=False),
        sa.Column("token", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.String(length=40), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "meta",
        sa.Column("name", sa.String(length=1024), nullable=False),
        sa.Column("value", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "metric",
        sa.Column("name", sa.String(length=1024), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "metric_limit",
        sa.Column("asset", sa.String(length=1024), nullable=False),
        sa.Column("metric", sa.String(length=1024), nullable=False),
        sa.Column("direction", sa.String(length=8), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("asset", "metric", "direction"),
    )
    op.create_table(
        "note",
        sa.Column("name", sa.String(length=1024), nullable=False),
        sa.Column("body", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "outbox",
        sa.Column("id", sa.String(length=1024), nullable=False),
        sa.Column("destination", sa.String(length=1024), nullable=False),
        sa.Column("incident_key", sa.String(length=64), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("created_at", sa.String(length=40), nullable=False),
        sa.Column("next_at", sa.String(length=40), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("last_error", sa.Text(), nullable=False),
        sa.Column("ticket_id", sa.String(length=1024), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("looked_at", sa.String(length=40), nullable=True),
        sa.Column("draft", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("incident_key", "destination", "sequence"),
    )
    op.create_index("ix_outbox_state_next_at", "outbox", ["state", "next_at"], unique=False)
    op.create_table(
        "risk",
        sa.Column("asset", sa.String(length=1024), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("asset"),
    )
    op.create_table(
        "series",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("asset", sa.String(length=1024), nullable=False),
        sa.Column("metric", sa.String(length=1024), nullable=False),
        sa.Column("labels", sa.Text(), nullable=False),
        sa.Column("step_ns", sa.BigInteger(), nullable=False),
        sa.Column("counter", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("asset", "metric", "labels"),
    )
    op.create_index(op.f("ix_series_asset"), "series", ["asset"], unique=False)
    op.create_table(
        "ticket",
        sa.Column("destination", sa.String(length=1024), nullable=False),
        sa.Column("id", sa.String(length=1024), nullable=False),
        sa.Column("incident_key", sa.String(length=64), nullable=False),
        sa.Column("is_open", sa.Boolean(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("destination", "id"),
    )
    op.create_index(op.f("ix_ticket_incident_key"), "ticket", ["incident_key"], unique=False)
    op.create_index(op.f("ix_ticket_is_open"), "ticket", ["is_open"], unique=False)


def downgrade() -> None:
    """Refuses: going back is done by restoring the copy made before the upgrade."""
    raise NotImplementedError("restore the copy made before the upgrade instead")
