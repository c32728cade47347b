"""A service's database: provisioned for it alone, refused when it would lose or leak, and never waited for in vain."""

import asyncio
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

import asyncpg
import pytest
import sqlalchemy as sa

from libs.bus.ids import uuid7
from libs.kit import sql
from libs.kit.errors import StartRefused
from libs.kit.postgres import Cluster
from libs.kit.provision import address, administrator, provision
from libs.kit.sql import Database, _TenantConnection
from tests.conftest import client_of
from tests.kit import sample
from tests.people import OLENA


async def refused(url: str) -> str:
    with pytest.raises(StartRefused) as refusal:
        async with Database.open(url):
            pass
    return str(refusal.value)


async def test_a_server_that_forgets_what_it_acknowledged_is_refused(postgres):
    url = await provision(postgres, "forgetful")
    admin = await administrator(postgres)
    await admin.execute("ALTER DATABASE dovira_forgetful SET synchronous_commit = off")
    await admin.close()
    assert "synchronous_commit is off" in await refused(url)


async def test_a_role_above_the_wall_is_refused(postgres):
    assert "stands above row-level security" in await refused(postgres)


async def test_a_server_that_is_not_there_is_one_sentence():
    sentence = await refused("postgresql://app:canary@127.0.0.1:1/postgres")
    assert "does not let us in" in sentence
    assert "canary" not in sentence


async def test_services_cannot_reach_one_anothers_databases(postgres):
    await provision(postgres, "one")
    theirs = await provision(postgres, "other")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await asyncpg.connect(theirs.replace("dovira_other@", "dovira_one@").replace("+asyncpg", ""))


async def test_provisioning_twice_and_at_once_is_fine(postgres):
    name = f"twice{uuid7().hex[-8:]}"
    urls = await asyncio.gather(*(provision(postgres, name) for _ in range(5)))
    assert len(set(urls)) == 1


def test_passwords_differ_by_service_and_by_administrator():
    urls = [
        address(f"postgresql://app:{password}@db/postgres", service)
        for service in ("a", "b")
        for password in ("one", "two")
    ]
    assert len({url.split(":")[2] for url in urls}) == 4
    assert not any("one" in url or "two" in url for url in urls)


async def test_an_administrator_who_is_no_superuser_will_do(postgres):
    admin = await administrator(postgres)
    name = f"modest_{uuid7().hex[-8:]}"
    await admin.execute(f"CREATE ROLE {name} LOGIN CREATEDB CREATEROLE PASSWORD 'p'")
    await admin.close()
    url = await provision(postgres.replace("app@", f"{name}:p@"), f"of_{name}")
    async with Database.open(url) as database:
        assert await database.answers()


async def test_a_database_that_goes_away_is_a_503_in_time_and_comes_back(surroundings, tables_only, as_):
    run_dir = Path(tempfile.mkdtemp(prefix="dovira-"))
    cluster = Cluster.start(run_dir)
    try:
        url = await provision(cluster.url, "sample")
        await tables_only(sample.Base.metadata)(url)
        platform = surroundings.platform.model_copy(update={"pool_size": 3, "pool_wait": 10.0})
        async with (
            sample.service.open(replace(surroundings, platform=platform), url) as running,
            client_of(running.app, "sample") as client,
        ):
            await _write(client, as_, expected=201)
            cluster.stop()
            for _ in range(2):
                await _write(client, as_, expected=503)
            assert (await client.get("http://dovira.test/sample/readyz")).status_code == 503
            assert (await client.get("http://dovira.test/sample/livez")).status_code == 200
            cluster = Cluster.start(run_dir)
            await _write(client, as_, expected=201)
            assert (await client.get("http://dovira.test/sample/readyz")).status_code == 200
    finally:
        cluster.stop()
        shutil.rmtree(run_dir)


async def _write(client, as_, *, expected: int) -> None:
    for path in ("/notes", "/quick-notes", "/plain-notes"):
        async with asyncio.timeout(60):
            answers = await asyncio.gather(
                *(client.post(path, json={"words": "a"}, headers=as_(OLENA, key=str(uuid7()))) for _ in range(5))
            )
        assert {answer.status_code for answer in answers} == {expected}, [answer.text for answer in answers]
        if expected == 503:
            assert all(answer.headers["retry-after"] for answer in answers)
            assert {answer.json()["code"] for answer in answers} == {"database_away"}


async def test_a_full_pool_is_a_503_in_time(sample_client, sample_service, as_, monkeypatch):
    size = sample_service.platform.pool_size
    monkeypatch.setattr(sample_service.database, "_pool_wait", 0.2)
    held = [await sample_service.database._fast.acquire() for _ in range(size)]
    try:
        answer = await sample_client.post("/quick-notes", json={"words": "a"}, headers=as_(OLENA, key="k"))
    finally:
        for connection in held:
            await sample_service.database._fast.release(connection)
    assert (answer.status_code, answer.json()["code"]) == (503, "database_away")


async def test_a_statement_that_takes_too_long_is_ended(sample_service):
    async with sample_service.database.autocommit("therapy") as tx:
        assert await tx.fetchval("SHOW statement_timeout") == sql.STATEMENT_WITHIN
    async with sample_service.database.session("therapy") as tx:
        assert await tx.scalar(sa.text("SHOW statement_timeout")) == sql.STATEMENT_WITHIN


async def test_a_cancelled_transaction_gives_its_connection_back_clean(sample_service):
    async def hold() -> None:
        async with sample_service.database.autocommit("therapy") as tx:
            await tx.execute("SELECT pg_sleep(5)")

    for _ in range(sample_service.platform.pool_size + 2):
        task = asyncio.create_task(hold())
        await asyncio.sleep(0.02)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    async with sample_service.database.autocommit("clinics") as tx:
        assert await tx.fetchval("SELECT current_setting('app.tenant')") == "clinics"


async def test_a_connection_shows_one_house_after_another(postgres, monkeypatch):
    """And is told again if nobody knows whether it has heard."""
    execute = _TenantConnection.execute

    async def unheard(*_: object) -> None:
        raise TimeoutError

    async def unanswered(connection: _TenantConnection, said: str) -> None:
        await execute(connection, said)
        raise TimeoutError

    async def shown(tenant: str) -> str:
        async with database.autocommit(tenant) as db:
            return str(await db.fetchval("SELECT current_setting('app.tenant')"))

    async with Database.open(await provision(postgres, f"houses{uuid7().hex[-8:]}"), pool_size=1) as database:
        for tenant in ("therapy", "clinics", "clinics", "", "therapy", "*", "therapy"):
            assert await shown(tenant) == tenant
        for lost in (unheard, unanswered):
            for tenant in ("clinics", "therapy"):
                assert await shown("therapy") == "therapy"
                with monkeypatch.context() as patched, pytest.raises(TimeoutError):
                    patched.setattr(_TenantConnection, "execute", lost)
                    await shown("clinics")
                assert await shown(tenant) == tenant
