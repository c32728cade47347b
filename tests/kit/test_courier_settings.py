"""Which couriers a house has hired: half a setting is refused, and production needs them all."""

from pathlib import Path
from typing import Any

import pytest
from prometheus_client import REGISTRY

from libs.bus.ids import uuid7
from libs.kit.couriers import DELIVERED, Couriers, CourierSettings, Parcel, hired
from libs.kit.errors import StartRefused
from libs.kit.settings import PlatformSettings, read

FROM = "Notice <notice@dovira.test>"
SECRET = "the gateway knows us by this"
MAIL = {"COURIER_SMTP_HOST": "mail.test", "COURIER_SMTP_FROM": FROM}
SMS = {"COURIER_SMS_URL": "https://sms.test/v1", "COURIER_SMS_SECRET": SECRET}


async def _hire(monkeypatch: Any, variables: dict[str, str], **platform: Any) -> Couriers:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    async with hired(read(CourierSettings), PlatformSettings(**platform)) as couriers:
        return couriers


@pytest.mark.parametrize(
    ("variables", "named"),
    [
        ({}, "COURIER_SMTP_HOST"),
        (MAIL, "COURIER_SMS_URL"),
        (SMS, "COURIER_SMTP_HOST"),
        (MAIL | SMS | {"COURIER_SMS_URL": "http://sms.test"}, "COURIER_SMS_URL must be https"),
        (MAIL | SMS | {"COURIER_SMTP_SECURITY": "none"}, "COURIER_SMTP_SECURITY"),
    ],
)
async def test_production_does_not_start_without_couriers(monkeypatch: Any, variables: Any, named: str) -> None:
    with pytest.raises(StartRefused, match=f"In production, {named}"):
        await _hire(monkeypatch, variables, env="production")


@pytest.mark.parametrize(
    ("variables", "named"),
    [
        ({"COURIER_SMTP_HOST": "mail.test"}, "COURIER_SMTP_FROM"),
        (MAIL | {"COURIER_SMTP_USER": "us"}, "COURIER_SMTP_PASSWORD"),
        (MAIL | {"COURIER_SMTP_CA_FILE": "/nowhere"}, "COURIER_SMTP_CA_FILE"),
        ({"COURIER_SMS_URL": "https://sms.test"}, "COURIER_SMS_SECRET"),
        (SMS | {"COURIER_SMS_URL": "ftp://sms.test"}, "COURIER_SMS_URL"),
        (SMS | {"COURIER_SMS_URL": "https://name:word@sms.test"}, "COURIER_SMS_URL"),
        ({"COURIER_SMS_ULR": "https://sms.test"}, "COURIER_SMS_ULR. Did you mean COURIER_SMS_URL"),
        ({"COURIER_SMS_SECRET": "short"}, "COURIER_SMS_SECRET is not right"),
    ],
)
async def test_half_a_setting_is_refused_anywhere(monkeypatch: Any, variables: Any, named: str) -> None:
    with pytest.raises(StartRefused, match=named) as refusal:
        await _hire(monkeypatch, variables, env="development")
    assert "word@" not in str(refusal.value)


async def test_production_starts_with_couriers_for_both_kinds(monkeypatch: Any) -> None:
    couriers = await _hire(monkeypatch, MAIL | SMS, env="production")
    assert {kind: type(courier).__name__ for kind, courier in couriers.by_kind.items()} == {
        "mail": "Smtp", "sms": "Gateway",
    }  # fmt: skip


async def test_elsewhere_parcels_lie_in_the_run_directory_and_are_counted(tmp_path: Path) -> None:
    before = _counted()
    async with hired(CourierSettings(), PlatformSettings(run_dir=tmp_path)) as couriers:
        parcel = Parcel(uuid7(), "sms", "+1", "Hello")
        assert await couriers.deliver(parcel) == DELIVERED
    assert (tmp_path / "outbox" / f"{parcel.id}.txt").exists()
    assert _counted() == before + 1


def _counted() -> float:
    return REGISTRY.get_sample_value("dovira_parcels_total", {"kind": "sms", "outcome": "delivered"}) or 0
