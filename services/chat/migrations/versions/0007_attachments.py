"""Pictures, and what was erased."""

import sqlalchemy as sa
from alembic import op

from libs.kit.sql import tenant_policies

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "attachments",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("conversation_id", sa.Uuid(), nullable=False),
        sa.Column("uploader_id", sa.Uuid(), nullable=False),
        sa.Column(
            "upload_key", sa.LargeBinary(), nullable=False,
            comment="SHA-256 of the Idempotency-Key: the same twice is one picture",
        ),
        sa.Column(
            "object_name", sa.Text(), nullable=False, comment="of its bytes, sealed with the conversation's key"
        ),
        sa.Column("original_size", sa.Integer(), nullable=False),
        sa.Column("original_sha256", sa.LargeBinary(), nullable=False, comment="of what was sent to us"),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column(
            "sha256", sa.LargeBinary(), nullable=False, comment="of what we made of it, which is what its viewers see"
        ),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=True, comment="of the message that it was sent in"),
        sa.CheckConstraint("octet_length(upload_key) = 32", name=op.f("attachments_upload_key_is_a_digest")),
        sa.CheckConstraint("octet_length(original_sha256) = 32", name=op.f("attachments_original_sha256_is_a_digest")),
        sa.CheckConstraint("octet_length(sha256) = 32", name=op.f("attachments_sha256_is_a_digest")),
        sa.CheckConstraint(
            "original_size > 0 AND size > 0 AND width > 0 AND height > 0", name=op.f("attachments_is_a_picture")
        ),
        sa.CheckConstraint("seq >= 1", name=op.f("attachments_seq_counts")),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversations.id"], name=op.f("attachments_conversation_id_known")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("attachments_pk")),
        sa.UniqueConstraint("conversation_id", "uploader_id", "upload_key", name="attachments_added_once"),
        sa.UniqueConstraint("object_name", name="attachments_one_object"),
    )
    op.create_index("attachments_by_uploader", "attachments", ["tenant", "uploader_id", "at"])
    op.create_index("attachments_unsent", "attachments", ["at"], postgresql_where=sa.text("seq IS NULL"))
    op.create_table(
        "erasures",
        sa.Column("conversation_id", sa.Uuid(), nullable=False),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "done_at", sa.DateTime(timezone=True), nullable=True, comment="when key and objects were gone"
        ),
        sa.CheckConstraint("asked_by IN ('client', 'ops')", name=op.f("erasures_asked_by_is_known")),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversations.id"], name=op.f("erasures_conversation_id_known")),
        sa.PrimaryKeyConstraint("conversation_id", name=op.f("erasures_pk")),
    )
    op.create_index("erasures_incomplete", "erasures", ["at"], postgresql_where=sa.text("done_at IS NULL"))
    tenant_policies("attachments", "erasures")


def downgrade() -> None:
    op.drop_table("erasures")
    op.drop_table("attachments")
