"""The process in which a picture of unknown origin is drawn anew: `python -I redraw.py pixels memory seconds`.

It reads a file from its standard input and writes one line of JSON, and after it a WebP. It trusts nothing that it
reads and is trusted by nobody: `libs.kit.pictures` starts it with an empty environment and looks at what it writes. It
imports nothing of ours, so it starts in a tenth of a second and knows no secret.
"""

import io
import json
import resource
import sys
import warnings
from typing import Any, Final

# All that decoders ask for on their way, for afterwards no file can be opened.
from PIL import Image, ImageOps, JpegImagePlugin, MpoImagePlugin, PngImagePlugin, TiffImagePlugin, WebPImagePlugin

Image.preinit()
PLUGINS: Final = (PngImagePlugin, JpegImagePlugin, MpoImagePlugin, TiffImagePlugin, WebPImagePlugin)
FORMATS: Final = ("PNG", "JPEG", "WEBP")
LONGEST: Final = 16383  # a side of a WebP
SIXTEEN_BITS: Final = ("I", "I;16", "I;16B", "I;16L", "I;16N")
DEPTH: Final = 256  # so many of their steps make one of ours


class Refused(Exception):
    """Why there is no picture, in a word."""


def main(pixels: int, memory: int, seconds: int) -> None:
    """Read, redraw, write; whatever happens, within these limits, and without another file or process."""
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    for none in (resource.RLIMIT_CORE, resource.RLIMIT_NOFILE, resource.RLIMIT_FSIZE, resource.RLIMIT_NPROC):
        resource.setrlimit(none, (0, 0))
    result, said = answered(sys.stdin.buffer.read(), pixels)
    sys.stdout.buffer.write(json.dumps(said).encode() + b"\n" + result)
    sys.stdout.buffer.flush()


def answered(raw: bytes, pixels: int) -> tuple[bytes, dict[str, Any]]:
    """The picture and its size, or nothing and why."""
    try:
        return redraw(raw, pixels)
    except Refused as reason:
        return b"", {"refused": str(reason)}
    except MemoryError:
        return b"", {"refused": "too_heavy"}
    except Exception:  # noqa: BLE001 - a decoder may raise anything at what it was not made for
        return b"", {"refused": "unreadable"}


def redraw(raw: bytes, pixels: int) -> tuple[bytes, dict[str, Any]]:
    """The picture and nothing that came with it: no place, no profile, no words, no tail."""
    image = upright(opened(raw, pixels))
    drawn = io.BytesIO()
    try:
        image.save(drawn, "WEBP", quality=80, method=2, exif=b"", xmp=b"", icc_profile=b"")
    except ValueError:
        raise Refused("too_heavy") from None  # its encoder says so when it gets no memory
    return drawn.getvalue(), {"width": image.width, "height": image.height}


def opened(raw: bytes, pixels: int) -> Image.Image:
    """A picture whose size is known and bearable, not decoded yet."""
    warnings.simplefilter("ignore")
    # Pillow refuses at twice its limit, and a WebP before it makes room for it.
    Image.MAX_IMAGE_PIXELS = pixels // 2
    try:
        image = Image.open(io.BytesIO(raw), formats=FORMATS)
    except Image.DecompressionBombError:
        raise Refused("too_many_pixels") from None
    if image.width * image.height > pixels or max(image.size) > LONGEST:
        raise Refused("too_many_pixels")
    if getattr(image, "n_frames", 1) > 1 and image.format != "MPO":
        # A phone's second picture in a JPEG is depth or a brighter copy; the first is what was photographed.
        raise Refused("animated")
    return image


def upright(image: Image.Image) -> Image.Image:
    """Eight bits of red, green and blue, the way up that its EXIF says."""
    image.load()
    if image.mode in SIXTEEN_BITS:
        exif = image.info
        image = image.convert("I").point(lambda shade: shade / DEPTH).convert("L")
        image.info = exif
    ImageOps.exif_transpose(image, in_place=True)
    mode = "RGBA" if image.has_transparency_data else "RGB"
    return image if image.mode == mode else image.convert(mode)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:4]))
