"""The ledger of a whole database, read as its owner reads it; every service that keeps one has these tables."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from itertools import pairwise
from typing import Any, Final
from uuid import UUID

import asyncpg

from libs.kit.ledger.chain import Broken, Entry, Head
from libs.kit.ledger.checkpoints import Checkpoint
from libs.kit.ledger.examine import Examination, Found
from libs.kit.sql import CONNECT_WITHIN, dsn_of

AT_ONCE: Final = 1000
CHECKPOINTS: Final = "SELECT * FROM checkpoints ORDER BY tenant, number"
LEAVES: Final = "SELECT subject_id, n, digest FROM ledger_leaves WHERE tenant = $1 AND number = $2 ORDER BY place"
SUBJECTS: Final = """
SELECT subject_id, coalesce(e.tenant, h.tenant) AS tenant, h.n, h.digest
FROM (SELECT subject_id, min(tenant) AS tenant FROM ledger_entries GROUP BY subject_id) e
FULL JOIN ledger_heads h USING (subject_id) ORDER BY subject_id
"""
ENTRIES: Final = "SELECT subject_id, n, payload, digest FROM ledger_entries WHERE subject_id = ANY($1) ORDER BY 1, 2"


async def examine(url: str, service: str, examination: Examination) -> AsyncIterator[Broken]:
    """Everything that is wrong, as of one moment."""
    async with _snapshot(url) as connection:
        for row in await connection.fetch(CHECKPOINTS):
            heads = [Head(*leaf) for leaf in await connection.fetch(LEAVES, row["tenant"], row["number"])]
            if wrong := examination.checkpoint(as_checkpoint(row, service), heads):
                yield wrong
        subjects = await connection.fetch(SUBJECTS)
        for first, last in pairwise([*range(0, len(subjects), AT_ONCE), len(subjects)]):
            for found in await _chains(connection, service, subjects[first:last]):
                if wrong := examination.chain(found):
                    yield wrong
    for wrong in examination.ended():
        yield wrong


async def _chains(connection: "asyncpg.Connection[Any]", service: str, subjects: Sequence[Any]) -> list[Found]:
    entries: dict[UUID, list[Entry]] = {row["subject_id"]: [] for row in subjects}
    for subject, n, payload, digest in await connection.fetch(ENTRIES, list(entries)):
        entries[subject].append(Entry(n, payload, digest))
    return [
        Found(
            log_of(service, row["tenant"]), row["subject_id"], entries[row["subject_id"]],
            row["digest"] and (row["n"], row["digest"]),
        )
        for row in subjects
    ]  # fmt: skip


def log_of(service: str, tenant: str) -> str:
    """The name under which a service signs for one tenant."""
    return f"{service}/{tenant}"


def as_checkpoint(row: Any, service: str) -> Checkpoint:
    """A row of checkpoints."""
    return Checkpoint(
        log=log_of(service, row["tenant"]), number=row["number"], at=row["at"], root=row["root"], size=row["size"],
        previous=row["previous"], key=row["signed_with"], signature=row["signature"],
    )  # fmt: skip


@asynccontextmanager
async def _snapshot(url: str) -> AsyncIterator["asyncpg.Connection[Any]"]:
    connection = await asyncpg.connect(dsn_of(url), timeout=CONNECT_WITHIN)
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            await connection.execute("SELECT set_config('app.tenant', '*', true)")
            yield connection
    finally:
        await connection.close()
