"""How often somebody may do something, counted by each instance for itself."""

from collections import OrderedDict, deque
from collections.abc import Hashable
from datetime import timedelta
from time import monotonic

from libs.kit import clock
from libs.kit.errors import TooSoon


class Pace:
    """So many times within so many seconds, for each; of whoever pauses that long nothing is kept."""

    def __init__(self, most: int, *, seconds: float, refusal: type[TooSoon]) -> None:
        self._most, self._seconds, self._refusal = most, seconds, refusal
        self._did = OrderedDict[Hashable, deque[float]]()  # whoever did it last stands last

    def keep(self, *who: Hashable) -> None:
        """Count once more; raises the refusal, with when it will do, if that is too often."""
        now = monotonic()
        moments = self._did.setdefault(who, deque(maxlen=self._most))
        if len(moments) == self._most and now < moments[0] + self._seconds:
            raise self._refusal(clock.now() + timedelta(seconds=moments[0] + self._seconds - now))
        moments.append(now)
        self._did.move_to_end(who)
        self._forget_before(now - self._seconds)

    def _forget_before(self, moment: float) -> None:
        while next(iter(self._did.values()))[-1] < moment:
            self._did.popitem(last=False)
