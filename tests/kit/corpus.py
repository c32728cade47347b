"""Files that somebody might send as a picture: good ones with secrets in them, and bad ones of every sort we know.

All are made here, by code and from a seed; canaries are planted wherever a format has room for more than pixels.
"""

import io
import random
import struct
import zlib
from collections.abc import Iterator
from functools import cache
from typing import Literal, NamedTuple

from PIL import Image, PngImagePlugin

CANARY = b"canary-Snegir-4417"
TEXT = CANARY.decode()
XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><a>' + CANARY + b"</a></x:xmpmeta>"
Fate = Literal["taken", "refused", "either"]


class Case(NamedTuple):
    """A file, what it is sent as, and what must become of it."""

    name: str
    raw: bytes
    kind: str
    fate: Fate


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png(
    width: int, height: int, *, depth: int = 1, colour: int = 0, row: int | None = None, more: bytes = b""
) -> bytes:
    """A picture of nothing, as large as one likes, which weighs nearly nothing."""
    line = b"\0" * (1 + (row if row is not None else width * depth * {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colour] // 8))
    squeeze = zlib.compressobj(9)
    data = b"".join(squeeze.compress(line * 64) for _ in range(-(-height // 64))) + squeeze.flush()
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + more + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def picture(mode: str = "RGB", size: tuple[int, int] = (64, 48)) -> Image.Image:
    """Shades and an edge, so that it is clear which way up it is."""
    shades = Image.linear_gradient("L").resize(size)
    shades.paste(255, (0, 0, size[0] // 4 + 1, size[1] // 4 + 1))
    if mode in {"LA", "RGBA"}:
        clear = shades.convert(mode)
        clear.putalpha(shades.rotate(90))
        return clear
    return (
        shades.convert("I").point(lambda shade: shade * 257).convert("I;16") if mode == "I;16" else shades.convert(mode)
    )


def saved(image: Image.Image, form: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, form, **options)
    return out.getvalue()


def exif(orientation: int = 1, *, words: str = TEXT) -> bytes:
    """Who, what with, and where; a phone writes as much."""
    tags = Image.Exif()
    tags[0x0112], tags[0x010E], tags[0x013B] = orientation, words, words
    tags.get_ifd(0x8825).update({1: "N", 2: (50.0, 27.0, 0.0), 3: "E", 4: (30.0, 31.0, 0.0), 29: words})
    return tags.tobytes()


def good() -> Iterator[Case]:
    """Pictures as people have them."""
    for mode in ("1", "L", "LA", "P", "RGB", "RGBA", "I;16"):
        yield Case(f"png {mode}", saved(picture(mode), "PNG"), "image/png", "taken")
    for mode in ("L", "RGB", "CMYK"):
        yield Case(f"jpeg {mode}", saved(picture(mode), "JPEG", comment=CANARY), "image/jpeg", "taken")
    for orientation in range(1, 9):
        raw = saved(picture(), "JPEG", exif=exif(orientation), xmp=XMP, icc_profile=CANARY * 9)
        yield Case(f"jpeg orientation {orientation}", raw, "image/jpeg", "taken")
    yield Case("jpeg progressive", saved(picture(), "JPEG", progressive=True), "image/jpeg", "taken")
    for lossless in (True, False):
        raw = saved(picture("RGBA"), "WEBP", lossless=lossless, exif=exif(6), xmp=XMP, icc_profile=CANARY * 9)
        yield Case(f"webp with all, lossless {lossless}", raw, "image/webp", "taken")
    yield Case("png with all", _worded_png(), "image/png", "taken")
    yield Case(
        "png with an exif of 4 MB", png(9, 9, more=chunk(b"eXIf", exif(words=TEXT * 70_000))), "image/png", "taken"
    )
    yield Case("png see-through palette", saved(picture("P"), "PNG", transparency=3), "image/png", "taken")
    yield Case("one pixel", saved(picture(size=(1, 1)), "PNG"), "image/png", "taken")
    yield Case("one line", png(16383, 1), "image/png", "taken")
    yield Case("one column", png(1, 16383), "image/png", "taken")
    yield Case("25 megapixels of 16 bits", png(5000, 5000, depth=16, colour=2), "image/png", "taken")
    two = saved(picture(), "MPO", save_all=True, append_images=[picture("L")], exif=exif(3))
    yield Case("a phone's two pictures in one", two, "image/jpeg", "taken")


def _worded_png() -> bytes:
    words = PngImagePlugin.PngInfo()
    words.add_text("Author", TEXT)
    words.add_text("Comment", TEXT * 500, zip=True)
    words.add_itxt("XML:com.adobe.xmp", XMP.decode())
    words.add(b"prVt", CANARY)
    return saved(picture(), "PNG", pnginfo=words, exif=exif(8), icc_profile=CANARY * 9)


TAILS = {
    "html": b"<html><script>alert('" + CANARY + b"')</script></html>",
    "php": b"<?php system($_GET['c']); /* " + CANARY + b" */ ?>",
    "js": b"/*" + CANARY + b"*/=1;alert(1);//",
    "zip": b"PK\x03\x04" + b"\0" * 26 + CANARY + b"PK\x05\x06" + b"\0" * 18,
    "another picture": saved(picture(), "JPEG", comment=CANARY),
}


def polyglots() -> Iterator[Case]:
    """Pictures that are something else as well: a tail is cut off, a head is no picture."""
    for name, tail in TAILS.items():
        for form in ("PNG", "JPEG", "WEBP"):
            whole, kind = saved(picture(), form), f"image/{form.lower()}"
            yield Case(f"{form} with a tail of {name}", whole + tail, kind, "taken")
            if not name.startswith("another"):
                yield Case(f"{form} with a head of {name}", tail + whole, kind, "refused")
    jpeg = saved(picture(), "JPEG")
    yield Case(
        "a comment that is a page",
        jpeg[:2] + b"\xff\xfe\0\x40" + TAILS["html"].ljust(62) + jpeg[2:],
        "image/jpeg",
        "taken",
    )
    inner = png(8, 8, more=chunk(b"tEXt", b"k\0" + TAILS["php"]) + chunk(b"PLTE", TAILS["php"][:48]))
    yield Case("php in a palette", inner, "image/png", "taken")


def other_kinds() -> Iterator[Case]:
    """Whatever is no PNG, JPEG or WebP, under an honest name and behind false first bytes."""
    files = {
        "svg": b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>', "html": TAILS["html"], "empty": b"",
        "pdf": b"%PDF-1.7\n1 0 obj<</Type/Catalog>>endobj\n%%EOF", "eps": b"%!PS-Adobe-3.0 EPSF-3.0\n",
        "one byte": b"\x89", "zip": TAILS["zip"], "gzip": zlib.compress(b"x" * 99),
        **{form.lower(): saved(picture(), form) for form in ("GIF", "TIFF", "BMP", "ICO", "PPM", "TGA")},
    }  # fmt: skip
    firsts = {"image/png": b"\x89PNG\r\n\x1a\n", "image/jpeg": b"\xff\xd8\xff", "image/webp": b"RIFF\x40\0\0\0WEBP"}
    for name, raw in files.items():
        for kind, first in firsts.items():
            yield Case(f"{name} as {kind}", raw, kind, "refused")
            yield Case(f"{name} behind the first bytes of {kind}", first + raw, kind, "refused")
    forms = {f"image/{form.lower()}": saved(picture(), form) for form in ("PNG", "JPEG", "WEBP")}
    for kind, raw in forms.items():
        for said in set(forms) - {kind}:
            yield Case(f"{kind} as {said}", raw, said, "refused")
    many = saved(
        Image.new("L", (9, 9)), "GIF", save_all=True, append_images=[Image.new("L", (9, 9), n) for n in range(255)]
    )
    yield Case("a moving gif", many, "image/png", "refused")


def bombs() -> Iterator[Case]:
    """Small files that become large, slow or endless."""
    yield Case("13,000 x 13,000", png(13_000, 13_000), "image/png", "refused")
    yield Case("30,000 x 30,000", png(30_000, 30_000), "image/png", "refused")
    yield Case("25 megapixels, see-through", png(5000, 5000, depth=16, colour=6), "image/png", "refused")
    yield Case("16,384 x 1", png(16_384, 1), "image/png", "refused")
    yield Case("2 ** 31 - 1 wide", png(2**31 - 1, 1, row=1), "image/png", "refused")
    yield Case("no pixel", png(0, 0), "image/png", "refused")
    yield Case("no height", png(9, 0), "image/png", "refused")
    yield Case("little said, much inside", png(9, 9, row=40_000_000 // 64), "image/png", "either")
    yield Case("much said, little inside", png(5000, 5000, row=1), "image/png", "refused")
    much = zlib.compress(b"\0" * 60_000_000, 9)
    for name in (b"iCCP", b"zTXt"):
        yield Case(f"a {name.decode()} of 60 MB", png(9, 9, more=chunk(name, b"k\0\0" + much)), "image/png", "either")
    itxt = chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + much)
    yield Case("an iTXt of 60 MB", png(9, 9, more=itxt), "image/png", "either")
    yield Case("100 iTXt of 60 MB", png(9, 9, more=itxt * 100), "image/png", "either")
    yield Case("10,000 texts", png(9, 9, more=chunk(b"tEXt", b"k\0" + CANARY) * 10_000), "image/png", "either")
    moving = [Image.new("RGB", (4, 4), (n % 256, n // 256, 9)) for n in range(1000)]
    yield Case(
        "a moving webp", saved(moving[0], "WEBP", save_all=True, append_images=moving[1:]), "image/webp", "refused"
    )
    yield Case("a moving png", saved(moving[0], "PNG", save_all=True, append_images=moving[1:]), "image/png", "refused")
    wide = bytearray(saved(picture(), "WEBP", exif=exif()))
    wide[24:30] = b"\xfe\x3f\0\xfe\x3f\0"  # the canvas: 16,383 x 16,383
    yield Case("a webp that says it is huge", bytes(wide), "image/webp", "refused")
    loop = b"Exif\0\0MM\0*\0\0\0\x08\0\1\x87\x69\0\4\0\0\0\1\0\0\0\x08\0\0\0\x08"
    yield Case("an exif that points at itself", saved(picture(), "JPEG", exif=loop), "image/jpeg", "either")
    yield Case(
        "an exif of nothing but entries",
        saved(picture(), "JPEG", exif=b"Exif\0\0II*\0\x08\0\0\0\xff\xff" + b"\xff" * 60_000),
        "image/jpeg",
        "either",
    )
    jpeg = saved(picture(), "JPEG")
    yield Case(
        "100 exifs",
        jpeg[:2] + (b"\xff\xe1\xff\xff" + b"Exif\0\0".ljust(65533, b"I")) * 100 + jpeg[2:],
        "image/jpeg",
        "either",
    )


def slow() -> Case:
    """A JPEG of few bytes that is drawn over and over: each of its scans goes through all pixels again."""
    whole = saved(Image.new("L", (5000, 5000), 99), "JPEG", progressive=True)
    last = whole.rindex(b"\xff\xda")
    return Case("4,000 scans", whole[:-2] + whole[last:-2] * 4000 + whole[-2:], "image/jpeg", "refused")


@cache
def base() -> tuple[Case, ...]:
    """Every case that is made by hand."""
    return (*good(), *polyglots(), *other_kinds(), *bombs())


def corpus(size: int, seed: int) -> list[Case]:
    """The cases made by hand, and after them damaged ones until there are enough."""
    dice = random.Random(seed)
    whole = [case for case in (*good(), *polyglots()) if len(case.raw) < 200_000]
    found = list(base())
    while len(found) < size:
        case = dice.choice(whole)
        how = dice.choice(DAMAGES)
        found.append(Case(f"{case.name}, {how.__name__} {len(found)}", how(dice, case.raw), case.kind, "either"))
    return found[:size]


def flipped(dice: random.Random, raw: bytes) -> bytes:
    damaged = bytearray(raw)
    for _ in range(dice.choice((1, 1, 2, 8, 64))):
        damaged[dice.randrange(len(damaged))] ^= 1 << dice.randrange(8)
    return bytes(damaged)


def truncated(dice: random.Random, raw: bytes) -> bytes:
    return raw[: dice.randrange(len(raw))]


def spliced(dice: random.Random, raw: bytes) -> bytes:
    other = dice.choice(base()).raw[:100_000]
    at, of = dice.randrange(len(raw)), dice.randrange(len(other) + 1)
    return raw[:at] + other[of : of + dice.randrange(1, 4000)] + raw[at + dice.randrange(4000) :]


def inflated(dice: random.Random, raw: bytes) -> bytes:
    """Some number in it becomes as large or small as it can be."""
    at = dice.randrange(max(1, min(len(raw), 600) - 4))
    extreme = dice.choice((b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\0\0\0\0", b"\xff\xff", b"\0\0"))
    return raw[:at] + extreme + raw[at + len(extreme) :]


def rechecked(dice: random.Random, raw: bytes) -> bytes:
    """Damage inside a PNG's chunks with their checksums put right, so that decoders look deeper."""
    if not raw.startswith(b"\x89PNG"):
        return flipped(dice, raw)
    mended, at = raw[:8], 8
    while at + 12 <= len(raw):
        (length,) = struct.unpack(">I", raw[at : at + 4])
        name, data = raw[at + 4 : at + 8], raw[at + 8 : at + 8 + length]
        mended += chunk(name, flipped(dice, data) if data and dice.random() < 1 / 2 else data)
        at += 12 + length
    return mended


DAMAGES = (flipped, truncated, spliced, inflated, rechecked)
