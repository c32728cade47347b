"""Saying that a later request was an earlier one's mistake, and taking that back (R3, D12)."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from libs.bus import publish
from libs.events.intake import EngagementMerged
from libs.kit.errors import Unavailable
from services.intake import domain
from services.intake.commands.sessions import call_off_sessions, write_session
from services.intake.domain import Engagement, Merge, NotLinked, NotMerged, Request, RequestUnknown
from services.intake.queries import (
    engagement_of,
    linked_to,
    lock_requests,
    merge_of,
    others_merged,
    request_of,
    rules_of,
    sessions_of,
)
from services.intake.tables import MergeRow

_told = upsert(MergeRow)
MERGE = _told.on_conflict_do_update(
    index_elements=["request_id", "specialist_id"],
    set_={name: _told.excluded[name] for name in ("into_request_id", "version", "merged", "at")},
)


async def merge_request(tx: AsyncSession, request_id: UUID, specialist_id: UUID, *, now: datetime) -> Merge:
    """Let a later request count as part of the earlier one; its sessions are told again there."""
    await _won(tx, request_id, specialist_id)
    linked = await linked_to(tx, request_id)
    if linked is None:
        raise NotLinked
    above = await merge_of(tx, linked, specialist_id)
    into = above.into_request_id if above and above.merged else linked
    before = await _locked(tx, request_id, specialist_id, into)
    if before and before.merged:
        return before
    if above != await merge_of(tx, linked, specialist_id):
        raise Unavailable  # The earlier one was merged in this very moment.
    later, earlier = await _both(tx, request_id, into, specialist_id)
    others = await others_merged(tx, request_id)
    said = domain.merges.merge(later, earlier, before, others=others, now=now)
    await _say(tx, said, now)
    await _tell_again(tx, later, earlier, now)
    return _kept(said)


async def part_request(tx: AsyncSession, request_id: UUID, specialist_id: UUID, *, now: datetime) -> Merge:
    """Let a request count by itself again; the sessions that were agreed in it come back to it."""
    await _won(tx, request_id, specialist_id)
    known = await merge_of(tx, request_id, specialist_id)
    if known is None:
        raise NotMerged
    before = await _locked(tx, request_id, specialist_id, known.into_request_id)
    if before is None or not before.merged:
        return before or known
    later, earlier = await _both(tx, request_id, before.into_request_id, specialist_id)
    said = domain.merges.part(later, earlier, before, now=now)
    await _say(tx, said, now)
    await _take_back(tx, later, earlier, now)
    if (how := later.request.closed_as) is not None and how != "expired":
        rules = (await rules_of(tx, later.request.tenant)).sessions
        await call_off_sessions(tx, request_id, specialist_id, how, now=now, rules=rules)
    return _kept(said)


async def _tell_again(tx: AsyncSession, later: Engagement, earlier: Engagement, now: datetime) -> None:
    sessions = await sessions_of(tx, later.request.id, later.specialist_id)
    for number, session in enumerate(sessions, start=earlier.numbers + 1):
        moved = replace(session, request_id=earlier.request.id, number=number)
        await write_session(tx, session, domain.sessions.tell_again(moved, now))


async def _take_back(tx: AsyncSession, later: Engagement, earlier: Engagement, now: datetime) -> None:
    told_there = await sessions_of(tx, earlier.request.id, earlier.specialist_id)
    sessions = [each for each in told_there if each.booked_under == later.request.id]
    for number, session in enumerate(sessions, start=later.numbers + 1):
        unsaid = domain.sessions.unsay(session, now)
        await publish(tx, *unsaid.says)
        moved = replace(unsaid.after, request_id=later.request.id, number=number)
        await write_session(tx, session, domain.sessions.tell_again(moved, now))


async def _locked(tx: AsyncSession, request_id: UUID, specialist_id: UUID, into: UUID) -> Merge | None:
    await lock_requests(tx, request_id, into)
    await _won(tx, request_id, specialist_id)
    before = await merge_of(tx, request_id, specialist_id)
    if before and before.merged and before.into_request_id != into:
        raise Unavailable  # It was merged in this very moment.
    return before


async def _won(tx: AsyncSession, request_id: UUID, specialist_id: UUID) -> Request:
    """The request, for its winner; that its client has taken it back since makes it no less of a mistake."""
    request = await request_of(tx, request_id)
    if request is None or request.accepted_by != specialist_id:
        raise RequestUnknown
    return request


async def _both(
    tx: AsyncSession, later_id: UUID, earlier_id: UUID, specialist_id: UUID
) -> tuple[Engagement, Engagement]:
    later, earlier = await request_of(tx, later_id), await request_of(tx, earlier_id)
    if later is None or earlier is None:
        raise NotLinked
    return await engagement_of(tx, later, specialist_id), await engagement_of(tx, earlier, specialist_id)


async def _say(tx: AsyncSession, said: EngagementMerged, now: datetime) -> None:
    row = {
        "request_id": said.request_id, "specialist_id": said.specialist_id, "tenant": said.tenant,
        "into_request_id": said.into_request_id, "version": said.version, "merged": said.merged, "at": now,
    }  # fmt: skip
    await tx.execute(MERGE, row)
    await publish(tx, said)


def _kept(said: EngagementMerged) -> Merge:
    return Merge(said.request_id, said.specialist_id, said.into_request_id, said.version, said.merged)
