"""The access ledger."""

import sqlalchemy as sa
from alembic import op

from libs.kit.sql import tenant_policies

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "ledger_heads",
        sa.Column("subject_id", sa.Uuid(), nullable=False, comment="the conversation's"),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("sealed_n", sa.Integer(), nullable=False, comment="what a checkpoint covers"),
        sa.CheckConstraint("0 <= sealed_n AND sealed_n <= n", name=op.f("ledger_heads_sealed_n_was_reached")),
        sa.CheckConstraint("octet_length(digest) = 32", name=op.f("ledger_heads_digest_is_one")),
        sa.PrimaryKeyConstraint("subject_id", name=op.f("ledger_heads_pk")),
    )
    op.create_index(
        "ledger_heads_grown", "ledger_heads", ["tenant", "subject_id"], postgresql_where=sa.text("n > sealed_n")
    )
    op.create_table(
        "ledger_entries",
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False, comment="also inside the payload"),
        sa.Column(
            "payload", sa.LargeBinary(), nullable=False, comment="who, when, why and what, exactly as it was hashed"
        ),
        sa.Column("digest", sa.LargeBinary(), nullable=False, comment="of the digest before, n and the payload"),
        sa.CheckConstraint("octet_length(digest) = 32", name=op.f("ledger_entries_digest_is_one")),
        sa.PrimaryKeyConstraint("subject_id", "n", name=op.f("ledger_entries_pk")),
    )
    op.create_table(
        "checkpoints",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("root", sa.LargeBinary(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("previous", sa.LargeBinary(), nullable=False, comment="the digest of the checkpoint before"),
        sa.Column("signed_with", sa.Text(), nullable=False, comment="the key's thumbprint"),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint(
            "octet_length(root) = 32 AND octet_length(previous) = 32", name=op.f("checkpoints_digests_are_some")
        ),
        sa.CheckConstraint("octet_length(signature) = 64", name=op.f("checkpoints_signature_is_one")),
        sa.PrimaryKeyConstraint("tenant", "number", name=op.f("checkpoints_pk")),
    )
    op.create_table(
        "ledger_leaves",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "number", "place", name=op.f("ledger_leaves_pk")),
    )
    op.create_index("ledger_leaves_of_subject", "ledger_leaves", ["subject_id", "number"])
    tenant_policies("ledger_heads", "ledger_entries", "checkpoints", "ledger_leaves")


def downgrade() -> None:
    for table in ("ledger_leaves", "checkpoints", "ledger_entries", "ledger_heads"):
        op.drop_table(table)
