"""Sessions, purchases and refusals: how long one may dispute, be late, or think it over."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

from pydantic import Field

from libs.kit.rules import Says
from services.intake.domain.rules.bounds import Span


@dataclass(frozen=True)
class SessionRules:
    """The house rules of sessions."""

    notice: Annotated[
        Span,
        Says("D8", "A client who cancels or moves a session later than this before its start gives no notice."),
    ] = timedelta(hours=24)
    absent_after: Annotated[
        Span, Says("D8", "Who is not there this long after the start has not come to the session.")
    ] = timedelta(minutes=15)
    dispute_within: Annotated[
        Span, Says("D8", "For so long one side may say otherwise than the other has said of a session.")
    ] = timedelta(hours=72)
    moves: Annotated[int, Says("C8", "A session is moved this often at most, before it has begun.")] = 3
    agreed_at_most: Annotated[
        int,
        Says("C8", "So many sessions of one engagement are agreed at once, before it is said how they went."),
        Field(ge=1, le=200),
    ] = 50
    farewell_by_word: Annotated[
        bool, Says("R11", "A specialist's word that they said farewell is enough; else chat must have told of it.")
    ] = True
    ahead: Annotated[Span, Says("C3", "A session is agreed for at most this long ahead.")] = timedelta(days=90)
