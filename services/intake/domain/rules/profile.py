"""Profiles: what a specialist's own clients may be shown."""

from dataclasses import dataclass
from typing import Annotated

from libs.kit.messengers import OffPlatform
from libs.kit.rules import Says


@dataclass(frozen=True)
class ProfileRules:
    """The house rules of profiles."""

    off_platform: Annotated[
        OffPlatform, Says("D3", "Whether, and from when on, a specialist's own clients see their messengers.")
    ] = "after_first_session"
