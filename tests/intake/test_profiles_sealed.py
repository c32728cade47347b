"""What specialists tell their own clients alone is kept sealed."""

import httpx
from sqlalchemy import text

from libs.kit.service import Running
from tests.canary import tables_with
from tests.intake.cast import As
from tests.intake.test_profiles import CARD, engaged, say
from tests.people import ANNA, BORIS, OLENA


async def test_b18_d3_what_own_clients_see_is_sealed_and_what_was_said_before_is_read(
    intake_client: httpx.AsyncClient, intake_service: Running, as_: As
) -> None:
    """In no table in clear; a row from before is read until it is said anew."""
    request = await engaged(intake_client, as_, intake_service)
    path, mine = f"requests/{request['id']}/payment", as_(OLENA)
    for words in (CARD, "anna_h", "380441234567"):
        assert await tables_with(intake_service, words) == set()
    assert (await intake_client.get(path, headers=mine)).json()["instructions"] == CARD
    before = "UPDATE profiles SET contact = NULL, payment = 'cash', messengers = '{\"telegram\": \"anna_b\"}'"
    async with intake_service.database.session("*") as tx:
        await tx.execute(text(before))
    assert (await intake_client.get(path, headers=mine)).json()["instructions"] == "cash"
    own = (await intake_client.get("specialists/me", headers=as_(ANNA))).json()
    assert own["messengers"] == [{"messenger": "telegram", "login": "anna_b"}]
    assert (await say(intake_client, as_, seen='"1"')).status_code == 200
    assert await tables_with(intake_service, "anna_b") == set()


async def test_d3_a_sealed_contact_is_good_in_its_own_row_alone(
    intake_client: httpx.AsyncClient, intake_service: Running, as_: As
) -> None:
    """Whoever writes into the database cannot have clients pay somebody else."""
    request = await engaged(intake_client, as_, intake_service)
    assert (await say(intake_client, as_, BORIS, payment="to Boris")).status_code == 200
    async with intake_service.database.session("*") as tx:
        await tx.execute(
            text("UPDATE profiles SET contact = (SELECT contact FROM profiles WHERE specialist_id = :boris)"),
            {"boris": BORIS.id},
        )
    answer = await intake_client.get(f"requests/{request['id']}/payment", headers=as_(OLENA))
    assert answer.status_code == 500
