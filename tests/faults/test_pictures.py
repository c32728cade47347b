"""Five hundred hostile files: none breaks us, none costs more than it may, and none keeps what was hidden in it."""

import subprocess
import sys
from pathlib import Path

import pytest

from libs.kit import pictures
from libs.kit.pictures import MB, Limits
from tests.kit import corpus
from tests.kit.drawing import all_of, children

SEED = 20260302
pytestmark = pytest.mark.faults


@pytest.fixture(scope="module")
def cases() -> list[corpus.Case]:
    """The whole corpus; the same one for the same seed."""
    found = corpus.corpus(500, SEED)
    assert len({(case.raw, case.kind) for case in found}) > 480
    return found


async def test_five_hundred_files_are_refused_or_harmless(cases: list[corpus.Case]):
    fates = await all_of([*cases, corpus.slow()])
    assert sum(fates.values()) == 501
    assert fates["taken"] > 100, fates
    assert fates["unreadable"] > 100, fates
    assert fates["too_slow"] == 1, fates
    assert children() == []


# The kernel counts to a child what its parent had, so each child's parent is one that is small.
WEIGHER = """
import os, subprocess, sys
for line in sys.stdin.buffer:
    with open(line.strip(), "rb") as raw:
        child = subprocess.Popen(sys.argv[1:], stdin=raw, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={})
        _, status, usage = os.wait4(child.pid, 0)
    print(status, usage.ru_maxrss, flush=True)
"""


def weigh(raws: list[bytes], command: list[str], folder: Path) -> list[tuple[int, int]]:
    """How each child ended, and the most memory that it held, in kilobytes, as the kernel says."""
    files = [folder / str(number) for number in range(len(raws))]
    for file, raw in zip(files, raws, strict=True):
        file.write_bytes(raw)
    weigher = [sys.executable, "-c", WEIGHER, *command]
    told = subprocess.run(weigher, input="\n".join(map(str, files)).encode(), capture_output=True, check=True)
    return [(int(status), int(most)) for status, most in (line.split() for line in told.stdout.splitlines())]


def test_no_child_holds_more_than_512_megabytes_and_none_crashes(cases: list[corpus.Case], tmp_path: Path):
    weighed = weigh([case.raw for case in cases], pictures.command(Limits()), tmp_path)
    assert len(weighed) == 500
    assert max(most for _, most in weighed) <= 512 * 1024
    assert {status for status, _ in weighed} == {0}


def test_without_its_limits_a_bomb_would_weigh_more(tmp_path: Path):
    """The scales work: what the limits refuse is heavy indeed."""
    boundless = pictures.command(Limits(pixels=200_000_000, memory=4096 * MB))
    ((_, most),) = weigh([corpus.png(13_000, 13_000)], boundless, tmp_path)
    assert most > 512 * 1024
