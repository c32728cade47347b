"""The process in which a picture is drawn: what it may cost, what it may see, and what it may say."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import warnings
from pathlib import Path

import pytest
from PIL import Image

from libs.kit import pictures, redraw
from libs.kit.pictures import MB, Limits, PictureRefused, Pictures, PicturesBusy, parted
from tests.bus.saying import eventually
from tests.kit import corpus
from tests.kit.corpus import Case, saved
from tests.kit.drawing import GOOD, children, refusal


async def test_a_child_has_a_limit_of_memory():
    assert await refusal(
        Case("", corpus.png(4900, 4900, depth=8, colour=2), "image/png", "refused"), Limits(memory=120 * MB)
    ) in {"too_heavy", "unreadable"}


async def test_a_child_has_a_limit_of_time_on_the_processor():
    assert await refusal(corpus.slow(), Limits(cpu_seconds=1, seconds=600)) == "too_slow"


async def test_a_child_has_a_limit_of_time_on_the_clock():
    assert await refusal(corpus.slow(), Limits(seconds=0.4, cpu_seconds=600)) == "too_slow"
    assert children() == []


async def test_a_caller_who_goes_away_leaves_no_child():
    drawing = asyncio.create_task(Pictures().harmless(corpus.slow().raw, "image/jpeg"))
    await eventually(lambda: len(children()) == 1)
    drawing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await drawing
    assert children() == []


async def test_no_more_than_two_are_drawn_at_once_and_who_waits_too_long_is_told():
    busy = Pictures(Limits(seconds=600, cpu_seconds=600), waits=0.3)
    slow, quick = corpus.slow(), GOOD["one pixel"]
    drawing = [asyncio.create_task(busy.harmless(slow.raw, slow.kind)) for _ in range(2)]
    await eventually(lambda: len(children()) == 2)
    with pytest.raises(PicturesBusy):
        await busy.harmless(quick.raw, quick.kind)
    assert len(children()) == 2
    for each in drawing:
        each.cancel()
    await asyncio.gather(*drawing, return_exceptions=True)
    assert (await busy.harmless(quick.raw, quick.kind)).width == 1


def test_nobody_holds_more_files_than_their_share_and_all_no_more_than_there_is_room():
    room = Pictures(held=3, each=2)
    with room.room(of=1), room.room(of=1):
        with pytest.raises(PicturesBusy), room.room(of=1):
            pass
        with room.room(of=2), pytest.raises(PicturesBusy), room.room(of=3):
            pass
    with room.room(of=3), room.room(of=3):
        pass


async def test_a_child_knows_no_secret_and_can_open_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """What a child of ours sees, told by a child of the test's in its place."""
    spy = tmp_path / "spy.py"
    spy.write_text(
        "import sys, os, json; sys.path.insert(0, sys.argv[4]); import redraw\n"
        "def told(raw, pixels):\n"
        "    def fails(what):\n"
        "        try: what()\n"
        "        except OSError: return True\n"
        "        return False\n"
        "    import subprocess, resource\n"
        "    return b'', {'environment': dict(os.environ), 'files': os.listdir('/proc/self/fd') if not fails(lambda:"
        " os.listdir('/proc/self/fd')) else 'none', 'opens': not fails(lambda: open('/etc/passwd')),"
        " 'forks': not fails(os.fork) if os.getuid() else False,"
        " 'limits': [resource.getrlimit(r) for r in (resource.RLIMIT_AS, resource.RLIMIT_CPU, resource.RLIMIT_CORE)]}\n"
        "redraw.answered = told\n"
        "redraw.main(*map(int, sys.argv[1:4]))\n"
    )
    monkeypatch.setenv("CHAT_KEY_SECRETS", "nobody may know")
    real = pictures.command(Limits())
    seen: dict[str, bytes] = {}
    spying = [*real[:3], str(spy), *real[4:], str(pictures.REDRAW.parent)]
    monkeypatch.setattr(pictures, "command", lambda _: spying)
    monkeypatch.setattr(pictures, "parted", lambda answer: parted(seen.setdefault("answer", answer)))
    await refusal(GOOD["one pixel"])
    told = json.loads(seen["answer"].splitlines()[0])
    assert "nobody may know" not in str(told["environment"])
    assert set(told["environment"]) <= {"LC_CTYPE"}
    assert not told["opens"]
    assert not told["forks"]
    assert told["limits"] == [[512 * MB] * 2, [10, 11], [0, 0]]


@pytest.mark.parametrize(
    ("ends", "reason"),
    [(f"os.kill(os.getpid(), {signal.SIGSEGV})", "unreadable"), ("os._exit(3)", "unreadable"), ("0", "unreadable"),
     (f"os.kill(os.getpid(), {signal.SIGKILL})", "too_heavy"), ("print('[]')", "unreadable"),
     ("print('{\"refused\": [1]}')", "unreadable"), ("print('{\"width\": 9, \"height\": 9}')", "unreadable"),
     ("[sys.stdout.write('x' * 9999) for _ in range(9999)]", "too_large"), ("os.close(1); time.sleep(60)", "too_slow")],
)  # fmt: skip
async def test_whatever_a_child_does_is_a_refusal(monkeypatch: pytest.MonkeyPatch, ends: str, reason: str):
    gone_bad = [sys.executable, "-Ic", f"import os, sys, time; {ends}"]
    monkeypatch.setattr(pictures, "command", lambda _: gone_bad)
    assert await refusal(GOOD["one pixel"], Limits(seconds=2 if reason == "too_slow" else 60)) == reason
    assert children() == []


def test_what_a_child_gone_bad_adds_is_seen(monkeypatch: pytest.MonkeyPatch):
    # What a child sets for itself must not stay set here.
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", Image.MAX_IMAGE_PIXELS)
    with warnings.catch_warnings():
        plain = redraw.redraw(GOOD["png RGBA"].raw, 100_000)[0]
    assert parted(b'{"width": 64, "height": 48}\n' + plain)[1] == plain
    with_more = saved(corpus.picture("RGBA"), "WEBP", exif=corpus.exif())
    for bad in (
        with_more,
        plain + b"tail",
        plain[:-2],
        b"<html>" + plain,
        b"",
        plain[:12] + b"PAGE\0\0\0\0" + plain[12:],
    ):
        with pytest.raises(PictureRefused):
            parted(b'{"width": 64, "height": 48}\n' + bad)


def test_a_child_needs_little_of_its_time_to_start():
    """Measured by the kernel, of a process that is started anew."""
    process = subprocess.Popen(pictures.command(Limits()), stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={})
    assert process.stdin
    process.stdin.write(GOOD["one pixel"].raw)
    process.stdin.close()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = status
    assert status == 0
    assert usage.ru_utime + usage.ru_stime < Limits().cpu_seconds / 2
    assert process.stdout
    process.stdout.close()


def test_limits_are_those_that_were_promised():
    assert Limits() == Limits(
        size=8 * MB, pixels=25_000_000, memory=512 * MB, cpu_seconds=10, seconds=20, result=16 * MB
    )
