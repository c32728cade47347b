"""The people at support's desk."""

from typing import Any

import pytest

from tests.people import ANNA, BORIS, MARTA, OLENA, SOFIA, VERA
from tests.support.scenes import Desk


@pytest.fixture
def anna(support_client: Any, as_: Any) -> Desk:
    """A specialist who asks."""
    return Desk(support_client, as_(ANNA))


@pytest.fixture
def boris(support_client: Any, as_: Any) -> Desk:
    """Another specialist."""
    return Desk(support_client, as_(BORIS))


@pytest.fixture
def marta(support_client: Any, as_: Any) -> Desk:
    """An agent of support."""
    return Desk(support_client, as_(MARTA))


@pytest.fixture
def sofia(support_client: Any, as_: Any) -> Desk:
    """Her supervisor, who decides as well."""
    return Desk(support_client, as_(SOFIA))


@pytest.fixture
def vera(support_client: Any, as_: Any) -> Desk:
    """Of the clinical team."""
    return Desk(support_client, as_(VERA))


@pytest.fixture
def olena(support_client: Any, as_: Any) -> Desk:
    """A client."""
    return Desk(support_client, as_(OLENA))
