"""Cases: what a client or a specialist said in intake that a person of the house has to answer.

They open by themselves (R12). Danger and fears go to the clinical desk, refusals to support's; supervisors sit at both.
Nobody else sees a case but its parties.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal, TypeAlias
from uuid import UUID, uuid5

from libs.events.intake import ClientRefused, DangerSignalled, RefusalCameLate, SafetyConcernRaised
from libs.events.support import CaseKind, CaseOutcome
from libs.kit.errors import Conflict, Invalid, NotFound
from services.support.domain.rules import CaseRules

CaseStatus = Literal["open", "taken", "closed"]
Desk = Literal["clinical", "support"]
Opening: TypeAlias = DangerSignalled | SafetyConcernRaised | ClientRefused | RefusalCameLate

CLINICAL: Final = frozenset[CaseOutcome]({"safe", "helpline", "emergency_services", "mistaken", "unreachable", "other"})
REFUSED: Final = frozenset[CaseOutcome]({"refund", "another_specialist", "unreachable", "other"})
OUTCOMES: Final[dict[CaseKind, frozenset[CaseOutcome]]] = {
    "danger": CLINICAL, "safety_concern": CLINICAL, "refusal": REFUSED, "late_refusal": REFUSED | {"work_goes_on"},
}  # fmt: skip
DESKS: Final[dict[CaseKind, Desk]] = {
    "danger": "clinical", "safety_concern": "clinical", "refusal": "support", "late_refusal": "support",
}  # fmt: skip
SEATS: Final[dict[Desk, frozenset[str]]] = {
    "clinical": frozenset({"clinician", "supervisor"}), "support": frozenset({"support", "supervisor"}),
}  # fmt: skip

SHOWN: Final[dict[str, frozenset[CaseKind]]] = {
    "client": frozenset({"danger", "refusal"}),
    "specialist": frozenset({"safety_concern", "refusal", "late_refusal"}),
}


class CaseUnknown(NotFound):
    """There is no such case among those you may see."""


class CaseTaken(Conflict):
    """A colleague has taken this case already."""

    def __init__(self, taken_by: UUID | None, taken_at: datetime | None) -> None:
        super().__init__()
        self.taken_by, self.taken_at = taken_by, taken_at

    def extra(self) -> dict[str, Any]:
        """Who, and when."""
        return {"taken_by": self.taken_by, "taken_at": self.taken_at}


class CaseNotYours(Conflict):
    """Only who has taken this case closes it or gives it back; a supervisor may give it back for them."""


class CaseClosed(Conflict):
    """This case is closed."""


class CaseNotClosed(Conflict):
    """This case is not closed, so there is nothing to open again."""


class OutcomeUnfit(Invalid):
    """A case of this kind does not end like that."""


@dataclass(frozen=True, kw_only=True)
class NewCase:
    """A case as it opens."""

    id: UUID
    tenant: str
    kind: CaseKind
    desk: Desk
    request_id: UUID
    specialist_id: UUID | None
    reason: str | None
    signs: tuple[str, ...]
    country: str | None
    locale: str | None
    opened_at: datetime
    due_at: datetime


@dataclass(frozen=True, kw_only=True)
class Case:
    """As much of a case as it takes to say what may become of it."""

    kind: CaseKind
    status: CaseStatus
    due_at: datetime
    taken_by: UUID | None
    taken_at: datetime | None


def open_case(said: Opening, rules: CaseRules) -> NewCase:
    """What was said is one case, however often and in whatever order it is heard: what it says makes the id."""
    kind = _kind(said)
    return NewCase(
        id=uuid5(said.request_id, f"{kind} {said.specialist_id} {said.at.isoformat()}"), tenant=said.tenant,
        kind=kind, desk=DESKS[kind], request_id=said.request_id, specialist_id=said.specialist_id,
        reason=getattr(said, "reason", None), signs=getattr(said, "signs", ()),
        country=getattr(said, "country", None), locale=getattr(said, "locale", None),
        opened_at=said.at, due_at=said.at + _within(kind, rules),
    )  # fmt: skip


def desks_of(roles: frozenset[str]) -> list[Desk]:
    """Whose cases somebody with these roles answers; a case is nobody else's to see (T8)."""
    return [desk for desk, seats in SEATS.items() if roles & seats]


def shown_to(role: str) -> frozenset[CaseKind]:
    """Which kinds a client or a specialist sees of their requests: what they said, and of a refusal both sides (T3).

    A specialist does not see that the client pressed the danger button: no rule has them told, and it may be them whom
    the client fears. A client does not see that the specialist fears for them: somebody else may be reading along, and
    a clinician is to say it first. Nor do they see a refusal that came too late: nobody has said farewell to them yet
    (R11), and support may decide that the work goes on (D11).
    """
    return SHOWN.get(role, frozenset())


def is_overdue(case: Case, now: datetime) -> bool:
    """Whether somebody should have taken it by now."""
    return case.status == "open" and case.due_at <= now


def take(case: Case, agent_id: UUID) -> bool:
    """Whether it becomes theirs by this; it may be theirs already."""
    if case.status == "closed":
        raise CaseClosed
    if case.status == "taken" and case.taken_by != agent_id:
        raise CaseTaken(case.taken_by, case.taken_at)
    return case.status == "open"


def give_back(case: Case, agent_id: UUID, *, supervises: bool) -> None:
    """Let others take it; it is due when it was."""
    if case.status == "closed":
        raise CaseClosed
    if case.status == "open" or not (supervises or case.taken_by == agent_id):
        raise CaseNotYours


def close(case: Case, agent_id: UUID, outcome: CaseOutcome) -> None:
    """End it."""
    if case.status == "closed":
        raise CaseClosed
    if case.taken_by != agent_id:
        raise CaseNotYours
    if outcome not in OUTCOMES[case.kind]:
        raise OutcomeUnfit(f"It ends as one of: {', '.join(sorted(OUTCOMES[case.kind]))}.")


def reopen(case: Case, rules: CaseRules, *, now: datetime) -> datetime:
    """Let anybody of its desk take it again; until when, counted from now as if it had just been said."""
    if case.status != "closed":
        raise CaseNotClosed
    return now + _within(case.kind, rules)


def _kind(said: Opening) -> CaseKind:
    match said:
        case DangerSignalled():
            return "danger"
        case SafetyConcernRaised():
            return "safety_concern"
        case ClientRefused():
            return "refusal"
        case RefusalCameLate():
            return "late_refusal"


def _within(kind: CaseKind, rules: CaseRules) -> timedelta:
    match kind:
        case "danger":
            return rules.danger_within
        case "safety_concern":
            return rules.concern_within
        case "refusal" | "late_refusal":
            return rules.refusal_within
