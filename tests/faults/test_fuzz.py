"""What strangers send, made up from our own description: whoever sends it, an answer that was announced."""

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from libs.kit.service import Running
from tests.intake.cast import joined
from tests.people import ANNA, OLENA, OMAR, Principal

pytestmark = pytest.mark.faults
CHECKS = (
    "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance,"
    "response_headers_conformance"
)


@pytest.mark.parametrize("person", [OLENA, ANNA, OMAR, None], ids=["client", "specialist", "ops", "stranger"])
async def test_intake_answers_whatever_is_sent_as_it_says(
    intake_service: Running, serve: Any, token: Callable[[Principal], str], person: Principal | None, tmp_path: Path
) -> None:
    """No failure of ours, no status, header or body that the description does not have."""
    await joined(intake_service, [ANNA])
    address = await serve(intake_service.app)
    headers = ("--header", f"Authorization: Bearer {token(person)}") if person else ()
    fuzzing = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "schemathesis.cli", "run", f"{address}/openapi.json", "--url", address, *headers,
        "--checks", CHECKS, "--phases", "examples,coverage,fuzzing,stateful", "--max-examples", "25", "--seed", "7",
        "--continue-on-failure", "--warnings", "off", "--report", "junit", "--report-dir", str(tmp_path),
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    said, _ = await fuzzing.communicate()
    assert fuzzing.returncode == 0, said.decode()[-20_000:]
