"""What tests of pictures share: drawing a file, and judging what became of it."""

import asyncio
import hashlib
import io
from pathlib import Path

from PIL import Image

from libs.kit import pictures
from libs.kit.pictures import Limits, PictureRefused, Pictures, is_plain_webp
from libs.kit.problems import of_domain
from tests.kit.corpus import CANARY, Case, good

GOOD = {case.name: case for case in good()}


def judge(case: Case, found: pictures.Picture | PictureRefused) -> None:
    """What must hold of every file, and what must hold of this one."""
    refused = isinstance(found, PictureRefused)
    assert case.fate in {"either", "refused" if refused else "taken"}, (case.name, found)
    if isinstance(found, PictureRefused):
        assert of_domain(found).status_code == 422
        return
    assert is_plain_webp(found.content), case.name
    assert CANARY not in found.content, case.name
    image = Image.open(io.BytesIO(found.content), formats=("WEBP",))
    image.load()
    assert image.size == (found.width, found.height)
    assert not set(image.info) & {"exif", "xmp", "icc_profile", "comment"}, case.name
    assert not image.getexif(), case.name
    assert found.sha256 == hashlib.sha256(found.content).digest()
    assert (found.original_size, found.original_sha256) == (len(case.raw), hashlib.sha256(case.raw).digest())


async def become(
    case: Case, limits: Limits | None = None, by: Pictures | None = None
) -> pictures.Picture | PictureRefused:
    try:
        return await (by or Pictures(limits)).harmless(case.raw, case.kind)
    except PictureRefused as refused:
        return refused


async def all_of(cases: list[Case]) -> dict[str, int]:
    """Draw them, as many at once as a server does, judge each, and count the fates."""
    by = Pictures(waits=900)
    fates: dict[str, int] = {}
    for case, found in zip(cases, await asyncio.gather(*(become(case, by=by) for case in cases)), strict=True):
        judge(case, found)
        fate = found.reason if isinstance(found, PictureRefused) else "taken"
        fates[fate] = fates.get(fate, 0) + 1
    return fates


async def refusal(case: Case, limits: Limits | None = None) -> str:
    found = await become(case, limits)
    assert isinstance(found, PictureRefused), case.name
    return found.reason


CHILDREN = Path("/proc/self/task")


def children() -> list[int]:
    """Processes that this one has started as redrawers and that have not ended."""
    mine = [int(pid) for task in CHILDREN.iterdir() for pid in _told(task / "children").split()]
    return [pid for pid in mine if b"redraw.py" in _told(Path(f"/proc/{pid}/cmdline"))]


def _told(file: Path) -> bytes:
    """What the kernel says; nothing of a thread or process that has ended meanwhile."""
    try:
        return file.read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return b""
