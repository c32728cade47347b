"""Duty and readiness over HTTP."""

from datetime import datetime
from uuid import UUID

from pydantic import AwareDatetime, Field

from libs.kit.schemas import Input, Output
from services.intake.domain.readiness import Band, Checked, Todo
from services.intake.schemas.examples import ID, MOMENT


class NewDuty(Input):
    """Until when you are there, and on which device."""

    until: AwareDatetime | None = Field(
        default=None, examples=[MOMENT], description="Left out, for as long as the house takes for usual."
    )
    device_id: UUID | None = Field(
        default=None, examples=[ID], description="The one device that accepts from now on; without one, any does (B7)."
    )


class DutyView(Output):
    """Whether you are there."""

    on_duty: bool
    until: datetime | None = Field(examples=[MOMENT])
    device_id: UUID | None = Field(examples=[ID])
    now: datetime = Field(examples=[MOMENT], description="The clock that decides.")


class PingView(Output):
    """Send the nonce back as soon as you have it."""

    nonce: str = Field(examples=["c2VhbGVkIHdpdGggdGhlIG1vbWVudCBvZiBpdHMgbGVhdmluZw"])


class Echo(Input):
    """A nonce that came with a ping."""

    nonce: str = Field(max_length=200, examples=["c2VhbGVkIHdpdGggdGhlIG1vbWVudCBvZiBpdHMgbGVhdmluZw"])


class ConnectionView(Output):
    """How good your connection is, by the last round trips that this house measured itself (D15)."""

    median_ms: float | None = Field(examples=[38.4])
    band: Band | None = Field(examples=["excellent"])
    round_trips: int = Field(examples=[20], description="Of so many is the median.")
    measured_at: datetime | None = Field(examples=[MOMENT])


class NewPushTest(Input):
    """A test of notifications."""

    after_seconds: int = Field(
        default=0, ge=0, le=300, examples=[15], description="It goes out this much later: lock the screen meanwhile."
    )


class PushTestView(Output):
    """A test of notifications."""

    id: UUID = Field(examples=[ID])
    out_at: datetime = Field(examples=[MOMENT], description="When it goes out.")
    received_at: datetime | None = Field(examples=[MOMENT])
    delay_ms: int | None = Field(examples=[740], description="How long it took; null until it has arrived.")


class CheckView(Output):
    """One line of the list."""

    check: Checked
    ok: bool
    blocks: bool = Field(description="Whether an accept would be refused for it.")
    todo: Todo | None = Field(examples=["start_duty"])
    hint: str | None = Field(examples=["Say until when you are there."], description="What to do, in a sentence.")


class Readiness(Output):
    """Whether you may accept a request now, and what could be better."""

    ready: bool
    ready_at: datetime | None = Field(examples=[MOMENT], description="When the last wait ends or ended.")
    on_duty_until: datetime | None = Field(examples=[MOMENT], description="Until when you said that you are there.")
    device_id: UUID | None = Field(examples=[ID], description="The device that accepts; null where any does.")
    unanswered: UUID | None = Field(examples=[None], description="A request that you took and have not answered yet.")
    connection: ConnectionView
    push_delay_ms: int | None = Field(examples=[740], description="How long the last test of notifications took.")
    checks: list[CheckView]
    now: datetime = Field(examples=[MOMENT], description="The clock that decides.")


class LoadHourView(Output):
    """One hour of the week in the house's own time, summed over the weeks."""

    weekday: int = Field(examples=[1], description="1 is Monday.")
    hour: int = Field(examples=[21])
    requests: int = Field(examples=[54], description="That arrived in this hour, for everybody.")
    accepts: int = Field(examples=[51], description="Of these, how many were accepted.")
    median_wait_seconds: float | None = Field(examples=[11.5], description="Of these; null where there are too few.")
    presses: int = Field(examples=[12], description="Races in which you pressed.")
    wins: int = Field(examples=[3], description="Of these, how many you won.")
    chance: float | None = Field(examples=[0.25], description="Wins by presses; null where there are too few.")


class LoadChart(Output):
    """When requests come, how soon they are taken, and what your chance was (B9)."""

    zone: str = Field(examples=["Europe/Moscow"])
    since: datetime = Field(examples=[MOMENT])
    until: datetime = Field(examples=[MOMENT])
    weeks: int = Field(examples=[8])
    floor: int = Field(examples=[5], description="Fewer cases make no median and no chance.")
    hours: list[LoadHourView] = Field(description="All 168, Monday's first one in front.")
