"""What intake's tests share beside the cast."""

import httpx
import pytest

from libs.kit.service import Running
from tests.intake.cast import As
from tests.intake.shop import Shop


@pytest.fixture
def shop(intake_client: httpx.AsyncClient, intake_service: Running, as_: As) -> Shop:
    """Orders over HTTP."""
    return Shop(intake_client, intake_service, as_)
