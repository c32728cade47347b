"""Which couriers a house has hired, and what they need to know."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from email.utils import parseaddr
from pathlib import Path

import httpx
from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from libs.kit.couriers.gateway import Gateway
from libs.kit.couriers.outbox import LocalOutbox
from libs.kit.couriers.parcels import Courier, Kind, Outcome, Parcel
from libs.kit.couriers.smtp import Security, Smtp
from libs.kit.errors import StartRefused
from libs.kit.metrics import PARCELS
from libs.kit.settings import PlatformSettings

CONNECTIONS = httpx.Limits(max_connections=20, max_keepalive_connections=5)


class CourierSettings(BaseSettings):
    """How SMS and mail leave the house. Without a server or a gateway they lie in the run directory's `outbox`."""

    model_config = SettingsConfigDict(env_prefix="COURIER_", extra="forbid", frozen=True)

    smtp_host: str | None = Field(default=None, min_length=1, description="The server that takes our mail.")
    smtp_port: int = Field(default=587, ge=1, le=65535)
    smtp_security: Security = Field(
        default="starttls", description="TLS from the first byte, by STARTTLS, or, not in production, none."
    )
    smtp_user: str | None = None
    smtp_password: SecretStr | None = None
    smtp_from: str | None = Field(default=None, description="Whom mail is from; name nothing that tells what it is.")
    smtp_ca_file: Path | None = Field(default=None, description="Whose certificates are good, if not the system's.")
    sms_url: str | None = Field(default=None, description="The gateway that takes SMS as JSON; https in production.")
    sms_secret: SecretStr | None = Field(default=None, min_length=16, description="What we show the gateway.")
    within: float = Field(default=10.0, gt=0, le=30, description="Seconds that one delivery may take.")


@dataclass(frozen=True)
class Couriers:
    """A courier for each kind of parcel."""

    by_kind: Mapping[Kind, Courier]

    async def deliver(self, parcel: Parcel) -> Outcome:
        """What became of it, counted."""
        outcome = await self.by_kind[parcel.kind].deliver(parcel)
        PARCELS.labels(parcel.kind, outcome.kind).inc()
        return outcome


@asynccontextmanager
async def hired(settings: CourierSettings, platform: PlatformSettings) -> AsyncIterator[Couriers]:
    """The couriers of this house; in production StartRefused, if one is missing or would carry words in the open."""
    local = LocalOutbox(platform.run_dir / "outbox")
    async with AsyncExitStack() as opened:
        mail = _smtp(settings, platform) or local
        sms = await _gateway(settings, platform, opened) or local
        yield Couriers({"mail": mail, "sms": sms})


def _smtp(settings: CourierSettings, platform: PlatformSettings) -> Smtp | None:
    if settings.smtp_host is None:
        _not_in(platform, "COURIER_SMTP_HOST must be set: mail would reach nobody.")
        return None
    if "@" not in parseaddr(settings.smtp_from or "")[1]:
        raise StartRefused("COURIER_SMTP_FROM must be an address: mail has to be from somebody.")
    if settings.smtp_security == "none":
        _not_in(platform, "COURIER_SMTP_SECURITY must be tls or starttls: addresses would travel in the open.")
    if (settings.smtp_user is None) != (settings.smtp_password is None):
        raise StartRefused("COURIER_SMTP_USER and COURIER_SMTP_PASSWORD go together.")
    if settings.smtp_ca_file and not settings.smtp_ca_file.is_file():
        raise StartRefused("COURIER_SMTP_CA_FILE is not a file that can be read.")
    return Smtp(
        settings.smtp_host, settings.smtp_port, sender=settings.smtp_from or "", security=settings.smtp_security,
        user=settings.smtp_user,
        password=settings.smtp_password.get_secret_value() if settings.smtp_password else None,
        ca_file=str(settings.smtp_ca_file) if settings.smtp_ca_file else None, within=settings.within,
    )  # fmt: skip


async def _gateway(settings: CourierSettings, platform: PlatformSettings, opened: AsyncExitStack) -> Gateway | None:
    if settings.sms_url is None:
        _not_in(platform, "COURIER_SMS_URL must be set: SMS would reach nobody.")
        return None
    if not _is_address(settings.sms_url):
        raise StartRefused("COURIER_SMS_URL must be an http or https address without a name and a password in it.")
    if not settings.sms_url.lower().startswith("https://"):
        _not_in(platform, "COURIER_SMS_URL must be https: phone numbers would travel in the open.")
    if settings.sms_secret is None:
        raise StartRefused("COURIER_SMS_SECRET must be set: the gateway has to know that it is us.")
    client = httpx.AsyncClient(timeout=settings.within, trust_env=False, follow_redirects=False, limits=CONNECTIONS)
    await opened.enter_async_context(client)
    return Gateway(
        settings.sms_url, client, secret=settings.sms_secret.get_secret_value(), within=settings.within
    )  # fmt: skip


def _is_address(written: str) -> bool:
    try:
        url = httpx.URL(written)
    except httpx.InvalidURL:
        return False
    return url.scheme in {"http", "https"} and bool(url.host) and not url.userinfo


def _not_in(platform: PlatformSettings, otherwise: str) -> None:
    if platform.production:
        raise StartRefused(f"In production, {otherwise}")
