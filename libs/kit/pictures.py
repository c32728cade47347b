"""Pictures from anywhere, made harmless: drawn anew in a process of their own, which may cost only so much."""

import asyncio
import hashlib
import json
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator, Hashable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from libs.kit.errors import Invalid, Unavailable

MB: Final = 1024 * 1024
REAPED_WITHIN: Final = 5.0
LONGEST: Final = 16383  # a side of a WebP
REDRAW: Final = Path(__file__).with_name("redraw.py")
Kind = Literal["image/png", "image/jpeg", "image/webp"]
Reason = Literal[
    "too_large", "not_a_picture", "another_kind", "unreadable", "too_many_pixels", "animated", "too_heavy", "too_slow"
]
WORDS: Final[dict[Reason, str]] = {
    "too_large": "The file is too large.",
    "not_a_picture": "This is no PNG, JPEG or WebP.",
    "another_kind": "This is a picture of another kind than its Content-Type says.",
    "unreadable": "The file is damaged, or it is not what it seems to be.",
    "too_many_pixels": "The picture is too wide, too high, or has too many pixels.",
    "animated": "Only pictures that stand still are taken.",
    "too_heavy": "To draw this picture takes more memory than there is for one.",
    "too_slow": "To draw this picture takes longer than there is time for one.",
}
# What the child may put into a WebP: pixels, their transparency, and the header that says so.
PLAIN: Final = frozenset({b"VP8 ", b"VP8L", b"VP8X", b"ALPH"})


class PictureRefused(Invalid):
    """This file cannot be taken as a picture."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(WORDS[reason])
        self.reason = reason

    def extra(self) -> dict[str, Any]:
        """Why, for programs."""
        return {"reason": self.reason}


class PicturesBusy(Unavailable):
    """Many pictures are being drawn just now. Try again shortly."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What one picture may cost."""

    size: int = 8 * MB
    pixels: int = 25_000_000
    memory: int = 512 * MB
    cpu_seconds: int = 10
    seconds: float = 20
    result: int = 16 * MB


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A WebP of which every byte is ours, and what it was made from."""

    content: bytes
    width: int
    height: int
    sha256: bytes
    original_size: int
    original_sha256: bytes


class Pictures:
    """Draws pictures anew, a few at a time, and holds no more files than it has room for."""

    def __init__(
        self, limits: Limits | None = None, *, at_once: int = 2, held: int = 16, each: int = 2, waits: float = 15
    ) -> None:
        self.limits = limits or Limits()
        self._drawing = asyncio.Semaphore(at_once)
        self._held, self._each, self._waits = held, each, waits
        self._holding: Counter[Hashable] = Counter()

    @contextmanager
    def room(self, *, of: Hashable) -> Iterator[None]:
        """Room for one file while it arrives and is drawn; nobody has more than their share of it."""
        if self._holding.total() >= self._held or self._holding[of] >= self._each:
            raise PicturesBusy
        self._holding[of] += 1
        try:
            yield
        finally:
            self._holding[of] -= 1
            self._holding = +self._holding

    async def harmless(self, raw: bytes, kind: str) -> Picture:
        """The same picture without anything else that was in the file. Raises PictureRefused or PicturesBusy."""
        if len(raw) > self.limits.size:
            raise PictureRefused("too_large")
        found = kind_of(raw)
        if found != kind:
            raise PictureRefused("another_kind" if found else "not_a_picture")
        async with self._place():
            said, content = parted(await self._redrawn(raw))
        return Picture(
            content=content, width=int(said["width"]), height=int(said["height"]),
            sha256=hashlib.sha256(content).digest(), original_size=len(raw),
            original_sha256=hashlib.sha256(raw).digest(),
        )  # fmt: skip

    @asynccontextmanager
    async def _place(self) -> AsyncIterator[None]:
        try:
            await asyncio.wait_for(self._drawing.acquire(), self._waits)
        except TimeoutError:
            raise PicturesBusy from None
        try:
            yield
        finally:
            self._drawing.release()

    async def _redrawn(self, raw: bytes) -> bytes:
        """What the child answers. It is gone when this returns, however this returns."""
        child = await asyncio.create_subprocess_exec(
            *command(self.limits),
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
            env={}, cwd="/", close_fds=True,
        )  # fmt: skip
        try:
            async with asyncio.timeout(self.limits.seconds):
                _, answer = await asyncio.gather(_feed(child, raw), _read(child, self.limits.result))
                if len(answer) > self.limits.result:
                    raise PictureRefused("too_large")
                ended = await child.wait()
        except TimeoutError:
            raise PictureRefused("too_slow") from None
        finally:
            await _end(child)
        if ended:
            raise PictureRefused(ENDED.get(ended, "unreadable"))
        return answer


# What the kernel ends: who has used up their time, and who has used up the machine's memory. All else is a crash.
ENDED: Final[dict[int, Reason]] = {-signal.SIGXCPU: "too_slow", -signal.SIGKILL: "too_heavy"}


def command(limits: Limits) -> list[str]:
    """How the child is started: isolated, so that neither the environment nor a directory decides what it imports."""
    return [sys.executable, "-I", "-B", str(REDRAW), *map(str, (limits.pixels, limits.memory, limits.cpu_seconds))]


def kind_of(raw: bytes) -> Kind | None:
    """What a file says by its first bytes that it is."""
    if raw.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if raw.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if raw[:4] == b"RIFF" and raw[8:12] == b"WEBP":
        return "image/webp"
    return None


def is_plain_webp(content: bytes) -> bool:
    """Whether this is one WebP, whole, with pixels and nothing else; so even a child gone bad smuggles little."""
    if content[:4] != b"RIFF" or content[8:12] != b"WEBP" or int.from_bytes(content[4:8], "little") + 8 != len(content):
        return False
    at = 12
    while at < len(content):
        if content[at : at + 4] not in PLAIN:
            return False
        size = int.from_bytes(content[at + 4 : at + 8], "little")
        at += 8 + size + size % 2
    return at == len(content)


async def _feed(child: asyncio.subprocess.Process, raw: bytes) -> None:
    """Give the child its file; if it has died, that is what it answers."""
    if child.stdin is None:
        return
    try:
        child.stdin.write(raw)
        await child.stdin.drain()
    except ConnectionError:
        pass
    finally:
        child.stdin.close()


async def _read(child: asyncio.subprocess.Process, most: int) -> bytes:
    """What the child writes, up to a little more than the most that is taken."""
    found = bytearray()
    while child.stdout is not None and len(found) <= most and (part := await child.stdout.read(MB)):
        found += part
    return bytes(found)


async def _end(child: asyncio.subprocess.Process) -> None:
    """Kill it, if it is there. Its exit is told only to who has read what it wrote, so that is read, and forgotten."""
    if child.returncode is None:
        with suppress(ProcessLookupError):
            child.kill()
    with suppress(TimeoutError):
        async with asyncio.timeout(REAPED_WITHIN):
            while child.stdout is not None and await child.stdout.read(MB):
                pass
            await child.wait()


def parted(answer: bytes) -> tuple[dict[str, Any], bytes]:
    """What the child says of the picture, and the picture; neither is believed."""
    head, _, content = answer.partition(b"\n")
    try:
        said = json.loads(head)
        sides = [int(said[side]) for side in ("width", "height") if "refused" not in said]
    except (ValueError, TypeError, KeyError):
        raise PictureRefused("unreadable") from None
    reason = said.get("refused")
    if isinstance(reason, str) and reason in WORDS:
        raise PictureRefused(reason)
    if not all(0 < side <= LONGEST for side in sides) or not is_plain_webp(content):
        raise PictureRefused("unreadable")
    return said, content
