"""Sessions between the two sides of a request."""

from uuid import UUID

from libs.kit.http import Party, Router, Snapshot, Specialist, Support, Transaction
from libs.kit.idempotency import Idempotent
from libs.kit.pagination import CursorUnknown, Page, Paging
from libs.kit.problems import documented
from services.intake import commands, queries
from services.intake.domain import (
    BothAgreed,
    DisputeTooLate,
    EngagementEnded,
    EnteredAfterwards,
    MovedTooOften,
    NothingToDispute,
    NoticeTooLate,
    OneSessionOnly,
    RequestClosed,
    RequestUnknown,
    SessionBeforeAcceptance,
    SessionInThePast,
    SessionNotStarted,
    SessionOver,
    SessionStarted,
    SessionTooFarAhead,
    SessionUnknown,
    StillAwaited,
    SupportHasDecided,
    TooManySessions,
)
from services.intake.schemas import NewOutcome, NewSession, NewTime, SessionView

routes = Router(prefix="/v1", tags=["sessions"])
WORDS = (SessionUnknown, BothAgreed, DisputeTooLate, SupportHasDecided)


@routes.post(
    "/requests/{request_id}/sessions",
    status_code=201,
    dependencies=[Idempotent],
    responses=documented(
        RequestUnknown,
        RequestClosed,
        EngagementEnded,
        OneSessionOnly,
        TooManySessions,
        SessionBeforeAcceptance,
        SessionTooFarAhead,
    ),
)
async def book_session(request_id: UUID, new: NewSession, winner: Specialist, tx: Transaction) -> SessionView:
    """Enter a session that the two sides agreed."""
    now = await queries.moment(tx)
    session_id = await commands.book_session(tx, request_id, winner.id, starts_at=new.starts_at, now=now)
    return SessionView.model_validate(await queries.session_of(tx, session_id))


@routes.get("/requests/{request_id}/sessions", responses=documented(RequestUnknown, CursorUnknown))
async def list_sessions(request_id: UUID, caller: Party, tx: Snapshot, paging: Paging) -> Page[SessionView]:
    """Your sessions of a request, in the order in which they were agreed."""
    found = await queries.seen_sessions(tx, request_id, caller.id, after=paging.after, limit=paging.limit + 1)
    return paging.page(found, key=lambda it: (it.booked_at, it.session.id), shape=lambda it: _view(it.session))


@routes.get("/sessions/{session_id}", responses=documented(SessionUnknown))
async def get_session(session_id: UUID, caller: Party, tx: Snapshot) -> SessionView:
    """A session, for its two sides."""
    return _view(await queries.seen_session(tx, session_id, caller.id))


@routes.post(
    "/sessions/{session_id}/move",
    responses=documented(
        SessionUnknown, NoticeTooLate, SessionOver, MovedTooOften, RequestClosed, EngagementEnded, SessionInThePast,
        SessionTooFarAhead,
    ),
)  # fmt: skip
async def move_session(session_id: UUID, new: NewTime, caller: Party, tx: Transaction) -> SessionView:
    """Enter another moment that the two sides agreed: a client in time, a specialist until it was told how it went.

    After the start a specialist moves it for force majeure instead of saying that the client did not come.
    """
    now = await queries.moment(tx)
    await commands.move_session(tx, session_id, caller.id, starts_at=new.starts_at, now=now)
    return _view(await queries.seen_session(tx, session_id, caller.id))


@routes.post("/sessions/{session_id}/cancellation", responses=documented(SessionUnknown, NoticeTooLate, SessionStarted))
async def cancel_session(session_id: UUID, caller: Party, tx: Transaction) -> SessionView:
    """Call it off before it begins. For a client this is possible for as long as it is notice."""
    await commands.cancel_session(tx, session_id, caller.id, now=await queries.moment(tx))
    return _view(await queries.seen_session(tx, session_id, caller.id))


@routes.post("/sessions/{session_id}/outcome", responses=documented(*WORDS, SessionNotStarted))
async def tell_outcome(session_id: UUID, new: NewOutcome, caller: Party, tx: Transaction) -> SessionView:
    """Tell, once it has begun, whether a session took place; saying otherwise later corrects what you said.

    It was held if one side says so and the other does not say otherwise in time. Where the two differ it counts as not
    held, until both say the same or support decides.
    """
    await commands.tell_outcome(tx, session_id, caller.id, new.outcome, now=await queries.moment(tx))
    return _view(await queries.seen_session(tx, session_id, caller.id))


@routes.post("/sessions/{session_id}/dispute", responses=documented(*WORDS, NothingToDispute))
async def dispute_session(session_id: UUID, caller: Party, tx: Transaction) -> SessionView:
    """The other side says that it was held, and it was not. Until support decides it counts as not held."""
    await commands.dispute_session(tx, session_id, caller.id, now=await queries.moment(tx))
    return _view(await queries.seen_session(tx, session_id, caller.id))


@routes.post(
    "/sessions/{session_id}/no-show", responses=documented(*WORDS, StillAwaited, EnteredAfterwards, SessionOver)
)
async def report_no_show(session_id: UUID, caller: Party, tx: Transaction) -> SessionView:
    """You were there and the other side was not. A client's absence without notice counts as a session held."""
    await commands.miss_session(tx, session_id, caller.id, now=await queries.moment(tx))
    return _view(await queries.seen_session(tx, session_id, caller.id))


@routes.post("/sessions/{session_id}/ruling", responses=documented(SessionUnknown, SessionNotStarted))
async def rule_session(session_id: UUID, new: NewOutcome, support: Support, tx: Transaction) -> SessionView:
    """Decide what a disputed session came to; this outweighs what its sides say."""
    del support
    await commands.rule_session(tx, session_id, new.outcome, now=await queries.moment(tx))
    return SessionView.model_validate(await queries.session_of(tx, session_id))


def _view(session: object) -> SessionView:
    return SessionView.model_validate(session)
