"""Who has read is written down, signed, and can be proved by both sides; whatever is changed afterwards shows."""

import asyncio
import base64
import json
import random
import subprocess
import sys
from copy import deepcopy
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest
from httpx import AsyncClient

from libs.bus.ids import uuid7
from libs.bus.testing import outbox
from libs.events.chat import LedgerSealed
from libs.kit.ledger import Entry, verify_chain
from libs.kit.ledger.__main__ import main
from services.chat.jobs import seal_ledgers
from tests.chat.readings import GO_BACK, Archive, checks, planted, read, sealed
from tests.chat.scenes import accepted, conversation, hear, released
from tests.people import ANNA, BORIS, MARTA, OLENA, OMAR, SOFIA, STRANGE_CLIENT, TARAS


@pytest.fixture
def archive(tmp_path: Path, chat_client: AsyncClient, as_: Any) -> Archive:
    return Archive(tmp_path, chat_client, as_)


async def test_r14_readings_at_once_follow_one_another(chat_service: Any, archive: Archive) -> None:
    talk = await conversation(chat_service)
    await asyncio.gather(*(read(chat_service, talk, by=who, times=10) for who in (OLENA, ANNA) * 3))
    (page,) = await archive.pages(talk)
    entries = [
        Entry(said["n"], base64.b64decode(said["payload"]), bytes.fromhex(said["digest"])) for said in page["entries"]
    ]
    assert [entry.n for entry in entries] == list(range(1, 61))
    reached = verify_chain(talk, entries)
    assert (reached.n, reached.digest.hex()) == (60, page["head"]["digest"])  # type: ignore[union-attr]


async def test_r14_both_sides_see_who_has_read_and_can_prove_it(
    chat_service: Any, archive: Archive, capsys: pytest.CaptureFixture[str]
) -> None:
    talk = await conversation(chat_service)
    await read(chat_service, talk, by=OLENA, times=3)
    await read(chat_service, talk, by=ANNA, use="live")
    await sealed(chat_service)
    await read(chat_service, talk, by=ANNA, use="live_ended")
    for side in (OLENA, ANNA):
        (page,) = await archive.pages(talk, by=side)
        assert [(said["side"], said["use"]) for said in page["entries"]] == [
            *[("client", "page")] * 3, ("specialist", "live"), ("specialist", "live_ended")
        ]  # fmt: skip
        assert page["entries"][0]["reader"] == str(OLENA.id)
        files = await archive.download(talk, by=side, limit=2)
        assert len(files) == 3
        assert main(["verify", await archive.keys(), *files]) == 0
        assert main(["verify", await archive.keys(), *files[:-1]]) == 1
        assert main(["verify", await archive.keys(), *files[1:]]) == 1
        assert main(["verify", *files]) == 1
    assert f"{talk}: entries up to 4 are proved, 1 wait for a checkpoint" in capsys.readouterr().out


@pytest.mark.parametrize("who", [TARAS, BORIS, STRANGE_CLIENT, MARTA, SOFIA, OMAR], ids=lambda who: str(who.id)[-2:])
async def test_r14_nobody_else_finds_a_ledger(chat_service: Any, chat_client: AsyncClient, as_: Any, who: Any) -> None:
    talk = await conversation(chat_service)
    await read(chat_service, talk)
    answer = await chat_client.get(f"conversations/{talk}/access-ledger", headers=as_(who))
    assert (answer.status_code, answer.json()["code"]) == (404, "conversation_unknown")


async def test_a_later_counterpart_proves_what_is_theirs_and_learns_nothing_of_before(
    chat_service: Any, archive: Archive
) -> None:
    talk = await conversation(chat_service, client=OLENA, by=ANNA)
    await read(chat_service, talk, by=ANNA, times=4, at=datetime(2026, 3, 2, 18, 0, 10, tzinfo=UTC))
    await hear(chat_service, released(talk, of=ANNA, after=30))
    await hear(chat_service, accepted(talk, by=BORIS, after=60))
    (before,) = await archive.pages(talk, by=BORIS)
    assert (before["entries"], before["since"]["n"], before["proof"]) == ([], 4, None)
    await read(chat_service, talk, by=BORIS, times=2)
    await sealed(chat_service)
    assert str(ANNA.id) not in json.dumps(await archive.pages(talk, by=BORIS))
    files = await archive.download(talk, by=BORIS, limit=1)
    assert main(["verify", await archive.keys(), *files]) == 0
    assert len((await archive.pages(talk, by=OLENA))[0]["entries"]) == 6


async def test_the_keys_are_for_everybody(chat_client: AsyncClient) -> None:
    answer = await chat_client.get("ledger-keys")
    assert answer.status_code == 200
    (key,) = answer.json()["keys"]
    assert (key["kty"], key["crv"], key["alg"], key["use"], len(key["kid"])) == ("OKP", "Ed25519", "EdDSA", "sig", 64)


async def said(service: Any) -> list[LedgerSealed]:
    return [each.data for each in await outbox(service.database.engine) if isinstance(each.data, LedgerSealed)]


async def test_r14_a_checkpoint_is_kept_outside_the_database(chat_service: Any, archive: Archive) -> None:
    talks = [await conversation(chat_service) for _ in range(3)]
    for talk in talks:
        await read(chat_service, talk)
    await sealed(chat_service)
    (page,) = await archive.pages(talks[1])
    (event,) = await said(chat_service)
    told = page["proof"]["checkpoint"]
    assert (event.number, event.size, event.root) == (1, 3, told["root"])
    kept = archive.keep("event.json", as_kept([event]))
    assert main(["verify", await archive.keys(), archive.keep("page.json", page), kept]) == 0
    assert await checks(chat_service, await archive.keys(), kept) == 0


async def test_nothing_new_is_not_signed_and_what_is_new_waits_its_time(chat_service: Any) -> None:
    talk = await conversation(chat_service)
    seal = partial(seal_ledgers, chat_service.database, chat_service.resources.signer)
    await seal()
    assert await said(chat_service) == []
    await read(chat_service, talk)
    await seal()
    await seal()
    assert [event.number for event in await said(chat_service)] == [1]
    await read(chat_service, talk)
    await seal()
    assert [event.number for event in await said(chat_service)] == [1]
    assert await planted(chat_service, GO_BACK) == 1
    await seal()
    assert [event.number for event in await said(chat_service)] == [1, 2]


async def test_one_instance_signs(chat_service: Any) -> None:
    for _ in range(4):
        await read(chat_service, await conversation(chat_service))
    await asyncio.gather(*(sealed(chat_service) for _ in range(6)))
    assert [event.number for event in await said(chat_service)] == [1]


async def test_r14_reading_and_signing_at_once_leave_nothing_uncovered(chat_service: Any, archive: Archive) -> None:
    talks = [await conversation(chat_service) for _ in range(3)]
    for talk in talks:
        await read(chat_service, talk)
    reading = (read(chat_service, talk, by=who, times=8) for talk in talks for who in (OLENA, ANNA))
    await asyncio.gather(*reading, *(sealed(chat_service) for _ in range(8)))
    await sealed(chat_service)
    kept = archive.keep("kept.json", as_kept(await said(chat_service)))
    assert await checks(chat_service, await archive.keys(), kept) == 0
    assert {(await archive.pages(talk))[0]["proof"]["covers"]["n"] for talk in talks} == {17}


async def lived_in(service: Any) -> list[Any]:
    """Three talks and three checkpoints, of which the last covers only two of them."""
    talks = [await conversation(service) for _ in range(3)]
    for turn in range(3):
        for talk in talks[: 3 - turn // 2]:
            await read(service, talk, times=2)
        await sealed(service)
    return talks


def places(document: Any, way: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The way to everything that a document says."""
    if isinstance(document, dict | list):
        pairs = document.items() if isinstance(document, dict) else enumerate(document)
        return [place for name, each in pairs for place in places(each, (*way, name))]
    return [way]


def changed(document: Any, way: tuple[Any, ...], chance: random.Random) -> Any:
    whole = deepcopy(document)
    inner = whole
    for step in way[:-1]:
        inner = inner[step]
    match inner[way[-1]]:
        case int(number):
            inner[way[-1]] = number + chance.choice([-1, 1])
        case str(words):
            at = chance.randrange(len(words))
            inner[way[-1]] = words[:at] + chance.choice([c for c in "0aAZ" if c != words[at]]) + words[at + 1 :]
        case _:
            inner[way[-1]] = str(uuid7())
    return whole


async def test_r14_what_is_downloaded_shows_every_change(chat_service: Any, archive: Archive) -> None:
    """Each of 600 changes somewhere in the file, by itself; only where the next page begins proves nothing."""
    talk, *_ = await lived_in(chat_service)
    keys, (page,) = await archive.keys(), await archive.pages(talk)
    assert main(["verify", keys, archive.keep("page.json", page)]) == 0
    chance, ways = random.Random(6962), [way for way in places(page) if way != ("next",)]
    for turn in range(600):
        way = ways[turn % len(ways)]
        forged = changed(page, way, chance)
        assert main(["verify", keys, archive.keep("changed.json", forged)]) == 1, way


async def test_the_command_is_there_for_everybody(chat_service: Any, archive: Archive) -> None:
    talk, *_ = await lived_in(chat_service)
    keys, (page,) = await archive.keys(), await archive.download(talk)
    verify = [sys.executable, "-W", "error", "-m", "libs.kit.ledger", "verify"]
    for files, code, says in (
        ([keys, page], 0, f"{talk}: entries up to 6 are proved, 0 wait"),
        ([page], 1, "No key set was given"),
        ([keys], 1, "There is no ledger among these files"),
        ([keys, page, "pyproject.toml"], 1, "pyproject.toml: This is neither"),
        ([keys, "nowhere.json"], 1, "nowhere.json"),
    ):
        ran = await asyncio.to_thread(subprocess.run, [*verify, *files], capture_output=True, text=True, check=False)
        assert (ran.returncode, says in ran.stdout + ran.stderr) == (code, True), ran.stderr


async def test_r14_a_ledger_that_forgets_is_found_out_by_an_older_download(
    chat_service: Any, archive: Archive, capsys: pytest.CaptureFixture[str]
) -> None:
    """Also if the checkpoints that knew better went with it."""
    talk, *_ = await lived_in(chat_service)
    keys, old = await archive.keys(), await archive.download(talk, "old")
    await planted(chat_service, "DELETE FROM ledger_entries WHERE subject_id = :id AND n > 2", id=talk)
    await planted(chat_service, "DELETE FROM ledger_leaves WHERE number > 1")
    await planted(chat_service, "DELETE FROM checkpoints WHERE number > 1")
    back = """UPDATE ledger_heads h SET n = 2, sealed_n = 2, digest = e.digest FROM ledger_entries e
              WHERE h.subject_id = :id AND e.subject_id = h.subject_id AND e.n = 2"""
    await planted(chat_service, back, id=talk)
    new = await archive.download(talk, "new")
    assert main(["verify", keys, *new]) == 0
    await read(chat_service, talk)
    assert main(["verify", keys, *old, *await archive.download(talk, "new")]) == 1
    assert f"{talk}, 3: " in capsys.readouterr().out


TAMPERINGS = {
    "flip": "UPDATE ledger_entries SET payload = set_byte(payload, 9, get_byte(payload, 9) # 1) WHERE {one} AND n = 2",
    "flip a digest": "UPDATE ledger_entries SET digest = sha256(digest) WHERE {one} AND n = 6",
    "delete": "DELETE FROM ledger_entries WHERE {one} AND n = 3",
    "truncate": "DELETE FROM ledger_entries WHERE {one} AND n > 4",
    "truncate all": "DELETE FROM ledger_entries WHERE {one}",
    "insert": "INSERT INTO ledger_entries SELECT subject_id, 7, tenant, at, payload, digest FROM ledger_entries "
    "WHERE {one} AND n = 6",
    "move": "UPDATE ledger_entries SET subject_id = '{two}', n = 7 WHERE {one} AND n = 6",
    "another house's": "UPDATE ledger_entries SET tenant = 'clinics' WHERE {one}",
    "a head set back": "UPDATE ledger_heads SET n = 5, sealed_n = 5 WHERE {one}",
    "a leaf less": "DELETE FROM ledger_leaves WHERE {one} AND number = 2",
    "another leaf": "UPDATE ledger_leaves SET n = 3 WHERE {one} AND number = 2",
    "a checkpoint less": "DELETE FROM checkpoints WHERE number = 2",
    "the last checkpoint less": "DELETE FROM checkpoints WHERE number = 3",
    "another moment": "UPDATE checkpoints SET at = at + interval '1 second' WHERE number = 3",
    "another root": "UPDATE checkpoints SET root = sha256(root) WHERE number = 1",
    "another signature": "UPDATE checkpoints SET signature = set_byte(signature, 3, 0) || '' WHERE number = 1",
}


def as_kept(events: list[LedgerSealed]) -> list[dict[str, Any]]:
    return [{"source": "/chat", "data": json.loads(msgspec.json.encode(event))} for event in events]


async def test_the_operators_check_finds_nothing_where_nothing_was_changed(
    chat_service: Any, archive: Archive, capsys: pytest.CaptureFixture[str]
) -> None:
    await lived_in(chat_service)
    kept = archive.keep("kept.json", as_kept(await said(chat_service)))
    assert await checks(chat_service, await archive.keys(), kept) == 0
    assert "0 things are wrong; 3 checkpoints" in capsys.readouterr().out


@pytest.mark.parametrize("name", TAMPERINGS)
async def test_r14_the_operators_check_finds_what_was_changed(name: str, chat_service: Any, archive: Archive) -> None:
    one, two, _ = await lived_in(chat_service)
    kept = archive.keep("kept.json", as_kept(await said(chat_service)))
    changes = TAMPERINGS[name].format(one=f"subject_id = '{one}'", two=two)
    assert await planted(chat_service, changes) > 0
    assert await checks(chat_service, await archive.keys(), kept) == 1
