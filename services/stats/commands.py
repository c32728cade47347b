"""The fold reaches the tables: registers merged, differences journalled and counted, all in one transaction.

Every statement takes its rows in the order of their keys, and the tables are always taken in the same order, so two
projectors never wait for each other in a circle. What a row was before comes from the locked row itself (the `prev_`
columns), never from a read beside it, which could miss what another transaction has just committed.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from itertools import repeat
from typing import Any, Final
from uuid import UUID

from msgspec.json import encode
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from libs.bus import clock
from libs.events.stats import FiguresRestated
from services.stats import domain
from services.stats.domain import Counts, Day, Engagement, Entry, Key, Move, Restatement, State

KEY = {"request_id": "uuid", "specialist_id": "uuid", "tenant": "text"}
SESSION = KEY | {"session_id": "uuid", "version": "bigint", "event_id": "uuid", "held": "boolean"}
OPENING = {"opened_at": "timestamptz", "opened_event_id": "uuid", "one_off": "boolean"}
RULING = {"ruling_version": "bigint", "ruling_event_id": "uuid", "struck": "boolean", "decision_id": "uuid"}
ENGAGEMENT = KEY | {"held": "int"} | OPENING | RULING
ENTRY = KEY | {"day": "date", "metric": "text", "delta": "int", "event_id": "uuid", "decision_id": "uuid"}
DAY = {"specialist_id": "uuid", "tenant": "text", "day": "date"}
RESTATED = {f"restated_{name}": kind for name, kind in DAY.items()}
UNOPENED: Final = (None,) * len(OPENING)
UNRULED: Final = (0, None, False, None)


def unnest(columns: Mapping[str, str]) -> str:
    """The rows that `arrays` sends, in a statement."""
    return f"unnest({', '.join(f'CAST(CAST(:{name} AS text) AS {kind}[])' for name, kind in columns.items())})"


def arrays(columns: Mapping[str, str], rows: Collection[Sequence[Any]]) -> dict[str, str]:
    """Rows as the parameters of `unnest`: one array per column."""
    turned = zip(*rows, strict=True) if rows else repeat(())
    return {name: array(column) for name, column in zip(columns, turned, strict=False)}


def array(column: Sequence[Any]) -> str:
    """An array spelt as PostgreSQL reads it, which but for the braces is JSON; the driver takes four times as long."""
    return f"{{{encode(column)[1:-1].decode()}}}"


def names(columns: Mapping[str, str], of: str = "") -> str:
    """A list of columns, for a statement."""
    return ", ".join(f"{of}{name}" for name in columns)


def kept(columns: Mapping[str, str], *, unless: str) -> str:
    """A register keeps what it holds, unless what has come goes before it."""
    return ", ".join(f"{name} = CASE WHEN {unless} THEN excluded.{name} ELSE known.{name} END" for name in columns)


EARLIER = """known.opened_at IS NULL
    OR (excluded.opened_at, excluded.opened_event_id) < (known.opened_at, known.opened_event_id)"""
NEWER = "(excluded.ruling_version, excluded.ruling_event_id) > (known.ruling_version, known.ruling_event_id)"

MERGE_SESSIONS = text(f"""
    INSERT INTO sessions AS known ({names(SESSION)})
    SELECT * FROM {unnest(SESSION)} ORDER BY 1, 2, 3, 4
    ON CONFLICT (request_id, specialist_id, tenant, session_id) DO UPDATE SET
        prev_held = known.held, held = excluded.held, version = excluded.version, event_id = excluded.event_id
    WHERE (excluded.version, excluded.event_id) > (known.version, known.event_id)
    RETURNING {names(KEY)}, CAST(held AS int) - CAST(prev_held AS int)
""")  # noqa: S608 - put together from the names above

MERGE_ENGAGEMENTS = text(f"""
    WITH merged AS (
        INSERT INTO engagements AS known ({names(ENGAGEMENT)})
        SELECT * FROM {unnest(ENGAGEMENT)} ORDER BY 1, 2, 3
        ON CONFLICT ({names(KEY)}) DO UPDATE SET
            prev_opened_at = known.opened_at, prev_held = known.held, prev_struck = known.struck,
            held = known.held + excluded.held, {kept(OPENING, unless=EARLIER)}, {kept(RULING, unless=NEWER)}
        RETURNING {names(KEY)}, prev_opened_at, prev_held, prev_struck, opened_at, held, struck, decision_id)
    SELECT * FROM merged
    WHERE (prev_opened_at, prev_held, prev_struck) IS DISTINCT FROM (opened_at, held, struck)
""")  # noqa: S608

# A restated day's counters are all taken, even where nothing is added, so that what is told of it is true as a whole.
JOURNAL = text(f"""
    WITH entry AS (
        SELECT * FROM {unnest(ENTRY)} AS entry ({names(ENTRY)})),
    written AS (
        INSERT INTO journal (recorded_at, {names(ENTRY)})
        SELECT CAST(:recorded_at AS timestamptz), entry.* FROM entry),
    cell AS (
        SELECT specialist_id, day, metric, tenant, delta FROM entry
        UNION ALL
        SELECT specialist_id, day, metric, tenant, 0
        FROM {unnest(RESTATED)} AS restated ({names(DAY)}), unnest(CAST('{{won,lost}}' AS text[])) AS metric)
    INSERT INTO counters AS known (specialist_id, day, metric, tenant, n)
    SELECT specialist_id, day, metric, tenant, sum(delta) FROM cell GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
    ON CONFLICT (specialist_id, day, metric, tenant) DO UPDATE SET n = known.n + excluded.n
""")  # noqa: S608

COUNTED = text(f"""
    SELECT {names(DAY)}, metric, n FROM counters WHERE ({names(DAY)}) IN (SELECT * FROM {unnest(DAY)})
""")  # noqa: S608


async def record(tx: AsyncSession, facts: Mapping[Key, State]) -> list[tuple[UUID, FiguresRestated]]:
    """Let facts take effect; give back what must be told of past days, each with the event that is the reason."""
    moves = await merged(tx, facts, await sessions_changed(tx, facts))
    # Asked only now, with the rows locked: of two changes of one engagement the later has the later moment.
    now = clock.now()
    restatements = list(domain.restatements(moves, today=domain.cohort_day(now)))
    days = {restatement.day for restatement in restatements}
    await journal(tx, [entry for move in moves for entry in domain.entries(move)], days, now)
    counted = await counted_on(tx, days)
    return [(it.event_id, told(it, before, after, now)) for it, before, after in domain.in_turn(restatements, counted)]


async def sessions_changed(tx: AsyncSession, facts: Mapping[Key, State]) -> Counter[Key]:
    """Merge the registers of sessions; give back by how many held ones each engagement is the richer."""
    rows = [(*key, id, *session) for key, state in facts.items() for id, session in state.sessions.items()]
    changes: Counter[Key] = Counter()
    if rows:
        for *key, change in (await tx.execute(MERGE_SESSIONS, arrays(SESSION, rows))).all():
            changes[Key(*key)] += change
    return changes


async def merged(tx: AsyncSession, facts: Mapping[Key, State], sessions: Mapping[Key, int]) -> list[Move]:
    """Join the facts to what is known; give back the engagements that moved."""
    rows = [
        (*key, sessions.get(key, 0), *(state.opening or UNOPENED), *(state.ruling or UNRULED))
        for key, state in facts.items()
    ]
    result = await tx.execute(MERGE_ENGAGEMENTS, arrays(ENGAGEMENT, rows))
    return [moved(facts, row) for row in result.all()]


def moved(facts: Mapping[Key, State], row: Sequence[Any]) -> Move:
    """A row of MERGE_ENGAGEMENTS, as the domain sees it."""
    key = Key(*row[:3])
    return domain.move(key, Engagement(*row[3:6]), Engagement(*row[6:9]), facts[key], row[9])


async def journal(tx: AsyncSession, entries: Sequence[Entry], days: Collection[Day], now: datetime) -> None:
    """Write the lines, and add them up."""
    if entries:
        await tx.execute(JOURNAL, arrays(ENTRY, entries) | arrays(RESTATED, days) | {"recorded_at": now})


async def counted_on(tx: AsyncSession, days: Collection[Day]) -> dict[Day, Counts]:
    """What days have come to by now; the transaction holds their counters already."""
    if not days:
        return {}
    rows = (await tx.execute(COUNTED, arrays(DAY, days))).all()
    cells = {(Day(*day), metric): n for *day, metric, n in rows}
    return {day: Counts(cells[day, "won"], cells[day, "lost"]) for day in days}


def told(it: Restatement, before: Counts, after: Counts, now: datetime) -> FiguresRestated:
    """A restatement, as others hear of it."""
    return FiguresRestated(
        tenant=it.day.tenant, at=now, specialist_id=it.day.specialist_id, metric="conversion", day=it.day.day,
        won_before=before.won, won_after=after.won, lost_before=before.lost, lost_after=after.lost,
        decision_id=it.decision_id,
    )  # fmt: skip
