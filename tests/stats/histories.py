"""Random histories of what stats hears, and what they come to according to SQL that shares nothing with the fold."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from libs.events import Envelope, Event, encode, wrap
from libs.events.intake import RequestAccepted, SessionHeld, SessionVoided
from libs.events.support import ExclusionDecided

FIRST = datetime(2026, 2, 1, tzinfo=UTC)
DAYS = 5

ORACLE = sa.text("""
    WITH told AS (
        SELECT CAST(body->>'id' AS uuid) AS id, split_part(body->>'type', '.', 3) AS said,
            CAST(body->'data'->>'request_id' AS uuid) AS request_id,
            CAST(body->'data'->>'specialist_id' AS uuid) AS specialist_id,
            body->>'tenant' AS tenant, body->'data' AS data
        FROM raw_events),
    begun AS (
        SELECT request_id, specialist_id, tenant,
            CAST(min(CAST(data->>'at' AS timestamptz)) AT TIME ZONE 'UTC' AS date) AS day
        FROM told WHERE said = 'RequestAccepted' GROUP BY 1, 2, 3),
    session AS (
        SELECT *, row_number() OVER (
            PARTITION BY request_id, specialist_id, tenant, data->>'session_id'
            ORDER BY CAST(data->>'version' AS int) DESC, id DESC) AS place
        FROM told WHERE said IN ('SessionHeld', 'SessionVoided')),
    ruling AS (
        SELECT *, row_number() OVER (
            PARTITION BY request_id, specialist_id, tenant
            ORDER BY CAST(data->>'version' AS int) DESC, id DESC) AS place
        FROM told WHERE said = 'ExclusionDecided'),
    judged AS (
        SELECT begun.*, CASE
            WHEN EXISTS (SELECT FROM ruling WHERE place = 1 AND CAST(data->>'excluded' AS boolean)
                AND (ruling.request_id, ruling.specialist_id, ruling.tenant)
                  = (begun.request_id, begun.specialist_id, begun.tenant)) THEN 'excluded'
            WHEN EXISTS (SELECT FROM session WHERE place = 1 AND said = 'SessionHeld'
                AND (session.request_id, session.specialist_id, session.tenant)
                  = (begun.request_id, begun.specialist_id, begun.tenant)) THEN 'won'
            ELSE 'lost' END AS metric
        FROM begun)
    SELECT specialist_id, tenant, day, metric, count(*) FROM judged GROUP BY 1, 2, 3, 4
""")


class Teller:
    """Tells of engagements, in ids and moments of its own chance."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)

    def id(self) -> UUID:
        """Any id: which of two is greater says nothing about which was first."""
        return UUID(int=self.chance.getrandbits(128))

    def envelope(self, said: Event) -> Envelope:
        """An event as the bus brings it."""
        return wrap(said, id=self.id(), source="/test", recorded=said.at, correlation=self.id())

    def moment(self) -> datetime:
        """Somewhen in a few days."""
        return FIRST + timedelta(seconds=self.chance.randrange(DAYS * 86_400))

    def history(self) -> Iterator[Envelope]:
        """All that is ever said of a specialist's few requests."""
        tenant, specialist_id = self.chance.choice(["therapy", "clinics"]), self.id()
        for _ in range(self.chance.randint(1, 4)):
            yield from self.engagement({"tenant": tenant, "request_id": self.id(), "specialist_id": specialist_id})

    def engagement(self, ids: dict[str, Any]) -> Iterator[Envelope]:
        """Openings (one, seldom none or two that disagree), sessions and rulings with ties of versions."""
        for _ in range(self.chance.choice([0, 1, 1, 1, 1, 1, 2])):
            yield self.envelope(accepted(**ids, at=self.moment(), client_id=self.id()))
        for _ in range(self.chance.choice([0, 0, 1, 1, 2])):
            session_id = self.id()
            for _ in range(self.chance.randint(1, 4)):
                kind = self.chance.choice([SessionHeld, SessionVoided])
                version = self.chance.randint(1, 3)
                yield self.envelope(kind(**ids, at=self.moment(), session_id=session_id, number=1, version=version))
        for _ in range(self.chance.choice([0, 0, 1, 2, 3])):
            said = {"version": self.chance.randint(1, 3), "excluded": self.chance.random() < 0.6}
            yield self.envelope(decided(**ids, **said, at=self.moment(), ticket_id=self.id(), decision_id=self.id()))

    def retold(self, events: list[Envelope], sizes: tuple[int, ...] = (1, 2, 10, 100, 500)) -> list[list[Envelope]]:
        """The events in another order, a third of them again, in batches of very different sizes."""
        told = events + self.chance.sample(events, len(events) // 3)
        self.chance.shuffle(told)
        batches = []
        while told:
            size = self.chance.choice(sizes)
            batches.append(told[:size])
            del told[:size]
        return batches


def accepted(**said) -> RequestAccepted:
    """A press that won."""
    return RequestAccepted(
        **{"kind": "chat", "one_off": False, "opened_at": said["at"], "reply_due": said["at"]} | said
    )


def decided(**said) -> ExclusionDecided:
    """What support decided."""
    return ExclusionDecided(ground="spam", **said)


async def oracle(tx, events: list[Envelope]) -> dict[Any, int]:
    """What the counters must be, from the distinct events as they stand on the bus."""
    await tx.execute(sa.text("CREATE TEMP TABLE raw_events (body jsonb) ON COMMIT DROP"))
    bodies = [encode(event).decode() for event in events]
    await tx.execute(
        sa.text("INSERT INTO raw_events SELECT CAST(body AS jsonb) FROM unnest(CAST(:bodies AS text[])) AS body"),
        {"bodies": bodies},
    )
    return {(*cell,): n for *cell, n in (await tx.execute(ORACLE)).all()}
