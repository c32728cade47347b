"""What any number of the house rules can be: nothing is shorter than no time, or longer than ten years."""

from datetime import timedelta
from typing import Annotated

from annotated_types import Ge, Le

NONE = timedelta(0)
EVER = timedelta(days=3660)
Span = Annotated[timedelta, Ge(NONE), Le(EVER)]
