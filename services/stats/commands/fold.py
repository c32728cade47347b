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
KEYS = LINE | {"day": "date", "event_id": "uuid", "decision_id": "uuid"}
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
    SELECT nth - 1, known.state
    FROM {unnest(ENTITY)} WITH ORDINALITY AS heard ({names(ENTITY)}, nth) CROSS JOIN LATERAL (
        SELECT CAST(state AS text) AS state FROM states
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
    written = await begin(tx, facts, generation)
    others = [entity for entity in facts if entity not in written]
    moved = [
        Move(entity, before, after)
        for entity, before in await known_states(tx, others, generation)
        if (after := before.join(facts[entity])) != before
    ]
    await go_on(tx, moved, generation)
    return [Move(entity, NOTHING[entity.kind], facts[entity]) for entity in written] + moved


async def known_states(tx: AsyncSession, entities: Sequence[Entity], generation: int) -> list[tuple[Entity, Any]]:
    """The states of entities that are locked."""
    if not entities:
        return []
    rows = await tx.execute(READ_KNOWN, arrays(ENTITY, entities) | {"generation": generation})
    return [((entity := entities[nth]), READ[entity.kind].decode(state)) for nth, state in rows.all()]


async def begin(tx: AsyncSession, facts: Mapping[Entity, State], generation: int) -> set[Entity]:
    """Begin the entities that nobody has heard of and lock the others; gives back those that were begun."""
    rows = await tx.execute(BEGIN, states(facts.items()) | {"generation": generation})
    return {Entity(*row) for row in rows.all()}


async def go_on(tx: AsyncSession, moves: Sequence[Move], generation: int) -> None:
    """Write the next states of entities that are locked."""
    if moves:
        await tx.execute(GO_ON, states((it.entity, it.after) for it in moves) | {"generation": generation})


def states(known: Iterable[tuple[Entity, State]]) -> dict[str, str]:
    """States, as the parameters of a statement."""
    return arrays(STATE, [(*entity, state.day, encode(state).decode()) for entity, state in known])


async def journal(tx: AsyncSession, entries: Sequence[Entry], generation: int, now: datetime) -> None:
    """Write the lines, and add them up."""
    if entries:
        known = arrays(KEYS, [(*it.entity, it.day, it.event_id, it.decision_id) for it in entries])
        await tx.execute(JOURNAL, known | deltas(entries) | {"generation": generation, "recorded_at": now})


def deltas(entries: Sequence[Entry]) -> dict[str, str]:
    """One array for each metric."""
    columns: dict[str, list[int | None]] = {metric: [None] * len(entries) for metric in METRICS}
    for nth, it in enumerate(entries):
        for metric, delta in it.deltas.items():
            columns[metric][nth] = delta
    return {metric: array(column) for metric, column in columns.items()}


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
