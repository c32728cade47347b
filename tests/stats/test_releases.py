"""What ends in a way that is nobody's fault costs no figure, and whoever has a request next is judged by their own."""

from datetime import timedelta
from itertools import pairwise
from typing import get_args
from uuid import UUID

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from libs.events.intake import Release
from services.stats import queries
from services.stats.consumers import NOBODYS_FAULT
from services.stats.domain import HOUSE, Engagement, First, house, windows, worth
from services.stats.tables import CounterRow
from tests.people import ANNA, BORIS
from tests.stats.scenes import (
    MARCH,
    MAY,
    PROMISE,
    hear,
    ids,
    opening,
    purchase,
    release,
    reply,
    session,
)
from tests.stats.strategies import AS_OF, BEGUN, DUE, INSTANT, engagements, grounds, lately, lives, scopes, surroundings
from tests.stats.test_domain import AGAIN, HELD, MERGED, ONE_OFF, OPENED, REINSTATED, STRUCK, VOIDED, at, whole
from tests.stats.test_figures import CLOSE, FEW, asked, lowered, one_by_one, strike, told

RELEASED = at("release", BEGUN + timedelta(seconds=20), 22)
LOST = {"lost": 1, "contacts": 1}
FREE = {"released": 1, "forgiven": 1}


def replied(after):
    return at("reply", BEGUN + after, 23)


@pytest.mark.parametrize(
    ("known", "counts"),
    [
        ([], FREE),
        ([replied(DUE / 2)], {"released": 1, "in_time": 1, "waited_16s": 1}),
        ([HELD, VOIDED], FREE),
        ([HELD], {"won": 1, "contacts": 1, "gained": 1, "refused": 1, "unanswered": 1}),
        ([HELD, AGAIN], {"won": 1, "contacts": 1, "gained": 1, "refused": 1, "unanswered": 1}),
        ([STRUCK], {"excluded": 1, "unviewed": 1, "forgiven": 1}),
        ([STRUCK, REINSTATED], FREE),
        ([MERGED], {"merged": 1, "forgiven": 1}),
        ([at("withdrawal", BEGUN + INSTANT)], {"withdrawn": 1, "forgiven": 1}),
    ],
)
def test_d5_a_release_takes_what_was_lost_out_and_leaves_what_was_won(known, counts):
    for facts in (known, known[::-1]):
        assert worth(whole(OPENED, *facts, RELEASED), HOUSE) == worth(whole(RELEASED, *facts, OPENED), HOUSE) == counts
    assert worth(whole(*known, RELEASED), HOUSE) == {}


def test_d5_a_client_who_came_back_before_or_after_stays_kept():
    for day in (2, 9):
        bought = at("purchase", BEGUN + timedelta(days=day))
        ended = at("release", BEGUN + timedelta(days=5), 22)
        assert worth(whole(OPENED, HELD, bought, ended), HOUSE) == worth(whole(OPENED, HELD, bought), HOUSE)


def test_d5_a_released_one_off_is_no_one_off_of_the_conversion():
    assert worth(whole(ONE_OFF, RELEASED), HOUSE) == FREE


@pytest.mark.parametrize(
    ("after", "stands"), [(2 * DUE - INSTANT, "late"), (2 * DUE, "late"), (2 * DUE + INSTANT, "forgiven")]
)
def test_d6_what_was_answered_late_before_the_release_stays_late(after, stands):
    counts = worth(whole(OPENED, replied(after), at("release", BEGUN + 2 * DUE, 22)), HOUSE)
    assert {metric for metric in ("in_time", "late", "unanswered", "forgiven") if metric in counts} == {stands}


def test_d5_of_several_releases_the_first_holds():
    later = at("release", BEGUN + 3 * DUE, 21)
    assert RELEASED.join(later) == later.join(RELEASED) == RELEASED.join(RELEASED) == RELEASED


@st.composite
def anything(draw):
    """Engagements, whatever was decided about them and whether or not the specialist ended the work."""
    known = draw(lives)
    if decision := draw(st.none() | st.tuples(grounds, scopes)):
        known = [strike(it, *decision) for it in known]
    if draw(st.booleans()):
        known = [it.join(Engagement(refusal=First(it.opening.at + timedelta(days=3), UUID(int=96)))) for it in known]
    return known


@FEW
@given(anything(), surroundings, asked, st.integers(-9, 10**6))
def test_d5_a_release_lowers_no_figure(known, around, asked, seconds):
    """Compared with its not having happened, whatever else did, before it or after."""

    def let_go(it):
        return it.join(Engagement(release=First(it.opening.at + timedelta(seconds=seconds), UUID(int=97))))

    found = [told(step, around, asked) for step in one_by_one(known, let_go)]
    assert all(lowered(before, after) < CLOSE for before, after in pairwise(found))
    assert all(before.enough <= after.enough for before, after in pairwise(found))
    assert all(
        before.estimates[figure].enough <= after.estimates[figure].enough
        for before, after in pairwise(found)
        for figure in before.estimates
    )


@pytest.mark.parametrize("figure", ["conversion", "effectiveness", "reply_promise"])
def test_d5_the_floor_sees_what_was_released(figure):
    known = [OPENED.join(RELEASED)] * HOUSE.floors[figure]
    everything = windows(HOUSE, AS_OF, days=0)
    assert told(known, [], everything).estimates[figure].enough
    assert not told(known[1:], [], everything).estimates[figure].enough


@given(engagements(lately))
def test_d5_a_release_takes_nothing_that_was_won(it):
    before, after = (
        worth(each, HOUSE) for each in (it, it.join(Engagement(release=First(it.opening.at, UUID(int=97)))))
    )
    for won in ("won", "gained", "kept", "in_time"):
        assert after.get(won) == before.get(won)


async def counted(service, of=ANNA):
    """What one specialist's days came to; in these tests there is one."""
    async with service.database.session("*") as tx:
        rows = (await tx.execute(sa.select(CounterRow.__table__).where(CounterRow.specialist_id == of.id))).mappings()
        days = {row["day"]: queries.cells(row) for row in rows}
    found = {day: counts for day, counts in days.items() if counts}
    assert found.keys() <= {MARCH.date()}
    return found.get(MARCH.date(), {})


@pytest.mark.parametrize("reason", get_args(Release))
async def test_d5_only_a_silence_counts_against_who_lost_the_request_by_it(reason, stats_service):
    known = ids()
    gone = release(known, reason=reason)
    await hear(stats_service, gone)
    await hear(stats_service, opening(known), gone)
    await hear(stats_service, gone, release(known, MARCH + timedelta(hours=1), reason=reason))
    assert await counted(stats_service) == (LOST | {"unanswered": 1} if reason == "silent" else FREE)
    assert (reason in NOBODYS_FAULT) is (reason != "silent")


async def test_d6_a_winner_whose_answer_was_late_in_arriving_gets_the_request_back_as_it_was(stats_service):
    known = ids()
    given_back = opening(known, MARCH + timedelta(days=1))
    facts = [opening(known), release(known, reason="silent"), reply(known), given_back]
    for told_so_far in (facts[:2], facts[:3], facts, facts[::-1]):
        await hear(stats_service, *told_so_far)
        assert await counted(stats_service)
    assert await counted(stats_service) == LOST | {"in_time": 1, "waited_16s": 1}


async def test_d6_who_wins_next_answers_for_their_own_promise_only(stats_service):
    known = ids()
    next_one = known | {"specialist_id": BORIS.id}
    taken = MARCH + timedelta(minutes=2)
    facts = [
        opening(known), release(known, MARCH + PROMISE, reason="silent"), opening(next_one, taken),
        reply(next_one, taken + PROMISE),
    ]  # fmt: skip
    await hear(stats_service, *facts[::-1])
    assert await counted(stats_service) == LOST | {"unanswered": 1}
    assert await counted(stats_service, BORIS) == LOST | {"in_time": 1, "waited_32s": 1}


async def test_d5_the_explanation_says_why_such_a_request_does_not_count(stats_service, ask):
    early, met = ids(), ids()
    await hear(stats_service, opening(early), release(early, reason="unreachable"))
    await hear(stats_service, opening(met), session(met), reply(met), release(met, MAY, reason="referred"))
    shown = {}
    for figure in ("conversion", "retention", "reply_promise"):
        path = f"/specialists/{ANNA.id}/figures/{figure}/explanation"
        items = (await ask(ANNA, path, **{"from": "2026-03-01", "to": "2026-03-31"})).json()["items"]
        shown[figure] = {it["id"]: (it["stands"], it["weight"], it["rule"]) for it in items}
    first, second = str(early["request_id"]), str(met["request_id"])
    assert shown == {
        "conversion": {first: ("released", 0, "D5"), second: ("won", 1, "D8")},
        "retention": {second: ("refused", 0, "R13")},
        "reply_promise": {first: ("forgiven", 0, "D5"), second: ("in_time", 1, "B1")},
    }
    figures = (await ask(ANNA, f"/specialists/{ANNA.id}/figures", **{"from": "2026-03-01", "to": "2026-03-31"})).json()
    assert figures["conversion"]["counts"]["released"] == 1


async def test_what_was_released_says_nothing_about_how_long_cases_take(stats_service):
    met, bought, free, lost = (ids() for _ in range(4))
    await hear(
        stats_service, *(opening(known) for known in (met, bought, free, lost)), session(met), session(bought),
        purchase(bought), *(release(known, MAY) for known in (met, bought, free)),
    )  # fmt: skip
    async with stats_service.database.session("therapy") as tx:
        seen = await queries.seen(tx, await queries.build_at(tx, MAY), house(HOUSE, AS_OF), AS_OF)
    assert sum(seen.lags["conversion"].came.values()) == 2
    assert sum(seen.lags["conversion"].censored.values()) == 1
    assert (seen.lags["retention"].came, seen.lags["retention"].censored) == ({9: 1}, {})
