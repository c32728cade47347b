"""What the platform's specialists have come to: what a benchmark is fitted from, for one tenant."""

from collections import defaultdict
from datetime import date, datetime, timedelta

from msgspec import convert
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from libs.events.stats import Figure
from services.stats.domain import Benchmark, Lags, Seen, Yardstick
from services.stats.domain.windows import FIRST_DAY, last_days
from services.stats.queries.builds import Build

BENCHMARKS = text("""
    SELECT published_at, body FROM benchmarks WHERE number = coalesce(CAST(:number AS int), number)
    ORDER BY number DESC LIMIT 100
""")
RATED = 3  # reviews, from which on a specialist's mean says something about how means differ
LAGS_FROM = timedelta(days=365)
SHARES = text("""
    WITH each AS (
        SELECT specialist_id,
            sum(won) FILTER (WHERE day BETWEEN :conversion_first AND :conversion_last) AS won,
            sum(won + lost) FILTER (WHERE day BETWEEN :conversion_first AND :conversion_last) AS requests,
            sum(gained) FILTER (WHERE day BETWEEN :effectiveness_first AND :effectiveness_last) AS gained,
            sum(views - unviewed) FILTER (WHERE day BETWEEN :effectiveness_first AND :effectiveness_last) AS seen,
            sum(contacts) FILTER (WHERE day BETWEEN :effectiveness_first AND :effectiveness_last) AS contacts,
            sum(kept) FILTER (WHERE day BETWEEN :retention_first AND :retention_last) AS kept,
            sum(kept + gone) FILTER (WHERE day BETWEEN :retention_first AND :retention_last) AS clients,
            sum(in_time) FILTER (WHERE day BETWEEN :reply_promise_first AND :reply_promise_last) AS in_time,
            sum(in_time + late + unanswered)
                FILTER (WHERE day BETWEEN :reply_promise_first AND :reply_promise_last) AS promises
        FROM counters WHERE generation = :generation AND day >= :first GROUP BY specialist_id),
    share AS (
        SELECT 'conversion' AS figure, won AS k, requests AS n FROM each
        UNION ALL SELECT 'effectiveness', gained, greatest(seen, contacts) FROM each
        UNION ALL SELECT 'retention', kept, clients FROM each
        UNION ALL SELECT 'reply_promise', in_time, promises FROM each)
    SELECT figure, CAST(k AS int), CAST(n AS int), count(*) FROM share WHERE n > 0 GROUP BY 1, 2, 3
""")
# A case that support struck, that is part of another or that was released says nothing about how long cases take.
LAGS = text("""
    WITH seen AS (
        SELECT day, CAST(state->'opening'->>2 AS boolean) AS one_off,
            state ? 'refusal' AS refused, state ? 'release' AS released,
            (SELECT min(CAST(session->>3 AS timestamptz)) FROM jsonb_each(state->'sessions') AS held (id, session)
             WHERE CAST(session->>2 AS boolean)) AS met,
            CASE WHEN state->'unpaid'->>2 IS DISTINCT FROM 'true'
                THEN CAST(state->'purchase'->>0 AS timestamptz) END AS bought
        FROM states WHERE generation = :generation AND kind = 'engagement' AND day BETWEEN :first AND :as_of
            AND NOT coalesce(CAST(state->'ruling'->>2 AS boolean), false)
            AND NOT coalesce(CAST(state->'merge'->>2 AS boolean), false)),
    lag AS (
        SELECT 'conversion' AS figure, day, met AS came FROM seen WHERE met IS NOT NULL OR NOT released
        UNION ALL SELECT 'retention', day, bought FROM seen
            WHERE met IS NOT NULL AND NOT one_off AND NOT refused AND (bought IS NOT NULL OR NOT released))
    SELECT figure, came IS NOT NULL AS has_come,
        greatest(0, coalesce(CAST(came AT TIME ZONE 'UTC' AS date), :as_of) - day) AS age, count(*)
    FROM lag GROUP BY 1, 2, 3
""")
REVIEWS = text("""
    SELECT sum(stars) AS stars, sum(reviews) AS reviews FROM counters
    WHERE generation = :generation GROUP BY specialist_id HAVING sum(reviews) > 0
""")


async def seen(tx: AsyncSession, build: Build, yesterday: Benchmark, as_of: date) -> Seen:
    """Everybody's shares over the policy's windows, how long cases take, and the means of reviews.

    Where a case takes time to be decided, a share is taken over days whose cases are; what that means, the last
    benchmark says.
    """
    by = Yardstick(yesterday, build.policy, as_of)
    shares: defaultdict[Figure, dict[tuple[int, int], int]] = defaultdict(dict)
    for figure, k, n, specialists in await tx.execute(SHARES, {"generation": build.number, **_windows(by)}):
        shares[figure][min(k, n), n] = shares[figure].get((min(k, n), n), 0) + specialists
    reviews = [(int(stars), int(n)) for stars, n in await tx.execute(REVIEWS, {"generation": build.number})]
    return Seen(
        shares, await _lags(tx, build, as_of), tuple(stars / n for stars, n in reviews if n >= RATED),
        sum(stars for stars, _ in reviews), sum(n for _, n in reviews),
    )  # fmt: skip


def _windows(by: Yardstick) -> dict[str, date]:
    """The first and the last day to look at, for each share; the lot begins with the earliest."""
    found: dict[str, date] = {}
    for figure in by.policy.priors:
        decided_after = by.benchmark.curves[figure].horizon if figure in by.benchmark.curves else 1
        window = last_days(by.policy.windows[figure], by.as_of - timedelta(days=decided_after))
        found |= {f"{figure}_first": window.first, f"{figure}_last": window.last}
    return found | {"first": min(found.values(), default=FIRST_DAY)}


async def _lags(tx: AsyncSession, build: Build, as_of: date) -> dict[Figure, Lags]:
    asked = {"generation": build.number, "first": as_of - LAGS_FROM, "as_of": as_of}
    came: defaultdict[Figure, dict[int, int]] = defaultdict(dict)
    censored: defaultdict[Figure, dict[int, int]] = defaultdict(dict)
    for figure, has_come, age, cases in await tx.execute(LAGS, asked):
        if has_come:
            came[figure][age] = cases
        elif age:  # of a day that is not over one cannot say that nothing came of it
            censored[figure][age - 1] = cases
    return {figure: Lags(came[figure], censored[figure]) for figure in came.keys() | censored.keys()}


async def benchmarks(tx: AsyncSession, *, number: int | None = None) -> list[tuple[datetime, Benchmark]]:
    """What was published when, the newest first; or the one of a number."""
    rows = (await tx.execute(BENCHMARKS, {"number": number})).all()
    return [(at, convert(body, Benchmark)) for at, body in rows]
