"""SMS, by a gateway that takes JSON over HTTP."""

import asyncio
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final

import httpx

from libs.kit import clock
from libs.kit.couriers.parcels import DELIVERED, Outcome, Parcel, later, refused

# What is wrong with the parcel itself; any other refusal is about us or about today.
FOR_GOOD: Final = frozenset({400, 410, 413, 422})
LONGEST_ANSWER: Final = 16 * 1024
LONGEST_WAIT: Final = timedelta(hours=6)


class Gateway:
    """Posts `{id, to, text}` under the parcel's id as Idempotency-Key, by which the gateway knows a repeat."""

    def __init__(self, url: str, client: httpx.AsyncClient, *, secret: str, within: float) -> None:
        self._url, self._client, self._secret, self._within = url, client, secret, within

    async def deliver(self, parcel: Parcel) -> Outcome:
        """Delivered once the gateway has taken it; a redirect is not followed, because it may lead anywhere."""
        try:
            async with asyncio.timeout(self._within), self._client.stream(
                "POST", self._url, follow_redirects=False,
                json={"id": str(parcel.id), "to": parcel.to, "text": parcel.text},
                headers={"Authorization": f"Bearer {self._secret}", "Idempotency-Key": str(parcel.id)},
            ) as answer:  # fmt: skip
                await _read_little(answer)
                return _judged(answer)
        except (httpx.HTTPError, TimeoutError):
            return later("http_away")


async def _read_little(answer: httpx.Response) -> None:
    """What it says does not matter; but a short answer that was read leaves the connection fit for the next one."""
    read = 0
    async for chunk in answer.aiter_raw():
        read += len(chunk)
        if read > LONGEST_ANSWER:
            return


def _judged(answer: httpx.Response) -> Outcome:
    if answer.is_success:
        return DELIVERED
    why = f"http_{answer.status_code}"
    return refused(why) if answer.status_code in FOR_GOOD else later(why, after=_wait(answer))


def _wait(answer: httpx.Response) -> timedelta | None:
    """What Retry-After asks for: seconds or a date; no longer than we would wait for anybody."""
    asked = answer.headers.get("Retry-After", "").strip()
    try:
        wait = timedelta(seconds=int(asked)) if asked.isdecimal() else _moment(asked) - clock.now()
    except (ValueError, OverflowError):
        return None
    return min(max(wait, timedelta(0)), LONGEST_WAIT)


def _moment(date: str) -> datetime:
    found = parsedate_to_datetime(date)
    return found if found.tzinfo else found.replace(tzinfo=UTC)
