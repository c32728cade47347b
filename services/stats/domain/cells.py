"""What a state is worth: a pure function from what is known of one entity to whole numbers in its day's cells."""

from bisect import bisect_left
from typing import Literal, get_args

from libs.events.stats import Metric
from services.stats.domain.facts import Engagement, First, Gauge, Opening, Review, State, marked
from services.stats.domain.policy import Policy

METRICS: tuple[Metric, ...] = get_args(Metric)
WAITS: tuple[Metric, ...] = tuple(metric for metric in METRICS if metric.startswith("waited"))
WAIT_ENDS = tuple(4 << n for n in range(len(WAITS) - 1))  # seconds; each bucket is twice as wide as the one before
Standing = Literal["merged", "excluded", "won", "withdrawn", "released", "lost"]
Cells = dict[Metric, int]


def worth(state: State | None, policy: Policy) -> Cells:
    """What an entity adds to the counters of its day; nothing before its day is known."""
    match state:
        case Engagement(opening=Opening() as opening):
            return _engagement(state, opening, policy)
        case Review(left=First(), score=score, annulment=annulment) if score:
            return {"annulled": 1} if annulment and annulment.set else {"reviews": 1, "stars": score.stars}
        case Gauge(views=views) if views:
            return {"views": views}
    return {}


def _engagement(it: Engagement, opening: Opening, policy: Policy) -> Cells:
    held = sum(session.held for session in it.sessions.values())
    merged = marked(it.merge)
    early = not held and withdrawn_early(it, opening)
    stands = standing(it, won=bool(held), merged=merged, early=early)
    cells: Cells = {stands: 1}
    if opening.one_off and stands in {"won", "lost"}:
        cells["one_off"] = 1
    if not merged and not early:
        cells |= _product(it, won=bool(held), policy=policy)
    if held and not merged:
        cells |= _returned(it, opening, held=held, parted=refused(it) or let_go(it))
    return cells | _promise(it, opening, pardoned=not held and (merged or early or struck(it) or freed(it)))


def standing(it: Engagement, *, won: bool, merged: bool, early: bool) -> Standing:
    """Where an engagement stands in the conversion; silence and long thinking are lost like any other end (R6, R8)."""
    if merged:
        return "merged"
    if struck(it, "conversion"):
        return "excluded"
    if won:
        return "won"
    if early:
        return "withdrawn"
    return "lost" if it.release is None else "released"


def struck(it: Engagement, figure: Literal["conversion", "effectiveness"] | None = None) -> bool:
    """Whether support's decision takes the engagement out of a figure, or out of any."""
    ruling = it.ruling
    return ruling is not None and ruling.excluded and (figure is None or ruling.scope in {"pre_session", figure})


def withdrawn_early(it: Engagement, opening: Opening) -> bool:
    """Whether the client left before an answer was even due."""
    gone = it.withdrawal
    return gone is not None and gone.at < opening.reply_due and (it.reply is None or gone.at < it.reply.at)


def refused(it: Engagement) -> bool:
    """Whether the specialist ended the work before purchase 2: by time, not by arrival (R11).

    It was honoured after session 1 only (D11), so news of when a session came to be held takes nothing from it.
    """
    return it.refusal is not None and (it.bought is None or it.refusal < it.bought)


def let_go(it: Engagement) -> bool:
    """Whether the work ended in a way that is nobody's fault, with no second purchase known that it might take (D5)."""
    return it.release is not None and it.bought is None


def freed(it: Engagement) -> bool:
    """Whether such an end left nothing to answer; what was answered late before it stays late (D5, D6)."""
    return it.release is not None and (it.reply is None or it.release.at < it.reply.at)


def _product(it: Engagement, *, won: bool, policy: Policy) -> Cells:
    """The path from a view to a session; some grounds say that the view was none either (D14)."""
    if struck(it, "effectiveness"):
        return {"unviewed": 1} if it.ruling and it.ruling.ground in policy.views_leave else {}
    if won:
        return {"contacts": 1, "gained": 1}
    return {"contacts": 1} if it.release is None else {}


def _returned(it: Engagement, opening: Opening, *, held: int, parted: bool) -> Cells:
    """A client who met the specialist came back or not; a parting takes the question away, never the win (D1, R13)."""
    if parted:
        return {"refused": 1}
    if opening.one_off:
        return {}
    return {"kept" if it.bought else "gone": 1, "sessions": held}


def _promise(it: Engagement, opening: Opening, *, pardoned: bool) -> Cells:
    """The reply promise: what pardons forgives a breach and never takes a promise kept."""
    if it.reply is None:
        return {"forgiven" if pardoned else "unanswered": 1}
    seconds = (it.reply.at - opening.at).total_seconds()
    waited = WAITS[bisect_left(WAIT_ENDS, seconds)]
    kept = it.reply.at <= opening.reply_due
    return {"in_time" if kept else "forgiven" if pardoned else "late": 1, waited: 1}
