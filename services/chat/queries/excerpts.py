"""Opening messages for their excerpts, and telling a genuine excerpt from any other."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession

from libs.kit.sealing import Unsealable, decrypted
from services.chat.domain import Contents, Participant, Place, fits, vouched
from services.chat.domain.excerpts import Choice, Excerpt, MessageOpaque, MessageUnknown, MessageUnprovable, excerpt
from services.chat.domain.franking import Context, Unprovable, root_of
from services.chat.queries.conversations import KEPT, mode_of, readable_after
from services.chat.queries.vault import STAMP, KeptMessage, Vault
from services.chat.tables import ConversationRow, MessageRow

CHOSEN: Final = (
    select(*KEPT)
    .where(MessageRow.conversation_id == bindparam("conversation"), MessageRow.seq > bindparam("after"))
    .where(MessageRow.seq.in_(bindparam("seqs", expanding=True)))
    .order_by(MessageRow.seq)
)
HERE: Final = select(ConversationRow.id).where(
    ConversationRow.tenant == bindparam("tenant"), ConversationRow.id.in_(bindparam("ids", expanding=True))
)


async def excerpts(
    tx: AsyncSession, vault: Vault, room: ConversationRow, reader: Participant, choice: Choice
) -> list[Excerpt]:
    """What a side may show of messages that it may read, in their order. Raises what stands in the way."""
    asked = {"conversation": room.id, "seqs": list(choice), "after": readable_after(room, reader)}
    rows = [KeptMessage._make(row) for row in await tx.execute(CHOSEN, asked)]
    if len(rows) < len(choice):
        raise MessageUnknown
    return [await _excerpt(vault, room, row, choice) for row in rows]


async def genuine(tx: AsyncSession, vault: Vault, tenant: str, shown: Sequence[Excerpt]) -> list[bool]:
    """Which of these were said, by this side, at this time, in a conversation of this house; nothing else is opened."""
    stamped = [_stamped(vault, each) for each in shown]
    ids = {each.context.conversation_id for each, ours in zip(shown, stamped, strict=True) if ours}
    here = set(await tx.scalars(HERE, {"tenant": tenant, "ids": list(ids)})) if ids else set()
    return [ours and each.context.conversation_id in here for each, ours in zip(shown, stamped, strict=True)]


def _stamped(vault: Vault, shown: Excerpt) -> bool:
    try:
        words = vouched(root_of(shown.opened), shown.context)
    except (Unprovable, OverflowError):
        return False
    return vault.sealer.stamped(shown.stamp, words, of=STAMP)


async def _excerpt(vault: Vault, room: ConversationRow, row: KeptMessage, choice: Choice) -> Excerpt:
    if row.form == "opaque":
        raise MessageOpaque
    context = Context(
        conversation_id=room.id, seq=row.seq, side=row.side, sender_id=row.sender_id, form=row.form, at=row.at
    )
    contents = await _contents(vault, room, row)
    proved = fits(row.commitment, contents.words.decode(), contents.salt, contents.digests)
    if not (proved and vault.sealer.stamped(row.stamp, vouched(row.commitment, context), of=STAMP)):
        raise MessageUnprovable
    return Excerpt(excerpt(contents, choice[row.seq]), context, row.stamp)


async def _contents(vault: Vault, room: ConversationRow, row: KeptMessage) -> Contents:
    place = Place(conversation_id=room.id, seq=row.seq, sender_id=row.sender_id, mode=mode_of(room))
    key = await vault.key(room.id)
    try:
        return Contents.unpacked(decrypted(key, row.body, to=place.encoded()))
    except (Unsealable, ValueError, IndexError):
        raise MessageUnprovable from None
