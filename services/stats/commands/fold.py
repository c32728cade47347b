"""The fold reaches the tables: states joined, differences journalled and counted, all in one transaction.

Every entity's first state is offered first, in the order of keys: who is new is begun by it, who is known is locked by
the attempt. Only then are the known read, so what an entity was before is what its next state really follows, and two
projectors never wait for each other in a circle.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from itertools import repeat
from typing import Any
from uuid import UUID

from msgspec.json import encode
from sqlalchemy import bindparam, text
from sqlalchemy.ext.asyncio import AsyncSession

from libs.bus import clock
from libs.events.stats import CountRestated, FiguresRestated
from services.stats import domain
from services.stats.domain import METRICS, NOTHING, READ, Cells, Day, Entity, Entry, Move, Policy, Restatement, State

ENTITY = {"kind": "text", "id": "uuid", "specialist_id": "uuid", "tenant": "text"}
STATE = ENTITY | {"day": "date", "state": "jsonb"}
DAY = {"specialist_id": "uuid", "tenant": "text", "day": "date"}
LINE = {f"entity_{name}" if name in {"kind", "id"} else name: kind for name, kind in ENTITY.items()}
COUNTS = dict.fromkeys(METRICS, "int")
ENTRY = LINE | {"day": "date", "event_id": "uuid", "decision_id": "uuid"} | COUNTS


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


def names(columns: Iterable[str], of: str = "") -> str:
    """A list of columns, for a statement."""
    return ", ".join(f"{of}{name}" for name in columns)


# DO UPDATE WHERE false writes nothing, but locks the row that is there, which DO NOTHING would not.
BEGIN = text(f"""
    INSERT INTO states AS known (generation, {names(STATE)})
    SELECT :generation, * FROM {unnest(STATE)} ORDER BY 2, 3, 4, 5
    ON CONFLICT (generation, {names(ENTITY)}) DO UPDATE SET day = known.day WHERE false RETURNING {names(ENTITY)}
""")  # noqa: S608
# LATERAL with OFFSET 0 asks for each row by its key. A table that begins to fill has no statistics, and without them
# the planner would rather read all of it for each.
READ_KNOWN = text(f"""
    SELECT {names(ENTITY, "heard.")}, CAST(known.state AS text)
    FROM {unnest(ENTITY)} AS heard ({names(ENTITY)}) CROSS JOIN LATERAL (
        SELECT state FROM states
        WHERE generation = :generation AND ({names(ENTITY, "states.")}) = ({names(ENTITY, "heard.")}) OFFSET 0) AS known
""")  # noqa: S608
GO_ON = text(f"""
    INSERT INTO states AS known (generation, {names(STATE)}) SELECT :generation, * FROM {unnest(STATE)}
    ON CONFLICT (generation, {names(ENTITY)}) DO UPDATE SET day = excluded.day, state = excluded.state
""")  # noqa: S608
JOURNAL = text(f"""
    WITH entry AS (SELECT * FROM {unnest(ENTRY)} AS entry ({names(ENTRY)})),
    written AS (
        INSERT INTO journal (generation, recorded_at, {names(ENTRY)})
        SELECT :generation, :recorded_at, entry.* FROM entry)
    INSERT INTO counters AS known (generation, {names(DAY)}, {names(METRICS)})
    SELECT :generation, {names(DAY)}, {", ".join(f"coalesce(sum({metric}), 0)" for metric in METRICS)}
    FROM entry GROUP BY {names(DAY)} ORDER BY {names(DAY)}
    ON CONFLICT (generation, {names(DAY)}) DO UPDATE
    SET {", ".join(f"{metric} = known.{metric} + excluded.{metric}" for metric in METRICS)}
""")  # noqa: S608
COUNTED = text(f"""
    SELECT {names(DAY, "asked.")}, {names(METRICS)} FROM {unnest(DAY)} AS asked ({names(DAY)}) CROSS JOIN LATERAL (
        SELECT {names(METRICS)} FROM counters
        WHERE generation = :generation AND ({names(DAY, "counters.")}) = ({names(DAY, "asked.")}) OFFSET 0) AS known
""")  # noqa: S608
for statement in (BEGIN, READ_KNOWN, GO_ON, JOURNAL, COUNTED):
    statement.bindparams(bindparam("generation"))


async def record(
    tx: AsyncSession, facts: Mapping[Entity, State], *, generation: int, policy: Policy
) -> list[tuple[UUID, FiguresRestated]]:
    """Let facts take effect; give back what must be told of past days, each with the event that is the reason."""
    moves = await joined(tx, facts, generation)
    # Asked only now, with the rows locked: of two changes of one entity the later has the later moment.
    now = clock.now()
    entries, restated = [], []
    for move in moves:
        for entry in domain.entries(move, policy):
            entries.append(entry)
            if found := domain.restatement(move, entry, today=domain.utc_day(now)):
                restated.append(found)
    await journal(tx, entries, generation, now)
    counted = await counted_on(tx, {it.day for it in restated}, generation)
    return [(it.event_id, told(it, before, after, now)) for it, before, after in domain.in_turn(restated, counted)]


async def joined(tx: AsyncSession, facts: Mapping[Entity, State], generation: int) -> list[Move]:
    """Join the facts to what is known; give back the entities that moved."""
    first = [Move(entity, NOTHING[entity.kind], join(NOTHING[entity.kind], fact)) for entity, fact in facts.items()]
    written = await begin(tx, first, generation)
    known = await known_states(tx, facts.keys() - written, generation)
    moved = [
        Move(entity, before, after)
        for entity, before in known.items()
        if (after := join(before, facts[entity])) != before
    ]
    await go_on(tx, moved, generation)
    return [move for move in first if move.entity in written] + moved


def join(before: State | None, fact: State) -> State:
    """What was known, and the fact."""
    return fact if before is None else before.join(fact)  # type: ignore[arg-type]


async def known_states(tx: AsyncSession, entities: Collection[Entity], generation: int) -> dict[Entity, State]:
    """The states of entities that are locked."""
    if not entities:
        return {}
    rows = await tx.execute(READ_KNOWN, arrays(ENTITY, entities) | {"generation": generation})
    return {Entity(*key): READ[key[0]].decode(state) for *key, state in rows.all()}


async def begin(tx: AsyncSession, moves: Sequence[Move], generation: int) -> set[Entity]:
    """Begin the entities that nobody has heard of and lock the others; gives back those that were begun."""
    rows = await tx.execute(BEGIN, states(moves) | {"generation": generation})
    return {Entity(*row) for row in rows.all()}


async def go_on(tx: AsyncSession, moves: Sequence[Move], generation: int) -> None:
    """Write the next states of entities that are locked."""
    if moves:
        await tx.execute(GO_ON, states(moves) | {"generation": generation})


def states(moves: Sequence[Move]) -> dict[str, str]:
    """The states after moves, as the parameters of a statement."""
    return arrays(STATE, [(*move.entity, move.after.day, encode(move.after).decode()) for move in moves])


async def journal(tx: AsyncSession, entries: Sequence[Entry], generation: int, now: datetime) -> None:
    """Write the lines, and add them up."""
    if entries:
        rows = [
            (*it.entity, it.day, it.event_id, it.decision_id, *(it.deltas.get(metric) for metric in METRICS))
            for it in entries
        ]
        await tx.execute(JOURNAL, arrays(ENTRY, rows) | {"generation": generation, "recorded_at": now})


async def counted_on(tx: AsyncSession, days: Collection[Day], generation: int) -> dict[Day, Cells]:
    """What days have come to by now; the transaction holds their counters already."""
    if not days:
        return {}
    rows = await tx.execute(COUNTED, arrays(DAY, days) | {"generation": generation})
    return {Day(*row[:3]): dict(zip(METRICS, row[3:], strict=True)) for row in rows.all()}


def told(it: Restatement, before: Cells, after: Cells, now: datetime) -> FiguresRestated:
    """A restatement, as others hear of it."""
    changed = tuple(CountRestated(metric, before[metric], after[metric]) for metric in it.deltas)
    return FiguresRestated(
        tenant=it.day.tenant, at=now, specialist_id=it.day.specialist_id, day=it.day.day, cause=it.cause,
        decision_id=it.decision_id, changed=changed,
    )  # fmt: skip
