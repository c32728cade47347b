"""Being ready: duty, the connection, notifications, and when it is worth while."""

import asyncio
import base64
from datetime import datetime, timedelta
from typing import Annotated, Final
from uuid import UUID

from fastapi import Depends, Header, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from libs.kit.auth import Principal
from libs.kit.http import Autocommit, Router, Snapshot, Specialist, Transaction
from libs.kit.idempotency import Idempotent
from libs.kit.problems import documented
from libs.kit.sealing import Sealer, Unsealable
from services.intake import commands, queries
from services.intake.api.house import resources_of
from services.intake.domain import NotEligible
from services.intake.domain.readiness import (
    DutyTooLong,
    DutyTooShort,
    EchoLate,
    EchoUnknown,
    Measured,
    PushTest,
    PushTestAhead,
    PushTestUnknown,
    band,
    checklist,
    ready,
    typical,
)
from services.intake.domain.rules import DutyRules
from services.intake.queries.load import load_chart, span
from services.intake.queries.readiness import instant, measured_of
from services.intake.schemas.readiness import (
    CheckView,
    ConnectionView,
    DutyView,
    Echo,
    LoadChart,
    LoadHourView,
    NewDuty,
    NewPushTest,
    PingView,
    PushTestView,
    Readiness,
)

routes = Router(prefix="/v1", tags=["readiness"])
# What has been is only seldom told anew; the chart itself moves on by the hour.
KEPT: Final = {"Cache-Control": "private, max-age=300", "Vary": "Authorization"}
Device = Annotated[UUID | None, Header(alias="Device-Id", description="The device that asks.")]


async def arrived() -> float:
    """When a request got this far, by this process's own steady clock."""
    return asyncio.get_running_loop().time()


Arrived = Annotated[float, Depends(arrived)]


@routes.get("/readiness")
async def get_readiness(specialist: Specialist, tx: Snapshot, device: Device = None) -> Readiness:
    """Whether you may accept a request now, by the clock that decides, and what is missing."""
    racer, now = await queries.racer_of(tx, specialist.id), await queries.moment(tx)
    measured, rules = await measured_of(tx, specialist.id), await queries.rules_of(tx, specialist.tenant)
    checks = checklist(racer, measured, device_id=device, now=now, rules=rules)
    return Readiness(
        ready=ready(checks), ready_at=racer and racer.ready_at, on_duty_until=racer and racer.on_duty_until,
        device_id=racer and racer.device_id, unanswered=racer and racer.unanswered,
        connection=_connection(measured, rules.duty), push_delay_ms=_delay_ms(measured.push),
        checks=[CheckView.model_validate(each) for each in checks], now=now,
    )  # fmt: skip


@routes.put("/duty", responses=documented(NotEligible, DutyTooShort, DutyTooLong))
async def say_duty(new: NewDuty, specialist: Specialist, tx: Transaction) -> DutyView:
    """You are there until then. Said on another device, it is that one from which you accept from now on (B7)."""
    now, rules = await queries.moment(tx), await queries.rules_of(tx, specialist.tenant)
    until = new.until or now + rules.duty.usual
    await commands.say_duty(tx, specialist.id, tenant=specialist.tenant, until=until, device_id=new.device_id, now=now)
    return await _duty(tx, specialist, now)


@routes.get("/duty", responses=documented(NotEligible))
async def get_duty(specialist: Specialist, tx: Snapshot) -> DutyView:
    """Until when you said that you are there."""
    return await _duty(tx, specialist, await queries.moment(tx))


@routes.delete("/duty", status_code=204, responses=documented(NotEligible))
async def leave_duty(specialist: Specialist, tx: Transaction) -> None:
    """You are no longer there. Leaving twice changes nothing."""
    await commands.leave_duty(tx, specialist.id, tenant=specialist.tenant, now=await queries.moment(tx))


@routes.get("/ping")
async def ping(specialist: Specialist, db: Autocommit, http: Request) -> PingView:
    """A nonce that knows when it left. Send it back at once: your round trip is measured by our clock, not by yours."""
    sent = await instant(db)
    return PingView(nonce=_sealed(resources_of(http).sealer, sent, specialist))


@routes.post("/ping", responses=documented(NotEligible, EchoUnknown, EchoLate))
async def echo_ping(
    echo: Echo, specialist: Specialist, since: Arrived, tx: Transaction, http: Request
) -> ConnectionView:
    """The nonce came back. What it waited here is not counted; what it waited with you is, so be quick."""
    sent = _opened(resources_of(http).sealer, echo.nonce, specialist)
    waited = timedelta(seconds=await arrived() - since)
    now = await queries.moment(tx)
    await commands.count_echo(tx, specialist.id, tenant=specialist.tenant, sent=sent, waited=waited, now=now)
    rules = (await queries.rules_of(tx, specialist.tenant)).duty
    return _connection(await measured_of(tx, specialist.id), rules)


@routes.post("/push-tests", status_code=201, dependencies=[Idempotent], responses=documented(NotEligible))
async def begin_push_test(new: NewPushTest, specialist: Specialist, tx: Transaction) -> PushTestView:
    """Measure how long notifications take to this device while you are away from it. The last test is forgotten."""
    now, after = await queries.moment(tx), timedelta(seconds=new.after_seconds)
    return _test(await commands.begin_push_test(tx, specialist.id, tenant=specialist.tenant, after=after, now=now))


@routes.get("/push-tests")
async def list_push_tests(specialist: Specialist, tx: Snapshot) -> list[PushTestView]:
    """What has gone out to you and has not arrived yet: one test at most. For the app's work in the background."""
    test, now = (await measured_of(tx, specialist.id)).push, await queries.moment(tx)
    return [_test(test)] if test and test.out_at <= now and not test.received_at else []


@routes.post("/push-tests/{test_id}/receipt", responses=documented(PushTestUnknown, PushTestAhead))
async def receive_push_test(test_id: UUID, specialist: Specialist, tx: Transaction) -> PushTestView:
    """It has arrived. The first receipt counts, however often it is sent."""
    return _test(await commands.receive_push_test(tx, specialist.id, test_id, now=await queries.moment(tx)))


@routes.get("/load-chart")
async def get_load_chart(specialist: Specialist, tx: Snapshot, response: Response) -> LoadChart:
    """Each hour of the week: how much came, how soon it was taken, and what your own chance was (B9)."""
    rules, now = await queries.rules_of(tx, specialist.tenant), await queries.moment(tx)
    over = span(now, rules.duty.chart_weeks, rules.race.zone)
    hours = await load_chart(tx, specialist.id, tenant=specialist.tenant, over=over, rules=rules)
    response.headers.update(KEPT)
    return LoadChart(
        zone=rules.race.zone.key, since=over.since, until=over.until, weeks=rules.duty.chart_weeks,
        floor=rules.duty.chart_floor, hours=[LoadHourView.model_validate(each) for each in hours],
    )  # fmt: skip


async def _duty(tx: AsyncSession, specialist: Principal, now: datetime) -> DutyView:
    racer = await queries.racer_of(tx, specialist.id)
    if racer is None:
        raise NotEligible
    there = racer.on_duty(now)
    return DutyView(
        on_duty=there, until=racer.on_duty_until if there else None, device_id=racer.device_id if there else None,
        now=now,
    )  # fmt: skip


def _connection(measured: Measured, rules: DutyRules) -> ConnectionView:
    middle = typical(measured.round_trips, rules)
    return ConnectionView(
        median_ms=None if middle is None else middle / timedelta(milliseconds=1), band=band(middle, rules),
        round_trips=min(len(measured.round_trips), rules.round_trips), measured_at=measured.measured_at,
    )  # fmt: skip


def _test(test: PushTest) -> PushTestView:
    return PushTestView(id=test.id, out_at=test.out_at, received_at=test.received_at, delay_ms=_delay_ms(test))


def _delay_ms(test: PushTest | None) -> int | None:
    return test.delay // timedelta(milliseconds=1) if test and test.delay is not None else None


def _sealed(sealer: Sealer, sent: datetime, to: Principal) -> str:
    """Readable by nobody else, and good for its specialist alone."""
    sealed = sealer.seal(sent.isoformat(), to=f"ping {to.tenant} {to.id}")
    return base64.urlsafe_b64encode(sealed).decode().rstrip("=")


def _opened(sealer: Sealer, nonce: str, specialist: Principal) -> datetime:
    try:
        sealed = base64.b64decode(nonce + "=" * (-len(nonce) % 4), altchars=b"-_", validate=True)
        return datetime.fromisoformat(sealer.open(sealed, to=f"ping {specialist.tenant} {specialist.id}"))
    except (ValueError, Unsealable):
        raise EchoUnknown from None
