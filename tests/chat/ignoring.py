"""What the database itself saw of notifications, in the order in which it let it happen, and what of it may not be.

Triggers write down each hand-over and each read. For one person in one talk they come one after the other, because all
of them hold that person's row; so the order is not measured, it is known.
"""

from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import text

from libs.kit.sql import EVERY_TENANT

MOST = 2
WATCH = (
    "CREATE TABLE witnessed (n bigserial PRIMARY KEY, what text, talk uuid, person uuid, id uuid, seq int)",
    """
    CREATE FUNCTION witness() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      IF TG_TABLE_NAME = 'attentions' THEN
        IF NEW.seen_seq > OLD.seen_seq THEN
          INSERT INTO witnessed (what, talk, person, seq)
          VALUES ('seen', NEW.conversation_id, NEW.person_id, NEW.seen_seq);
        END IF;
        IF NEW.muted_by = 'ignored' AND OLD.muted_by IS NULL THEN
          INSERT INTO witnessed (what, talk, person) VALUES ('muted', NEW.conversation_id, NEW.person_id);
        END IF;
        IF NEW.muted_by = 'ignored' AND NEW IS NOT DISTINCT FROM OLD THEN
          INSERT INTO witnessed (what, talk, person) VALUES ('passed over', NEW.conversation_id, NEW.person_id);
        END IF;
      ELSIF NEW.attempts > OLD.attempts THEN
        INSERT INTO witnessed (what, talk, person, id, seq)
        VALUES ('handed', NEW.conversation_id, NEW.person_id, NEW.id, NEW.seq);
      END IF;
      RETURN NULL;
    END $$
    """,
    "CREATE TRIGGER witness AFTER UPDATE ON attentions FOR EACH ROW EXECUTE FUNCTION witness()",
    "CREATE TRIGGER witness AFTER UPDATE ON notifications FOR EACH ROW EXECUTE FUNCTION witness()",
)
FORGET = (
    "DROP TRIGGER witness ON attentions", "DROP TRIGGER witness ON notifications", "DROP FUNCTION witness",
    "DROP TABLE witnessed",
)  # fmt: skip
ENDS = """
SELECT c.id AS talk, c.client_id AS person, a.muted_by, coalesce(a.seen_seq, 0) AS seen,
  (SELECT coalesce(max(m.seq), 0) FROM messages m WHERE m.conversation_id = c.id AND m.side <> 'client') AS last
FROM conversations c LEFT JOIN attentions a ON a.conversation_id = c.id AND a.person_id = c.client_id
"""
MAILS = """
SELECT m.conversation_id AS talk, m.seq, n.state, n.id FROM messages m
LEFT JOIN notifications n ON n.conversation_id = m.conversation_id AND n.seq = m.seq AND n.side <> 'client'
WHERE m.side = 'client'
"""
AT_REST = "SELECT NOT EXISTS (SELECT FROM notifications WHERE look_at IS NOT NULL)"


class Witnessed(NamedTuple):
    """One thing that happened to somebody in a talk."""

    what: str
    id: UUID | None
    seq: int | None


@dataclass
class Testimony:
    """All that happened, by talk and person, and how each notification stands in the end."""

    stories: dict[tuple[UUID, UUID], list[Witnessed]] = field(default_factory=lambda: defaultdict(list))
    states: dict[UUID, str] = field(default_factory=dict)
    sides: dict[UUID, str] = field(default_factory=dict)
    ends: list[Any] = field(default_factory=list)
    mails: list[Any] = field(default_factory=list)


@asynccontextmanager
async def watched(service: Any) -> AsyncIterator[None]:
    """Let the database write down what it sees, for a while."""
    await _run(service, WATCH)
    try:
        yield
    finally:
        await _run(service, FORGET)


async def at_rest(service: Any) -> bool:
    """Whether everybody was told who is to be told."""
    async with service.database.session(EVERY_TENANT) as tx:
        return bool(await tx.scalar(text(AT_REST)))


async def heard_of(service: Any) -> Testimony:
    """What was written down."""
    found = Testimony()
    async with service.database.session(EVERY_TENANT) as tx:
        for row in await tx.execute(text("SELECT what, talk, person, id, seq FROM witnessed ORDER BY n")):
            found.stories[row.talk, row.person].append(Witnessed(row.what, row.id, row.seq))
        for row in await tx.execute(text("SELECT id, state, side FROM notifications")):
            found.states[row.id], found.sides[row.id] = row.state, row.side
        found.ends = list(await tx.execute(text(ENDS)))
        found.mails = list(await tx.execute(text(MAILS)))
    return found


def wrong(told: Testimony, shown: Mapping[UUID, int]) -> list[str]:
    """What may not be: `shown` is how often each notification came out at the other end."""
    return [*_wrong_in_order(told), *_wrong_at_the_end(told, shown)]


def _wrong_in_order(told: Testimony) -> Iterable[str]:
    for (talk, person), story in told.stories.items():
        in_a_row, seen = set[UUID | None](), 0
        for each in story:
            if each.what == "seen":
                in_a_row, seen = set(), each.seq or 0
            elif each.what == "muted" and len(in_a_row) < MOST:
                yield f"{person} was silenced in {talk} after {len(in_a_row)}"
            elif each.what == "handed" and each.id and told.sides[each.id] == "client":
                in_a_row.add(each.id)
                if (each.seq or 0) <= seen:
                    yield f"{person} was told of {talk} {each.seq} and had read {seen}"
                if len(in_a_row) > MOST:
                    yield f"{person} was told {len(in_a_row)} times in a row of {talk}"


def _wrong_at_the_end(told: Testimony, shown: Mapping[UUID, int]) -> Iterable[str]:
    for notification, times in shown.items():
        if times > 1 or told.states.get(notification) not in {"sent", "dropped"}:
            yield f"{notification} was shown {times} times and is {told.states.get(notification)}"
    for notification, state in told.states.items():
        if state in {"waiting", "handed", "given_up"} or (state == "sent" and notification not in shown):
            yield f"{notification} is {state} and was shown {shown.get(notification, 0)} times"
    for end in told.ends:
        newest = max((each.seq or 0 for each in told.stories[end.talk, end.person] if each.id in shown), default=0)
        # What was said while they wanted to hear nothing is there to read, and nobody is told of it afterwards.
        story = [each.what for each in told.stories[end.talk, end.person] if each.what in {"handed", "passed over"}]
        if end.muted_by is None and max(end.seen, newest) < end.last and story[-1:] != ["passed over"]:
            yield f"{end.person} never heard of {end.talk} {end.last}: seen {end.seen}, told of {newest}"
    for mail in told.mails:
        if mail.state not in {"sent", "dropped"}:
            yield f"no mail for {mail.talk} {mail.seq}: {mail.state}"


async def _run(service: Any, statements: Iterable[str]) -> None:
    async with service.database.engine.begin() as connection:
        for statement in statements:
            await connection.exec_driver_sql(statement)
