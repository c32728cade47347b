"""Feeds of houses that have nothing to do with one another, on instances that serve them all."""

from itertools import pairwise

import httpx
from sqlalchemy import insert

from libs.kit.service import Running
from services.intake.domain import Racer
from services.intake.queries import moment
from services.intake.tables import AvoidanceRow
from tests.intake.cast import As, opened
from tests.intake.test_feed_crowded import SHOWN, instance, look
from tests.people import BORIS, OLENA, STRANGE_CLIENT, STRANGE_SPECIALIST, THERAPY

CLINICS = STRANGE_CLIENT.tenant
READERS = {THERAPY: BORIS, CLINICS: STRANGE_SPECIALIST}


async def test_each_house_is_shown_its_own_however_full_the_others_are(
    intake_client: httpx.AsyncClient, intake_service: Running, as_: As
) -> None:
    """By an instance that begins now, and by one that had to ask for older cards."""
    hub, requests = await instance(intake_service), dict[str, list[str]]({THERAPY: [], CLINICS: []})
    for number in range(2 * SHOWN + 2):
        for house, by in ((CLINICS, STRANGE_CLIENT), (THERAPY, OLENA))[: 2 if number < SHOWN else 1]:
            requests[house].append(str((await opened(intake_client, as_, by))["id"]))
    await look(hub, intake_service)
    for gone in requests[CLINICS][-SHOWN - 2 :]:
        assert (await intake_client.post(f"requests/{gone}/withdrawal", headers=as_(STRANGE_CLIENT))).is_success
    await look(hub, intake_service)
    for where in (hub, await instance(intake_service)):
        for house, reader in READERS.items():
            stream = await where.read(house, Racer(reader.id), None)
            told = (await anext(stream)).decode()
            await stream.aclose()
            places = [told.find(each) for each in requests[house][:SHOWN]]
            assert -1 not in places
            assert all(one < other for one, other in pairwise(places))
            assert told.count("event: request") == SHOWN


async def test_c9_whom_a_specialist_avoids_in_one_house_they_may_meet_in_another(
    intake_client: httpx.AsyncClient, intake_service: Running, as_: As
) -> None:
    """Even if all of them are known there by the same names."""
    hub = await instance(intake_service)
    async with intake_service.database.session("*") as tx:
        row = {"specialist_id": BORIS.id, "client_id": OLENA.id, "tenant": CLINICS, "since": await moment(tx)}
        await tx.execute(insert(AvoidanceRow), row)
    request = await opened(intake_client, as_)
    await look(hub, intake_service)
    stream = await hub.read(THERAPY, Racer(BORIS.id), None)
    assert str(request["id"]) in (await anext(stream)).decode()
    await stream.aclose()
