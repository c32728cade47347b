"""Going on duty and off it, and keeping what was measured."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import bindparam, text, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from libs.bus import publish
from libs.bus.ids import uuid7
from libs.events.intake import DutyEnded
from services.intake.domain import NotEligible, Racer, readiness
from services.intake.domain.readiness import PushTest
from services.intake.queries import lock_specialist, racer_of, rules_of
from services.intake.queries.readiness import measured_of, ran_out
from services.intake.tables import SpecialistRow
from services.intake.tables.specialists import MeasureRow

DUTY = (
    update(SpecialistRow)
    .where(SpecialistRow.id == bindparam("specialist_id"))
    .values(on_duty_until=bindparam("until"), device_id=bindparam("device"))
)
OVER = text("UPDATE specialists SET on_duty_until = NULL, device_id = NULL WHERE id = :id AND tenant = :tenant")
COUNT = text("""
INSERT INTO measures AS m (specialist_id, tenant, round_trips, pinged_at)
VALUES (:specialist_id, :tenant, ARRAY[CAST(:took AS bigint)], :sent)
ON CONFLICT (specialist_id, tenant) DO UPDATE
SET round_trips = (excluded.round_trips || m.round_trips)[1 : CAST(:most AS int)], pinged_at = excluded.pinged_at
WHERE m.pinged_at IS NULL OR m.pinged_at < excluded.pinged_at
""")
_test = upsert(MeasureRow)
TEST = _test.on_conflict_do_update(
    index_elements=["specialist_id", "tenant"],
    set_={name: _test.excluded[name] for name in ("push_id", "push_out_at", "push_received_at")},
)
RECEIVE = (
    update(MeasureRow)
    .where(MeasureRow.specialist_id == bindparam("specialist"), MeasureRow.push_id == bindparam("test_id"))
    .values(push_received_at=bindparam("at"))
)


async def say_duty(
    tx: AsyncSession, specialist_id: UUID, *, tenant: str, until: datetime, device_id: UUID | None, now: datetime
) -> None:
    """On duty until then, on this device and no other."""
    racer, rules = await _held(tx, specialist_id), (await rules_of(tx, tenant)).duty
    says = readiness.start_duty(racer, tenant=tenant, until=until, now=now, rules=rules)
    await tx.execute(DUTY, {"specialist_id": specialist_id, "until": until, "device": device_id})
    await publish(tx, *says)


async def leave_duty(tx: AsyncSession, specialist_id: UUID, *, tenant: str, now: datetime) -> None:
    """Off duty from now on; leaving twice says nothing new."""
    racer = await _held(tx, specialist_id)
    await tx.execute(DUTY, {"specialist_id": specialist_id, "until": None, "device": None})
    await publish(tx, *readiness.end_duty(racer, tenant=tenant, now=now))


async def end_duties(tx: AsyncSession, *, now: datetime, most: int) -> int:
    """Say of duties that ran out that they are over: the row forgets the duty, so nobody says it again."""
    over = await ran_out(tx, now=now, most=most)
    if over:
        await tx.execute(OVER, [{"id": each.id, "tenant": each.tenant} for each in over])
    await publish(tx, *(DutyEnded(tenant=each.tenant, at=each.on_duty_until, specialist_id=each.id) for each in over))
    return len(over)


async def count_echo(
    tx: AsyncSession, specialist_id: UUID, *, tenant: str, sent: datetime, waited: timedelta, now: datetime
) -> None:
    """Keep a round trip among the last ones; an echo that comes again, or after a later ping's, counts for none."""
    if await racer_of(tx, specialist_id) is None:
        raise NotEligible
    rules = (await rules_of(tx, tenant)).duty
    took = readiness.round_trip(sent, now, waited, rules) // timedelta(microseconds=1)
    kept = {"specialist_id": specialist_id, "tenant": tenant, "took": took, "sent": sent, "most": rules.round_trips}
    await tx.execute(COUNT, kept)


async def begin_push_test(
    tx: AsyncSession, specialist_id: UUID, *, tenant: str, after: timedelta, now: datetime
) -> PushTest:
    """A test that goes out in a while, so that a screen can be locked before; it takes the place of the last one."""
    await _held(tx, specialist_id)
    test = PushTest(uuid7(), now + after)
    row = {"push_id": test.id, "push_out_at": test.out_at, "push_received_at": None}
    await tx.execute(TEST, row | {"specialist_id": specialist_id, "tenant": tenant})
    return test


async def receive_push_test(tx: AsyncSession, specialist_id: UUID, test_id: UUID, *, now: datetime) -> PushTest:
    """The test has arrived."""
    await lock_specialist(tx, specialist_id)
    known = (await measured_of(tx, specialist_id)).push
    test = readiness.receive(known, test_id, now=now)
    if test != known:
        await tx.execute(RECEIVE, {"specialist": specialist_id, "test_id": test_id, "at": now})
    return test


async def _held(tx: AsyncSession, specialist_id: UUID) -> Racer:
    """The specialist, whose row nobody else changes until this transaction ends."""
    await lock_specialist(tx, specialist_id)
    racer = await racer_of(tx, specialist_id)
    if racer is None:
        raise NotEligible
    return racer
