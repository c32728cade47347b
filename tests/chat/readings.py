"""What tests of the access ledger have in common: readings, checkpoints, downloads, and who verifies them."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

from httpx import AsyncClient
from sqlalchemy import text

from libs.kit.ledger.__main__ import main
from libs.kit.sql import EVERY_TENANT
from services.chat import commands, queries
from services.chat.domain.ledger import Use
from services.chat.jobs import seal_ledgers
from tests.people import ANNA, OLENA, Principal

AT_ONCE = """
INSERT INTO policies (tenant, version, changes, by, at) VALUES (:t, 1, :c, :by, now()) ON CONFLICT DO NOTHING
"""
GO_BACK = "UPDATE checkpoints SET at = at - interval '1 hour'"


async def read(
    service: Any, conversation_id: UUID, *, by: Principal = OLENA, times: int = 1, use: Use = "page", at: Any = None
) -> None:
    for turn in range(times):
        async with service.database.session(by.tenant) as tx:
            await commands.note_reading(
                tx, conversation_id, tenant=by.tenant, reader=by.id, side="client" if by is OLENA else "specialist",
                use=use, first_seq=turn + 1, last_seq=turn + 2, now=at or await queries.moment(tx),
            )  # fmt: skip


async def sealed(service: Any) -> None:
    """As if enough time had passed since the last checkpoint; what is signed stays what it was."""
    async with service.database.session(EVERY_TENANT) as tx:
        changes = json.dumps({"evidence": {"ledger_sealed_every": "PT0S"}})
        await tx.execute(text(AT_ONCE), {"t": ANNA.tenant, "c": changes, "by": ANNA.id})
    await seal_ledgers(service.database, service.resources.signer)


async def planted(service: Any, statement: str, **values: Any) -> int:
    """Change rows behind the service's back; how many."""
    async with service.database.session(EVERY_TENANT) as tx:
        changed: int = (await tx.execute(text(statement), values)).rowcount
    return changed


class Archive:
    """Where somebody keeps what they have downloaded."""

    def __init__(self, folder: Path, http: AsyncClient, as_: Callable[..., dict[str, str]]) -> None:
        self._folder, self._http, self._as = folder, http, as_

    async def keys(self) -> str:
        return self.keep("keys.json", (await self._http.get("ledger-keys")).json())

    async def pages(self, conversation_id: UUID, *, by: Principal = OLENA, limit: int = 100) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        after: int | None = 0
        while after is not None:
            answer = await self._http.get(
                f"conversations/{conversation_id}/access-ledger",
                params={"after": after, "limit": limit}, headers=self._as(by),
            )  # fmt: skip
            assert answer.status_code == 200, answer.text
            found.append(answer.json())
            after = found[-1]["next"]
        return found

    async def download(self, conversation_id: UUID, name: str = "ledger", **asked: Any) -> list[str]:
        pages = await self.pages(conversation_id, **asked)
        return [self.keep(f"{name}-{number}.json", page) for number, page in enumerate(pages)]

    def keep(self, name: str, document: Any) -> str:
        (self._folder / name).write_text(json.dumps(document))
        return str(self._folder / name)


async def checks(service: Any, *files: str) -> int:
    """What the operator's check of the whole database says."""
    url = service.database.engine.url.render_as_string(hide_password=False)
    return await asyncio.to_thread(main, ["check", "chat", "--database", url, *files])
