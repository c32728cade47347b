"""Where nothing is configured, parcels lie in a folder for a person to read."""

import asyncio
import os
import secrets
from pathlib import Path

from libs.kit.couriers.parcels import DELIVERED, Outcome, Parcel, later


class LocalOutbox:
    """One file for each parcel's id, written whole or not at all; a repeat changes nothing."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def deliver(self, parcel: Parcel) -> Outcome:
        """The file is there; later, if the disk does not take it."""
        try:
            await asyncio.to_thread(self._put, parcel)
        except OSError:
            return later("disk")
        return DELIVERED

    def _put(self, parcel: Parcel) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        final = self._folder / f"{parcel.id}.txt"
        if final.exists():
            return
        draft = self._folder / f".{parcel.id}.{secrets.token_hex(4)}"
        try:
            with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
                file.write(_readable(parcel))
                file.flush()
                os.fsync(file.fileno())
            _first_one_stays(draft, final)
        finally:
            draft.unlink(missing_ok=True)


def _first_one_stays(draft: Path, final: Path) -> None:
    try:
        os.link(draft, final)
    except FileExistsError:
        return


def _readable(parcel: Parcel) -> str:
    subject = f"Subject: {parcel.subject}\n" if parcel.subject else ""
    return f"Kind: {parcel.kind}\nTo: {parcel.to}\n{subject}\n{parcel.text}\n"
