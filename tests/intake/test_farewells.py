"""Step 1 of a refusal is a farewell: chat tells of it, and the house decides whether a word does, too."""

from typing import Any
from uuid import UUID

import httpx
import pytest_asyncio

from libs.bus.testing import deliver
from libs.events.chat import FarewellSent
from libs.events.intake import ClientRefused
from libs.kit.service import Running
from services.intake.consumers import consumers
from tests.intake.cast import As
from tests.intake.meetings import FIRST, Work, engaged
from tests.people import ANNA, BORIS, THERAPY, Principal


@pytest_asyncio.fixture
async def work(intake_service: Running, intake_client: httpx.AsyncClient, as_: As) -> Work:
    """Anna has Olena's request, and has held session 1."""
    work = await engaged(intake_service, intake_client, as_)
    await work.held()
    return work


async def farewell(work: Work, by: Principal = ANNA, request_id: str | None = None) -> None:
    said = FarewellSent(
        tenant=THERAPY, at=FIRST, conversation_id=UUID(request_id or work.id), specialist_id=by.id
    )  # fmt: skip
    for _ in range(2):  # as after a restart of the bus
        await deliver(said, consumers, work.intake.database.sessions)


def code(answer: httpx.Response) -> Any:
    return answer.json().get("code", answer.status_code)


async def test_r11_a_farewell_that_chat_told_of_completes_a_refusal_without_the_specialist_s_word(work: Work) -> None:
    assert code(await work.refuse(farewell_sent=False)) == "farewell_comes_first"
    await farewell(work)
    assert (await work.refuse(farewell_sent=False)).status_code == 201
    assert len(await work.said(ClientRefused)) == 1


async def test_r11_by_default_the_specialist_s_word_is_enough(work: Work) -> None:
    """They may have said it in the session, or while chat was down."""
    assert (await work.refuse(farewell_sent=True)).status_code == 201


async def test_r11_where_the_house_wants_it_so_a_word_is_not_enough(work: Work) -> None:
    await work.rules(farewell_by_word=False)
    assert code(await work.refuse(farewell_sent=True)) == "farewell_comes_first"
    await farewell(work, BORIS)
    await farewell(work, request_id="01900000-0000-7000-8000-00000000f00d")
    assert code(await work.refuse(farewell_sent=True)) == "farewell_comes_first"
    assert await work.said(ClientRefused) == []
    await farewell(work)
    assert (await work.refuse(farewell_sent=False)).status_code == 201


async def test_r3_r11_a_farewell_in_the_earlier_conversation_is_one_for_what_is_part_of_it(
    work: Work, intake_client: httpx.AsyncClient, as_: As
) -> None:
    """The client was told, wherever that was."""
    await work.write("UPDATE specialists SET ready_at = NULL")
    later = await engaged(work.intake, intake_client, as_)
    assert (await later.call(ANNA, f"requests/{later.id}/merge", FIRST)).status_code == 200
    await farewell(work)
    assert (await later.refuse(farewell_sent=False)).status_code == 201
