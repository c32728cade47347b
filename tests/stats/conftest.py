"""Whoever asks for figures asks at some moment."""

from datetime import timedelta

import pytest

from libs.kit import clock
from tests.stats.scenes import MAY


@pytest.fixture
def ask(stats_client, as_):
    """What somebody is answered a month after most of it was told, or when else they ask; with a `body`, they post."""

    async def answer(person, path, *, now=MAY + timedelta(days=31), body=None, **query):
        with clock.at(now):
            headers = as_(person) if person else {}
            if body is not None:
                return await stats_client.post(path, headers=headers, params=query or None, json=body)
            return await stats_client.get(path, headers=headers, params=query or None)

    return answer
