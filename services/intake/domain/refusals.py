"""Ending the work with a client: open after session 1 and before the purchase of session 2 (R9, R11, D11).

A purchase and a refusal of one engagement happen one after the other, under the lock of its request. Whichever comes
first decides what the other is answered, so no second purchase ever follows a refusal that was honoured.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from libs.events.intake import ClientRefused, RefusalCameLate, RefusalReason
from libs.kit.errors import Conflict
from services.intake.domain.engagements import SECOND, Engagement, Refusal
from services.intake.domain.requests import RequestClosed

Shut = Literal["session_1_comes_first", "next_session_paid", "refused", "support_asked", "closed"]


class DecideAfterSession1(Conflict):
    """Decide after session 1, not blind: you may end the work from then until the next session is paid."""

    def __init__(self, opens_at: datetime | None) -> None:
        super().__init__()
        self.opens_at = opens_at

    def extra(self) -> dict[str, Any]:
        """When the session begins that opens it; null where none is agreed."""
        return {"opens_at": self.opens_at}


class FarewellComesFirst(Conflict):
    """Tell the client first, best in a farewell template's words: briefly, kindly, and without what could hurt."""


class NextSessionPaid(Conflict):
    """The client had paid for the next session before. So support has to decide; what you asked is kept for it."""


@dataclass(frozen=True, slots=True)
class Window:
    """Whether the button is there, since when, and if not, why and when it will be."""

    open: bool
    since: datetime | None
    shut: Shut | None
    opens_at: datetime | None


def window(work: Engagement) -> Window:
    """Whether the specialist may end the work now."""
    shut = _shut(work)
    opens_at = work.starts_at if shut == "session_1_comes_first" else None
    return Window(shut is None, work.held_at if shut is None else None, shut, opens_at)


def refuse(
    work: Engagement, reason: RefusalReason, *, farewell_sent: bool, now: datetime
) -> ClientRefused | RefusalCameLate | None:
    """The specialist ends the work, or is too late to; saying it again says nothing new, and the first reason stays."""
    match _shut(work):
        case "refused" | "support_asked":
            return None
        case "closed":
            raise RequestClosed
        case "session_1_comes_first":
            raise DecideAfterSession1(work.starts_at)
        case "next_session_paid":
            return RefusalCameLate(
                tenant=work.request.tenant, at=now, request_id=work.request.id, specialist_id=work.specialist_id,
                reason=reason,
            )  # fmt: skip
        case None:
            pass
    if not farewell_sent:
        raise FarewellComesFirst
    return ClientRefused(
        tenant=work.request.tenant, at=now, request_id=work.request.id, specialist_id=work.specialist_id, reason=reason
    )


def refusal_of(said: ClientRefused | RefusalCameLate) -> Refusal:
    """What is kept of it."""
    return Refusal(said.reason, said.at, honoured=isinstance(said, ClientRefused))


def _shut(work: Engagement) -> Shut | None:
    if work.refusal is not None:
        return "refused" if work.ended else "support_asked"
    if work.request.closed_at is not None:
        return "closed"
    if work.held == 0:
        return "session_1_comes_first"
    return "next_session_paid" if work.paid >= SECOND else None
