"""Who has read: a chain of entries for every conversation, and our signatures on how far the chains had come."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from services.chat.tables.base import Base


class LedgerHeadRow(Base):
    """The last entry of a chain; its lock is what makes entries follow one another."""

    __tablename__ = "ledger_heads"
    __table_args__ = (
        CheckConstraint("0 <= sealed_n AND sealed_n <= n", name="sealed_n_was_reached"),
        CheckConstraint("octet_length(digest) = 32", name="digest_is_one"),
        Index("ledger_heads_grown", "tenant", "subject_id", postgresql_where=text("n > sealed_n")),
    )

    subject_id: Mapped[UUID] = mapped_column(primary_key=True, comment="the conversation's")
    tenant: Mapped[str]
    n: Mapped[int]
    digest: Mapped[bytes]
    sealed_n: Mapped[int] = mapped_column(comment="what a checkpoint covers")


class LedgerEntryRow(Base):
    """One use of a key that reads; it is never changed, and outlives what was read."""

    __tablename__ = "ledger_entries"
    __table_args__ = (CheckConstraint("octet_length(digest) = 32", name="digest_is_one"),)

    subject_id: Mapped[UUID] = mapped_column(primary_key=True)
    n: Mapped[int] = mapped_column(primary_key=True)
    tenant: Mapped[str]
    at: Mapped[datetime] = mapped_column(comment="also inside the payload")
    payload: Mapped[bytes] = mapped_column(comment="who, when, why and what, exactly as it was hashed")
    digest: Mapped[bytes] = mapped_column(comment="of the digest before, n and the payload")


class CheckpointRow(Base):
    """A signature on all chains that had grown; said as an event, so that it is kept outside, too."""

    __tablename__ = "checkpoints"
    __table_args__ = (
        CheckConstraint("octet_length(root) = 32 AND octet_length(previous) = 32", name="digests_are_some"),
        CheckConstraint("octet_length(signature) = 64", name="signature_is_one"),
    )

    tenant: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    root: Mapped[bytes]
    size: Mapped[int]
    previous: Mapped[bytes] = mapped_column(comment="the digest of the checkpoint before")
    signed_with: Mapped[str] = mapped_column(comment="the key's thumbprint")
    signature: Mapped[bytes]


class LedgerLeafRow(Base):
    """How far one chain had come at a checkpoint."""

    __tablename__ = "ledger_leaves"
    __table_args__ = (Index("ledger_leaves_of_subject", "subject_id", "number"),)

    tenant: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    place: Mapped[int] = mapped_column(primary_key=True)
    subject_id: Mapped[UUID]
    n: Mapped[int]
    digest: Mapped[bytes]
