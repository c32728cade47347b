"""The numbers of talking."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Literal

from libs.kit.rules import Says


@dataclass(frozen=True)
class TalkRules:
    """How talks are had and ended."""

    staff_access: Annotated[
        Literal["none", "visible_staff"],
        Says("D2", "Whether staff may look into new talks about reviews, seen by both sides; never into requests'."),
    ] = "none"
    reopen_within: Annotated[
        timedelta, Says("P11", "So long a client may reopen a talk that they ended; zero: an end is an end.")
    ] = timedelta(0)
    undo_solved_within: Annotated[
        timedelta, Says("D10", "So long a client may take back that their problem is solved.")
    ] = timedelta(hours=24)
