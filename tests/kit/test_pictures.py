"""Whatever is sent as a picture: it comes out as pixels of ours, or not at all."""

import io

import pytest
from PIL import Image

from libs.kit import pictures
from libs.kit.errors import Invalid
from libs.kit.pictures import MB, PictureRefused, is_plain_webp
from libs.kit.problems import of_domain
from tests.kit import corpus
from tests.kit.corpus import CANARY, Case, polyglots
from tests.kit.drawing import GOOD, all_of, become, refusal


async def test_a_good_picture_loses_all_but_its_pixels():
    await all_of(list(GOOD.values()))


async def test_a_file_that_is_also_something_else_is_only_a_picture_afterwards():
    await all_of([case for case in polyglots() if "html" in case.name or "php" in case.name])


async def test_a_hostile_file_is_refused_and_costs_nothing_but_its_child():
    await all_of([case for case in corpus.corpus(220, 7) if case.fate != "taken"][::5])


def test_a_canary_that_stayed_would_be_seen():
    """The corpus does plant them, and the judge does look: a careless redrawing keeps what it should not."""
    careless = io.BytesIO()
    before = Image.open(io.BytesIO(GOOD["jpeg orientation 6"].raw))
    before.save(careless, "WEBP", exif=before.info["exif"], xmp=before.info["xmp"])
    assert careless.getvalue().count(CANARY) >= 2
    assert not is_plain_webp(careless.getvalue())
    assert Image.open(careless).getexif().get_ifd(0x8825)[2] == (50.0, 27.0, 0.0)
    assert sum(CANARY in case.raw for case in corpus.base()) > 40


# Upright: bright are the upper left corner and the lower edge; EXIF's numbers are told by where that must come to lie.
LIT = {
    1: {"tl", "bl", "br"}, 2: {"tr", "bl", "br"}, 3: {"br", "tl", "tr"}, 4: {"bl", "tl", "tr"},
    5: {"tl", "tr", "br"}, 6: {"tr", "tl", "bl"}, 7: {"br", "tl", "bl"}, 8: {"bl", "tr", "br"},
}  # fmt: skip


def shade(image: Image.Image, x: int, y: int) -> int:
    return image.crop((x - 1, y - 1, x + 2, y + 2)).resize((1, 1), Image.Resampling.BOX).tobytes()[0]


@pytest.mark.parametrize("orientation", range(1, 9))
async def test_the_way_up_that_exif_says_is_the_way_up_of_the_pixels(orientation: int):
    found = await become(GOOD[f"jpeg orientation {orientation}"])
    assert isinstance(found, pictures.Picture)
    image = Image.open(io.BytesIO(found.content)).convert("L")
    assert image.size == ((48, 64) if orientation >= 5 else (64, 48))
    wide, high = image.size
    corners = {"tl": (3, 3), "tr": (wide - 4, 3), "bl": (3, high - 4), "br": (wide - 4, high - 4)}
    # The one bright corner of a picture whose other bright edge is its lower one.
    lit = {name for name, at in corners.items() if shade(image, *at) > 210}
    dark = {name for name in corners if name not in lit}
    assert (lit, dark) == (LIT[orientation], set(corners) - LIT[orientation])


async def test_sixteen_bits_become_eight_by_their_shade():
    found = await become(GOOD["png I;16"])
    assert isinstance(found, pictures.Picture)
    image = Image.open(io.BytesIO(found.content)).convert("L")
    assert abs(shade(image, 40, 24) - shade(corpus.picture("L"), 40, 24)) < 12


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("30,000 x 30,000", "too_many_pixels"), ("13,000 x 13,000", "too_many_pixels"),
        ("16,384 x 1", "too_many_pixels"),
        ("a webp that says it is huge", "too_many_pixels"), ("a moving webp", "animated"), ("a moving png", "animated"),
        ("25 megapixels, see-through", "too_heavy"), ("svg as image/png", "not_a_picture"),
        ("image/png as image/webp", "another_kind"), ("pdf behind the first bytes of image/png", "unreadable"),
        ("much said, little inside", "unreadable"), ("no pixel", "unreadable"),
    ],
)  # fmt: skip
async def test_a_refusal_says_why(name: str, reason: str):
    assert await refusal(next(case for case in corpus.base() if case.name == name)) == reason


async def test_the_reason_is_for_programs_and_the_words_for_people():
    problem = of_domain(PictureRefused("animated")).body
    assert b'"code":"picture_refused"' in problem
    assert b'"reason":"animated"' in problem
    assert b"stand still" in problem
    assert issubclass(PictureRefused, Invalid)


async def test_25_megapixels_are_taken_and_one_row_more_is_not():
    assert isinstance(await become(Case("", corpus.png(5000, 5000), "image/png", "taken")), pictures.Picture)
    assert await refusal(Case("", corpus.png(5000, 5001), "image/png", "refused")) == "too_many_pixels"


async def test_eight_megabytes_are_looked_at_and_one_byte_more_is_not():
    padded = corpus.png(9, 9).ljust(8 * MB, b"\0")
    assert isinstance(await become(Case("", padded, "image/png", "taken")), pictures.Picture)
    assert await refusal(Case("", padded + b"\0", "image/png", "refused")) == "too_large"
