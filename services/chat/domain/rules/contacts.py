"""Contacts: from when on two people may say how to reach them elsewhere."""

from dataclasses import dataclass
from typing import Annotated

from libs.kit.messengers import OffPlatform
from libs.kit.rules import Says


@dataclass(frozen=True)
class ContactRules:
    """The house rules of contact cards."""

    off_platform: Annotated[
        OffPlatform, Says("D3", "Whether, and from when on, the two sides may send each other contact cards.")
    ] = "after_first_session"
