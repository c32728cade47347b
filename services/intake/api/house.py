"""What this process holds for its endpoints: the feed and the keys of contacts."""

from dataclasses import dataclass

from starlette.requests import HTTPConnection

from libs.kit.http import host
from libs.kit.sealing import Sealer
from services.intake.api.hub import Hub


@dataclass(frozen=True)
class Resources:
    """What intake opens beside its database."""

    hub: Hub
    sealer: Sealer


def resources_of(connection: HTTPConnection) -> Resources:
    """Intake's own resources."""
    found = getattr(host(connection), "resources", None)
    if not isinstance(found, Resources):
        raise TypeError("this process serves no requests")
    return found
