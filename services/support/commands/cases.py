"""What becomes of a case: it opens, somebody takes it, gives it back, closes it or opens it again, or nobody does."""

from dataclasses import asdict
from datetime import datetime
from uuid import UUID

from sqlalchemy import bindparam, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from libs.bus import publish
from libs.events.intake import DangerSignalled, RequestAccepted, RequestOpened
from libs.events.support import CaseOutcome, CaseOverdue, CaseReopened, ReopeningReason
from libs.kit.auth import Principal
from libs.kit.etags import require_match
from services.support.domain import CaseNotClosed, CaseUnknown, cases
from services.support.queries import at_desk, rules_of
from services.support.tables import CaseRow, RequestRow

_OPEN = upsert(CaseRow).values(status="open", version=1).on_conflict_do_nothing()
_WAITS = select(CaseRow.id).where(
    CaseRow.request_id == bindparam("request_id"), CaseRow.kind == "danger", CaseRow.status == "open"
)
_REMEMBER = upsert(RequestRow).on_conflict_do_nothing()
_UNTOLD = (
    select(CaseRow.id)
    .where(CaseRow.status == "open", CaseRow.due_at <= bindparam("now"), CaseRow.overdue_told_at.is_(None))
    .order_by(CaseRow.due_at)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)
)
_TELL = (
    update(CaseRow)
    .where(CaseRow.id.in_(_UNTOLD.scalar_subquery()))
    .values(overdue_told_at=bindparam("now"))
    .returning(CaseRow.id, CaseRow.tenant, CaseRow.request_id, CaseRow.kind, CaseRow.due_at)
)


async def remember_request(tx: AsyncSession, heard: RequestOpened | RequestAccepted) -> None:
    """From now on its client sees the cases about it, also those that were heard of before."""
    await tx.execute(_REMEMBER, {"request_id": heard.request_id, "tenant": heard.tenant, "client_id": heard.client_id})


async def open_case(tx: AsyncSession, said: cases.Opening) -> None:
    """Open the case that this is, unless it was heard before; danger said again waits with what nobody has taken."""
    if isinstance(said, DangerSignalled) and await tx.scalar(_WAITS, {"request_id": said.request_id}):
        return
    rules = (await rules_of(tx, said.tenant)).cases
    new = cases.open_case(said, rules)
    await tx.execute(_OPEN, asdict(new) | {"signs": list(new.signs)})


async def take_case(
    tx: AsyncSession, case_id: UUID, *, agent: Principal, if_match: str | None, now: datetime
) -> CaseRow:
    """Answer for a case from now on; of two who take it at once, the later is told who has it."""
    case = await _held(tx, case_id, agent)
    if cases.take(case.as_case(), agent.id):
        require_match(if_match, case.version)
        case.status, case.taken_by, case.taken_at = "taken", agent.id, now
        case.version += 1
    return case


async def give_case_back(tx: AsyncSession, case_id: UUID, *, agent: Principal, if_match: str | None) -> CaseRow:
    """Answer for a case no more, or have somebody else answer for it no more."""
    case = await _held(tx, case_id, agent)
    require_match(if_match, case.version)
    cases.give_back(case.as_case(), agent.id, supervises="supervisor" in agent.roles)
    case.status, case.taken_by, case.taken_at = "open", None, None
    case.version += 1
    return case


async def close_case(
    tx: AsyncSession, case_id: UUID, outcome: CaseOutcome, *, agent: Principal, if_match: str | None, now: datetime
) -> CaseRow:
    """Say how it ended."""
    case = await _held(tx, case_id, agent)
    require_match(if_match, case.version)
    cases.close(case.as_case(), agent.id, outcome)
    case.status, case.outcome, case.closed_at = "closed", outcome, now
    case.version += 1
    return case


async def reopen_case(
    tx: AsyncSession, case_id: UUID, reason: ReopeningReason, *, agent: Principal, if_match: str | None, now: datetime
) -> CaseRow:
    """Let it wait for somebody again, and be told again if nobody takes it; how it had ended is said, and gone."""
    case = await _held(tx, case_id, agent)
    require_match(if_match, case.version)
    due = cases.reopen(case.as_case(), (await rules_of(tx, case.tenant)).cases, now=now)
    await publish(tx, _reopened(case, reason, agent=agent, due=due, now=now))
    case.status, case.due_at, case.overdue_told_at = "open", due, None
    case.taken_by = case.taken_at = case.outcome = case.closed_at = None
    case.reopened_at, case.reopened_for = now, reason
    case.version += 1
    return case


async def tell_overdue(tx: AsyncSession, *, now: datetime, most: int) -> int:
    """Say of cases that nobody has taken in time: each row remembers that it was said, so nobody says it again."""
    rows = (await tx.execute(_TELL, {"now": now, "most": most})).all()
    says = [
        CaseOverdue(tenant=row.tenant, at=now, request_id=row.request_id, case_id=row.id, kind=row.kind, due=row.due_at)
        for row in rows
    ]
    await publish(tx, *says)
    return len(rows)


def _reopened(
    case: CaseRow, reason: ReopeningReason, *, agent: Principal, due: datetime, now: datetime
) -> CaseReopened:
    if case.outcome is None or case.taken_by is None:
        raise CaseNotClosed
    return CaseReopened(
        tenant=case.tenant, at=now, request_id=case.request_id, case_id=case.id, kind=case.kind, reason=reason,
        had_ended=case.outcome, closed_by=case.taken_by, reopened_by=agent.id, due=due,
    )  # fmt: skip


async def _held(tx: AsyncSession, case_id: UUID, agent: Principal) -> CaseRow:
    """A case of one's desks, locked: whoever else wants it waits, and then sees what became of it."""
    case = await tx.scalar(at_desk(agent).where(CaseRow.id == case_id).with_for_update(of=CaseRow))
    if case is None:
        raise CaseUnknown
    return case
