"""A process that tells people of messages, to be killed: `python -m tests.faults.notifying_worker DATABASE …`."""

import asyncio
import sys
from pathlib import Path

from pydantic import SecretStr

from libs.kit import logs
from libs.kit.couriers import CourierSettings, hired
from libs.kit.sealing import Sealer
from libs.kit.settings import PlatformSettings
from libs.kit.sql import Database
from services.chat.commands import Desk
from services.chat.jobs import tell_people
from tests.chat.notices import LINK


async def main(database: str, gateway: str, gateway_secret: str, key_secret: str, run_dir: str) -> None:
    """Work until killed; mail lies in the run directory, SMS go to the gateway."""
    logs.configure(level="error")
    settings = CourierSettings(sms_url=gateway, sms_secret=SecretStr(gateway_secret))
    platform = PlatformSettings(env="test", run_dir=Path(run_dir))
    async with Database.open(database, pool_size=6) as opened, hired(settings, platform) as couriers:
        desk = Desk(Sealer([key_secret]), LINK, couriers)
        print("ready", flush=True)  # noqa: T201 - whoever kills us waits for it
        while True:
            await tell_people(opened, desk)
            await asyncio.sleep(0.02)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
