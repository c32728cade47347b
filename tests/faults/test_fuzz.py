"""What strangers send, made up from our own description: whoever sends it, an answer that was announced."""

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from libs.kit.service import Running
from tests.chat.scenes import conversation
from tests.intake.cast import joined
from tests.people import ANNA, HILL, MARTA, OLENA, OMAR, SOFIA, Principal
from tests.support.pleas import KINDS, pleaded

pytestmark = pytest.mark.faults
CHECKS = (
    "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance,"
    "response_headers_conformance"
)


PEOPLE = pytest.mark.parametrize(
    "person", [OLENA, ANNA, HILL, OMAR, None], ids=["client", "specialist", "clinic", "ops", "stranger"]
)


@PEOPLE
async def test_intake_answers_whatever_is_sent_as_it_says(
    intake_service: Running, serve: Any, token: Callable[[Principal], str], person: Principal | None, tmp_path: Path
) -> None:
    """No failure of ours, no status, header or body that the description does not have."""
    await joined(intake_service, [ANNA])
    await _fuzzed(await serve(intake_service.app), token(person) if person else None, tmp_path)


@PEOPLE
async def test_chat_answers_whatever_is_sent_as_it_says(
    chat_service: Running, serve: Any, token: Callable[[Principal], str], person: Principal | None, tmp_path: Path
) -> None:
    """The same of conversations, one of which is theirs."""
    await conversation(chat_service)
    await _fuzzed(await serve(chat_service.app), token(person) if person else None, tmp_path)


@pytest.mark.parametrize(
    "person", [OLENA, ANNA, MARTA, SOFIA, None], ids=["client", "specialist", "support", "supervisor", "stranger"]
)
async def test_support_answers_whatever_is_sent_as_it_says(
    support_service: Running, serve: Any, token: Callable[[Principal], str], person: Principal | None, tmp_path: Path
) -> None:
    """The same of cases, one of each kind, and of tickets."""
    for kind in KINDS:
        await pleaded(support_service, kind)
    await _fuzzed(await serve(support_service.app), token(person) if person else None, tmp_path)


async def _fuzzed(address: str, token: str | None, place: Path) -> None:
    headers = ("--header", f"Authorization: Bearer {token}") if token else ()
    fuzzing = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "schemathesis.cli", "run", f"{address}/openapi.json", "--url", address, *headers,
        "--checks", CHECKS, "--phases", "examples,coverage,fuzzing,stateful", "--max-examples", "25", "--seed", "7",
        "--continue-on-failure", "--warnings", "off", "--report", "junit", "--report-dir", str(place),
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    said, _ = await fuzzing.communicate()
    assert fuzzing.returncode == 0, said.decode()[-20_000:]
