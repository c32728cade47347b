"""Figures as people are shown them: to the printed digit, explained to the last case, and never unlike the preview."""

from collections import Counter
from datetime import timedelta
from random import Random
from typing import get_args
from unittest.mock import ANY

import pytest
import pytest_asyncio
import sqlalchemy as sa
from msgspec import to_builtins

from libs.bus.ids import uuid7
from libs.events.support import Ground
from services.stats.domain import FIGURES, HOUSE, METRICS, Benchmark, utc_day
from services.stats.domain.priors import MILLION, Curve, Prior
from services.stats.tables import BenchmarkRow
from tests.people import ANNA
from tests.stats.scenes import (
    MARCH,
    MAY,
    hear,
    ids,
    merge,
    opening,
    purchase,
    refusal,
    reply,
    review,
    ruling,
    session,
    solved,
    views,
    withdrawal,
)

SHOWN = f"/specialists/{ANNA.id}/figures"
WHAT_IF = f"/specialists/{ANNA.id}/what-if"
G = (
    110_000,
    210_000,
    310_000,
    420_000,
    520_000,
    600_000,
    680_000,
    740_000,
    790_000,
    830_000,
    870_000,
    900_000,
    920_000,
)
CURVE = Curve((*G, 940_000, MILLION))
EXAMPLE = Benchmark(
    1, utc_day(MARCH), dict(HOUSE.priors) | {"conversion": Prior(6, 14)}, {"conversion": CURVE, "retention": CURVE},
    review_mean=4.7, review_spread=0.4, review_strength=8,
)  # fmt: skip
SCOPES = ("pre_session", "conversion", "effectiveness")
SUMS = ", ".join(f"sum({metric})" for metric in METRICS)
COUNTERS = sa.text(f"SELECT day, {SUMS} FROM counters GROUP BY day")  # noqa: S608
JOURNAL = sa.text(f"SELECT day, {SUMS} FROM journal WHERE recorded_at <= :moment GROUP BY day")  # noqa: S608
WINS = {"conversion": "won", "effectiveness": "gained", "retention": "kept", "reply_promise": "in_time"}
LOSSES = {
    "conversion": {"lost", "maturing"}, "retention": {"gone", "maturing"}, "reply_promise": {"late", "unanswered"},
}  # fmt: skip

seeds = pytest.mark.parametrize("seed", range(3))


@pytest_asyncio.fixture
async def compared(stats_service):
    """The platform that the printed figures were compared with is what figures are compared with."""
    row = BenchmarkRow(
        tenant=ANNA.tenant, number=EXAMPLE.number, id=uuid7(), as_of=EXAMPLE.as_of, published_at=MARCH,
        body=to_builtins(EXAMPLE),
    )  # fmt: skip
    async with stats_service.database.session(ANNA.tenant) as tx:
        tx.add(row)
    return stats_service


@pytest.fixture
def shown(ask):
    """A figure as Anna is shown it, in the order of the printed tables."""

    async def conversion():
        found = (await ask(ANNA, SHOWN, now=MAY)).json()["conversion"]
        interval, versus = found["interval"], found["versus_platform"]
        return [
            found["raw"], found["estimate"], interval["low"], interval["high"], versus["p_above"], versus["percentile"],
        ]  # fmt: skip

    return conversion


def printed(row):
    """The numbers of a row, each as exact as it was printed: to half a unit of its last digit."""
    words = row.split()
    places = [len(word.partition(".")[2]) for word in words]
    return [
        ANY if word == "-" else pytest.approx(float(word), abs=0.5 * 10**-digits + 1e-12)
        for word, digits in zip(words, places, strict=True)
    ]


async def test_the_worked_example(compared, shown):
    """Twelve won and 28 lost, three of these young, and what decisions make of it: raw, estimate, interval, P, u.

    At ages 1, 3 and 8 the lost weigh .11, .31 and .74. The last solves 18 / (57 + .42 + w) = .3095, which leaves .729
    to .748; the other rows leave .740 to .746 of that. An age of a days is weighed by the a days that are over, so the
    curve here is one day ahead of the one the table was made by.
    """
    won, lost, young = ([ids() for _ in range(n)] for n in (12, 25, 3))
    ages = [*range(20, 57), 1, 3, 8]
    begun = [opening(known, MAY - timedelta(days=age)) for known, age in zip([*won, *lost, *young], ages, strict=True)]
    await hear(compared, *begun, *(session(known, at=MAY) for known in won))
    assert await shown() == printed(".3243 .3095 .214 .412 .548 .547")
    await hear(compared, *map(ruling, lost[:4]))
    assert await shown() == printed(".3636 .3323 .232 .440 .684 .619")
    await hear(compared, ruling(lost[0], version=2, excluded=False))
    assert await shown() == printed(".3529 .3263 - - .651 .600")
    await hear(compared, ruling(lost[0], version=3), ruling(won[0]))
    assert await shown() == printed(".3438 .3198 - - .609 .579")


@pytest.mark.parametrize(("won", "lost", "u"), [(0, 0, ".500"), (1, 0, ".594"), (0, 1, ".460")])
async def test_the_worked_example_of_a_newcomer(won, lost, u, compared, shown):
    """One of one is a good beginning and not 100 %."""
    requests = [ids() for _ in range(won + lost)]
    await hear(compared, *map(opening, requests), *map(session, requests[:won]))
    assert (await shown())[-1:] == printed(u)


async def test_the_worked_example_of_reviews(compared, ask):
    """Both ones annulled, and a five instead."""
    reviews = [review(stars) for stars in (5, 5, 5, 4, 5, 1, 5, 5, 1, 5)]
    back = [solved(reviews[n], version=2, solved=False) for n in (5, 8)]
    for told, rating in [
        (reviews, "4.367"),
        ([solved(reviews[5]), solved(reviews[8])], "4.787"),
        ([*back, solved(reviews[0])], "4.329"),
    ]:
        await hear(compared, *told)
        assert [(await ask(ANNA, SHOWN, now=MAY)).json()["reviews"]["estimate"]] == printed(rating)


def happens(chance, known, begun):
    """What becomes of a request."""
    days = [begun + timedelta(days=n) for n in (1, 4, 9)]
    yield opening(known, begun, one_off=chance.random() < 0.2)
    if chance.random() < 0.8:
        yield reply(known, begun + timedelta(seconds=chance.choice([3, 12, 30, 31, 500])))
    if chance.random() < 0.5:
        yield session(known, at=days[0])
        yield chance.choice([session(known, at=days[2]), purchase(known, at=days[1]), refusal(known, days[1])])
    if chance.random() < 0.2:
        yield withdrawal(known, begun + timedelta(seconds=8))
    if chance.random() < 0.1:
        yield merge(known)
    for version in range(1, chance.choice([1, 1, 2, 3])):
        yield decision(chance, known, version)


def decision(chance, known, version):
    """Anything that support may decide."""
    why = {"ground": chance.choice(get_args(Ground)), "scope": chance.choice(SCOPES)}
    return ruling(known, version=version, excluded=chance.random() < 0.7, **why)


def tale(chance, requests):
    """Half a year of Anna's, in any order."""
    facts = []
    for known in requests:
        facts += happens(chance, known, MAY - timedelta(days=int(chance.triangular(0, 180, 10))))
    for _ in range(9):
        written = review(chance.randint(1, 5), MAY - timedelta(days=chance.randrange(180)))
        facts += [written, solved(written)] if chance.random() < 0.3 else [written]
        facts.append(views(chance.randint(1, 9), (MAY - timedelta(days=chance.randrange(40))).date()))
    chance.shuffle(facts)
    return facts


@seeds
async def test_i10_explanations_add_up_to_the_inputs_of_every_figure(seed, stats_service, ask):
    """Over all pages, now and as it was known in the middle of the tale."""
    chance, later = Random(seed), MAY + timedelta(hours=1)
    facts = tale(chance, [ids() for _ in range(30)])
    await hear(stats_service, *facts[:60])
    await hear(stats_service, *facts[60:], now=later)
    for known_at in (MAY, later):
        said = (await ask(ANNA, SHOWN, known_at=known_at.isoformat(), as_of="2026-05-02")).json()
        for figure in FIGURES:
            rows = await pages(ask, said[figure]["explanation"])
            assert len({(row["day"], row["kind"], row["id"]) for row in rows}) == len(rows)
            assert summed(figure, rows).items() <= said[figure]["inputs"].items()


async def pages(ask, link):
    """All rows of an explanation, a few at a time."""
    rows, query = [], "&limit=3"
    while query:
        page = (await ask(ANNA, f"http://dovira.test{link}{query}")).json()
        assert len(page["items"]) == 3 or not page["next"]
        rows += page["items"]
        query = page["next"] and f"&limit=3&cursor={page['next']}"
    return rows


def summed(figure, rows):
    """What the rows of an explanation come to."""
    counts = sum((Counter(row["counts"]) for row in rows), Counter())
    if figure == "reviews":
        return {"stars": counts["stars"], "reviews": counts["reviews"]}
    won = counts[WINS[figure]]
    if figure == "effectiveness":
        return {"won": won, "lost_weight": max(counts["views"] - counts["unviewed"], counts["contacts"]) - won}
    lost = sum(round(row["weight"] * MILLION) for row in rows if row["stands"] in LOSSES[figure])
    return {"won": won, "lost_weight": lost / MILLION}


@seeds
async def test_i11_what_was_known_at_any_moment_is_still_told(seed, stats_service, ask):
    """The journal adds up to the counters of every moment, and so to every answer that was given at it."""
    chance = Random(seed)
    facts = tale(chance, [ids() for _ in range(30)])
    told = {}
    for hour in range(6):
        moment = MAY + timedelta(hours=hour)
        await hear(stats_service, *facts[hour::6], *chance.sample(facts, 3), now=moment)
        told[moment] = await counted(stats_service, COUNTERS), (await ask(ANNA, SHOWN, now=moment)).json()
    for moment, (counters, answer) in told.items():
        assert await counted(stats_service, JOURNAL, moment=moment) == counters
        assert (await ask(ANNA, SHOWN, known_at=moment.isoformat())).json() == answer


async def counted(service, statement, **asked):
    """What is counted on each day, but for nothing."""
    async with service.database.session(ANNA.tenant) as tx:
        rows = {day: [n or 0 for n in counts] for day, *counts in (await tx.execute(statement, asked)).all()}
    return {day: counts for day, counts in rows.items() if any(counts)}


@seeds
async def test_a_preview_is_what_the_decision_makes_of_it(seed, stats_service, ask):
    """Exactly, for any set of requests, of decisions about them, and of what was decided before."""
    chance, requests = Random(seed), [ids() for _ in range(20)]
    await hear(stats_service, *tale(chance, requests))
    begun = (await ask(ANNA, SHOWN, now=MAY)).json()
    for version in (5, 6, 7):
        chosen = chance.sample(requests, chance.randint(1, len(requests)))
        decided = [decision(chance, known, version) for known in chosen]
        window = chance.choice([{}, {"window": "365"}, {"from": "2026-02-01", "to": "2026-04-30"}])
        body = {"decisions": [asked(it.data) for it in decided]}
        preview = (await ask(ANNA, WHAT_IF, now=MAY, body=body, **window)).json()
        assert preview["before"] == (await ask(ANNA, SHOWN, now=MAY, **window)).json()
        await hear(stats_service, *decided)
        assert preview["after"] == (await ask(ANNA, SHOWN, now=MAY, **window)).json()
    assert (await ask(ANNA, SHOWN, now=MAY)).json()["overall"] != begun["overall"]


def asked(it):
    """A decision, as somebody asks about it."""
    return {"request_id": str(it.request_id), "excluded": it.excluded, "ground": it.ground, "scope": it.scope}
