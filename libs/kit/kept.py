"""Secrets that a run directory keeps for development, so that they outlive a restart."""

import os
import secrets
from collections.abc import Callable
from pathlib import Path

from libs.kit.errors import StartRefused


def kept(path: Path, make: Callable[[], str]) -> str:
    """What the file holds; made on first use, and readable by nobody else."""
    try:
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
            draft.touch(mode=0o600)
            draft.write_text(make(), encoding="utf-8")
            _first_one_stays(draft, path)
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise StartRefused(f"{path} cannot be kept: {error.strerror}. Set DOVIRA_RUN_DIR to your own.") from None


def _first_one_stays(draft: Path, path: Path) -> None:
    try:
        os.link(draft, path)
    except FileExistsError:
        return
    finally:
        draft.unlink()
