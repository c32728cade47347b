"""The race for a request."""

from typing import Annotated
from uuid import UUID

from fastapi import Header, Request, Response

from libs.kit.http import Autocommit, Router, Specialist
from libs.kit.idempotency import IdempotencyKeyMissing
from libs.kit.problems import documented, of_domain
from services.intake import commands
from services.intake.domain import (
    Acceptance,
    AnswerFirst,
    CoolingDown,
    KeyReused,
    NotEligible,
    OffDuty,
    Receipt,
    RequestClosed,
    RequestTaken,
    RequestUnknown,
    WrongDevice,
)
from services.intake.queries import Presser
from services.intake.schemas import AcceptanceView, ReceiptView

routes = Router(prefix="/v1", tags=["race"])
LONGEST_KEY = 255


PressKey = Annotated[str | None, Header(alias="Idempotency-Key", description="A new one per press.")]
PressDevice = Annotated[UUID | None, Header(alias="Device-Id", description="Needed if your duty began on a device.")]


@routes.post(
    "/requests/{request_id}/acceptance",
    status_code=201,
    response_model=AcceptanceView,
    responses=documented(
        IdempotencyKeyMissing,
        RequestUnknown,
        RequestTaken,
        RequestClosed,
        NotEligible,
        OffDuty,
        WrongDevice,
        AnswerFirst,
        KeyReused,
        CoolingDown,
    ),
)
async def accept_request(
    request_id: UUID,
    specialist: Specialist,
    *,
    http: Request,
    db: Autocommit,
    key: PressKey = None,
    device: PressDevice = None,
) -> AcceptanceView | Response:
    """Take a request from the feed. The first specialist to press gets it; the others get a receipt."""
    presser = Presser(specialist.id, specialist.tenant, _usable(key), device)
    answer = await commands.press_accept(db, request_id, presser)
    if isinstance(answer, Receipt):
        # Losing is an answer: its receipt is kept, and told again to whoever asks again.
        return of_domain(RequestTaken(answer), http.url.path)
    return _accepted(answer, http)


def _usable(key: str | None) -> str:
    """The name under which a press can be repeated and get the same answer."""
    if not key or len(key) > LONGEST_KEY or not key.isascii() or not key.isprintable():
        raise IdempotencyKeyMissing
    return key


def _accepted(won: Acceptance, http: Request) -> AcceptanceView:
    # Where a number may be; a chat request has one only if its client left one.
    contact = f"{http.scope.get('root_path', '')}/v1/requests/{won.request_id}/contact"
    return AcceptanceView(
        request_id=won.request_id, conversation_id=won.request_id, kind=won.kind, received_at=won.received_at,
        reply_due=won.reply_due, accepted_at=won.accepted_at, ready_at=won.ready_at,
        receipt=ReceiptView(order=1, margin_ms=0, accepted_at=won.accepted_at),
        contact=contact if won.kind == "phone" else None,
    )  # fmt: skip
