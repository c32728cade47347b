"""What a planted bug is."""

from typing import NamedTuple


class Bug(NamedTuple):
    """What is changed where, and the test that must notice."""

    file: str
    right: str
    wrong: str
    noticed_by: str
    also: tuple[tuple[str, str, str], ...] = ()  # what else has to go before it shows
