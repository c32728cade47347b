"""Building the projection anew beside itself: begun, followed until it is level, compared, switched to, and tidied up.

Whatever breaks off goes on with the next call, in whichever process: how far a build has come is in its row and in its
positions, and nowhere else.
"""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime

import structlog
from msgspec import ValidationError, convert
from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from libs.bus import clock, rebuild
from libs.kit.sql import EVERY_TENANT, Database
from services.stats import domain, queries
from services.stats.domain import METRICS, BuildUnderWay, BuildUnknown, Policy, PolicyInvalid
from services.stats.queries import Build
from services.stats.tables import GenerationRow, PolicyRow

NEAR = 2_000  # records behind, from which on it is worth stopping the live generation for a moment
LEVEL_WITHIN = 10.0  # seconds the live generation may stand still
AT_ONCE = 5_000
ALWAYS = datetime(2000, 1, 1, tzinfo=UTC)
PATIENCE = text("SET LOCAL statement_timeout = '10min'")
ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(hashtext('stats.rebuild'))")
BUILDING = text("""
    SELECT number, accept_differences FROM generations WHERE live_from IS NULL AND live_until IS NULL FOR UPDATE
""")
NEWEST = text("""
    SELECT (SELECT max(number) FROM generations) AS generation,
        (SELECT coalesce(max(version), 1) FROM policies) AS policy
""")
COUNTED = f"""
    SELECT specialist_id, day, tenant, {", ".join(METRICS)} FROM counters
    WHERE generation = {{}} AND ({" OR ".join(f"{metric} <> 0" for metric in METRICS)})
"""  # noqa: S608 - put together from the names of the metrics
DIFFERENT = text(f"""
    SELECT count(DISTINCT (specialist_id, day)) FROM (
        (({COUNTED.format(":old")}) EXCEPT ({COUNTED.format(":new")})) UNION ALL
        (({COUNTED.format(":new")}) EXCEPT ({COUNTED.format(":old")}))) AS different
""")  # noqa: S608
SWITCH = text("""
    UPDATE generations SET live_from = CASE WHEN number = :new THEN CAST(:now AS timestamptz) ELSE live_from END,
        live_until = CASE WHEN number = :old THEN CAST(:now AS timestamptz) END,
        outcome = CASE WHEN number = :new THEN CAST(:outcome AS text) ELSE outcome END
    WHERE number IN (:old, :new)
""")
FAIL = text("UPDATE generations SET live_until = :now, outcome = :outcome WHERE number = :number")
ENDING = text("SELECT number, live_from FROM generations WHERE live_until IS NOT NULL AND ended_at IS NULL")
END = text("UPDATE generations SET ended_at = :now WHERE number = :number")
DROP = {
    table: text(f"""
        DELETE FROM {table} WHERE ctid = ANY(ARRAY(SELECT ctid FROM {table} WHERE generation = :number LIMIT {AT_ONCE}))
    """)  # noqa: S608 - the names stand here
    for table in ("states", "counters", "journal")
}
log = structlog.get_logger()


async def begin_build(
    tx: AsyncSession, changes: Mapping[str, object] | None = None, *, accept_differences: bool = False, now: datetime
) -> int:
    """Let the projection be built anew, by the same policy or by a new version of it. Gives back its number."""
    await tx.execute(ONE_AT_A_TIME)
    if await tx.scalar(BUILDING) is not None:
        raise BuildUnderWay
    live = await queries.build_at(tx, now)
    first = {
        "number": live.number, "policy_version": live.policy_version, "accept_differences": False,
        "started_at": ALWAYS, "live_from": ALWAYS,
    }  # fmt: skip
    await tx.execute(upsert(GenerationRow).values(first).on_conflict_do_nothing())
    newest = (await tx.execute(NEWEST)).one()
    version = live.policy_version
    if changes is not None:
        version = newest.policy + 1
        tx.add(PolicyRow(version=version, body=domain.plain(changed(live.policy, changes)), at=now))
    number: int = newest.generation + 1
    tx.add(GenerationRow(number=number, policy_version=version, accept_differences=accept_differences, started_at=now))
    return number


def changed(policy: Policy, changes: Mapping[str, object]) -> Policy:
    """The policy with some of its members replaced. Raises PolicyInvalid."""
    try:
        return convert({**domain.plain(policy), **changes}, Policy)
    except ValidationError as error:
        raise PolicyInvalid(str(error)) from None


async def cancel_build(tx: AsyncSession, number: int, *, now: datetime) -> None:
    """Give up a build that is not live yet; what it wrote is tidied up."""
    if await tx.scalar(BUILDING) != number:
        raise BuildUnknown
    await tx.execute(FAIL, {"number": number, "now": now, "outcome": "cancelled"})
    await rebuild.forget(tx, queries.subscriber(number))


async def carry_on(database: Database, *, now: datetime) -> None:
    """Do the next thing there is to do about builds, if there is one."""
    async with database.session(EVERY_TENANT) as tx:
        new = await tx.scalar(BUILDING)
        live = await queries.build_at(tx, now)
        behind = None if new is None else await queries.behind(tx, live.number, new)
        held = await queries.held(tx, live.number)
    leader = queries.subscriber(live.number)
    if new is None and held:  # by somebody who did not live to let go
        await rebuild.let_go(database.engine, leader)
    elif new is not None and behind is not None and behind <= NEAR:
        await rebuild.hold(database.engine, leader, "the new generation comes level")
        try:
            await _switch_when_level(database, live, new)
        finally:
            await rebuild.let_go(database.engine, leader)
    await tidy(database, now=now)


async def _switch_when_level(database: Database, live: Build, new: int) -> None:
    async with asyncio.timeout(LEVEL_WITHIN):
        while not await _switched(database, live, new):  # noqa: ASYNC110 - another process makes it level
            await asyncio.sleep(0.05)


async def _switched(database: Database, live: Build, new: int) -> bool:
    """Compare the two and switch, while neither can move; whether that is settled, one way or the other."""
    async with database.session(EVERY_TENANT) as tx:
        await tx.execute(PATIENCE)
        if await tx.scalar(BUILDING) != new:
            return True
        if not await rebuild.level(tx, queries.subscriber(live.number), queries.subscriber(new)):
            return False
        build = await queries.build(tx, new)
        fine = (await tx.execute(BUILDING)).one().accept_differences or build.policy_version != live.policy_version
        different = await tx.scalar(DIFFERENT, {"old": live.number, "new": new}) or 0
        now = clock.now()
        if different and not fine:
            outcome = f"not switched to: {different} days came out differently"
            await tx.execute(FAIL, {"number": new, "now": now, "outcome": outcome})
            await rebuild.forget(tx, queries.subscriber(new))
            log.error("rebuild.differs", generation=new, days=different)
        else:
            asked = {"old": live.number, "new": new, "now": now, "outcome": f"{different} days came out differently"}
            await tx.execute(SWITCH, asked)
            await rebuild.forget(tx, queries.subscriber(live.number))
            log.info("rebuild.switched", generation=new, days=different)
    return True


async def tidy(database: Database, *, now: datetime) -> None:
    """Remove what builds that are over have left; the journal of one that was live stays, for it was shown."""
    async with database.session(EVERY_TENANT) as tx:
        over = (await tx.execute(ENDING)).all()
    for number, live_from in over:
        for table in ("states", "counters") if live_from else DROP:
            while await _dropped(database, table, number) == AT_ONCE:
                pass
        async with database.session(EVERY_TENANT) as tx:
            await tx.execute(END, {"number": number, "now": now})


async def _dropped(database: Database, table: str, number: int) -> int:
    async with database.session(EVERY_TENANT) as tx:
        result = await tx.execute(DROP[table], {"number": number})
        return int(result.rowcount)  # type: ignore[attr-defined]
