"""Sessions between the two sides of a request."""

from uuid import UUID

from libs.kit.http import Router, Specialist, Transaction
from libs.kit.idempotency import Idempotent
from libs.kit.problems import documented
from services.intake import commands, queries
from services.intake.domain import (
    RequestClosed,
    RequestUnknown,
    SessionBeforeAcceptance,
    SessionNotStarted,
    SessionUnknown,
)
from services.intake.schemas import NewOutcome, NewSession, SessionView

routes = Router(prefix="/v1", tags=["sessions"])


@routes.post(
    "/requests/{request_id}/sessions",
    status_code=201,
    dependencies=[Idempotent],
    responses=documented(RequestUnknown, RequestClosed, SessionBeforeAcceptance),
)
async def book_session(request_id: UUID, new: NewSession, winner: Specialist, tx: Transaction) -> SessionView:
    """Enter a session that the two sides agreed."""
    now = await queries.moment(tx)
    session_id = await commands.book_session(tx, request_id, winner.id, starts_at=new.starts_at, now=now)
    return SessionView.model_validate(await queries.session_of(tx, session_id))


@routes.post("/sessions/{session_id}/outcome", responses=documented(SessionUnknown, SessionNotStarted))
async def tell_outcome(session_id: UUID, new: NewOutcome, specialist: Specialist, tx: Transaction) -> SessionView:
    """Tell, once it has begun, whether a session took place; saying otherwise later corrects it."""
    await commands.tell_outcome(tx, session_id, specialist.id, new.outcome, now=await queries.moment(tx))
    return SessionView.model_validate(await queries.session_of(tx, session_id))
