"""What changes in support: a ticket is opened, a decision is made."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, and_, or_, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from libs.bus import publish
from libs.bus.ids import uuid7
from libs.events.intake import RequestAccepted
from libs.events.support import ExclusionDecided, Ground, RequestDenied
from libs.kit.auth import Principal
from libs.kit.etags import require_match
from services.support import domain
from services.support.commands.cases import remember_request
from services.support.domain import RequestNotHeardOf, RequestUnknown, TicketUnknown, Verdict
from services.support.tables import DecisionRow, EngagementRow, TicketRow

_REMEMBER = upsert(EngagementRow).values(version=0, excluded=False, ground=None).on_conflict_do_nothing()


async def remember_engagement(tx: AsyncSession, accepted: RequestAccepted) -> None:
    """From now on this specialist may ask about this request, also when somebody else accepts it later."""
    await remember_request(tx, accepted)
    await tx.execute(
        _REMEMBER,
        {
            "request_id": accepted.request_id, "specialist_id": accepted.specialist_id, "tenant": accepted.tenant,
            "client_id": accepted.client_id, "opened_at": accepted.opened_at,
        },
    )  # fmt: skip


async def open_ticket(
    tx: AsyncSession,
    request_id: UUID,
    specialist_id: UUID,
    *,
    ground: Ground,
    explanation: str,
    evidence: str | None,
    now: datetime,
) -> TicketRow:
    """Ask support to strike a request of one's own."""
    engagement = await _own_engagement(tx, request_id, specialist_id)
    waiting = await tx.scalar(select(TicketRow.id).where(_about(engagement), TicketRow.status == "open"))
    opened = domain.open_ticket(engagement.as_register(), ticket_id=uuid7(), ground=ground, waiting=waiting, now=now)
    ticket = TicketRow(
        id=opened.ticket_id, tenant=opened.tenant, engagement=engagement,
        ground=ground, explanation=explanation, evidence=evidence, status="open", version=1, opened_at=now,
    )  # fmt: skip
    tx.add(ticket)
    await tx.flush()
    await publish(tx, opened)
    return ticket


async def decide(
    tx: AsyncSession, ticket_id: UUID, verdict: Verdict, *, agent: Principal, if_match: str | None, now: datetime
) -> DecisionRow:
    """Strike the request of a ticket from the record, or leave it there."""
    engagement, ticket = await _held(tx, ticket_id, agent, if_match)
    said = domain.decide(
        ticket.as_ticket(), engagement.as_register(), verdict, agent_id=agent.id, decision_id=uuid7(), now=now
    )
    if isinstance(said, RequestDenied):
        ticket.status, ticket.version = "denied", ticket.version + 1
    else:
        await _enter(tx, engagement, said)
    return await _record(tx, said, agent)


async def reinstate(
    tx: AsyncSession, ticket_id: UUID, *, agent: Principal, if_match: str | None, now: datetime
) -> DecisionRow:
    """Put the request of a ticket back on the record."""
    engagement, ticket = await _held(tx, ticket_id, agent, if_match)
    said = domain.reinstate(
        ticket.as_ticket(), engagement.as_register(), agent_id=agent.id, decision_id=uuid7(), now=now
    )
    await _enter(tx, engagement, said)
    return await _record(tx, said, agent)


async def _own_engagement(tx: AsyncSession, request_id: UUID, specialist_id: UUID) -> EngagementRow:
    """The engagement, locked. What others accepted is not theirs; what nobody did may still be on its way to us."""
    asked = select(EngagementRow).where(EngagementRow.request_id == request_id)
    own = await tx.scalar(asked.where(EngagementRow.specialist_id == specialist_id).with_for_update())
    if own is not None:
        return own
    raise RequestUnknown if await tx.scalar(asked.limit(1)) else RequestNotHeardOf


async def _held(
    tx: AsyncSession, ticket_id: UUID, agent: Principal, if_match: str | None
) -> tuple[EngagementRow, TicketRow]:
    """A ticket with its register, if it is still as the agent saw it; whoever else decides has to wait."""
    # First the register's lock, then the ticket in a statement of its own: read in the same one, it might be stale.
    engagement = await tx.scalar(
        select(EngagementRow)
        .join(TicketRow)
        .where(TicketRow.id == ticket_id, TicketRow.tenant == agent.tenant)
        .with_for_update(of=EngagementRow)
    )
    if engagement is None:
        raise TicketUnknown
    ticket = await tx.get_one(TicketRow, ticket_id)
    require_match(if_match, ticket.version)
    return engagement, ticket


async def _enter(tx: AsyncSession, engagement: EngagementRow, said: ExclusionDecided) -> None:
    """Move the register on, and every ticket whose question this answers with it."""
    engagement.version, engagement.excluded, engagement.ground = said.version, said.excluded, said.ground
    answered = ("open",) if said.excluded else ("excluded",)
    await tx.execute(
        update(TicketRow)
        .where(_about(engagement), or_(TicketRow.id == said.ticket_id, TicketRow.status.in_(answered)))
        .values(status="excluded" if said.excluded else "reinstated", version=TicketRow.version + 1)
    )


async def _record(tx: AsyncSession, said: ExclusionDecided | RequestDenied, agent: Principal) -> DecisionRow:
    decision = DecisionRow(
        tenant=said.tenant, request_id=said.request_id, specialist_id=said.specialist_id, ticket_id=said.ticket_id,
        decided_by=agent.id, at=said.at, **_terms(said),
    )  # fmt: skip
    tx.add(decision)
    await tx.flush()
    await publish(tx, said)
    return decision


def _terms(said: ExclusionDecided | RequestDenied) -> dict[str, object]:
    if isinstance(said, RequestDenied):
        return {"id": uuid7(), "outcome": "denied", "reason": said.reason}
    outcome = "excluded" if said.excluded else "reinstated"
    return {"id": said.decision_id, "outcome": outcome, "version": said.version, "ground": said.ground}


def _about(engagement: EngagementRow) -> ColumnElement[bool]:
    """The tickets that ask about this engagement."""
    return and_(TicketRow.request_id == engagement.request_id, TicketRow.specialist_id == engagement.specialist_id)
