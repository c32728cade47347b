"""As whom PostgreSQL runs: it refuses root, and a container is often root."""

import os
import pwd
import signal
import subprocess
import sys
from pathlib import Path

from libs.kit.errors import StartRefused
from libs.kit.postgres.tether import NAMESPACE, tethered


def account_for(data: Path, *, bin_dir: Path) -> str:
    """The account for a data directory, as `tethered` wants it; the empty string is this process's own."""
    if os.geteuid() != 0:
        return ""
    owner = data.stat().st_uid if data.exists() else 0
    if owner != 0:
        return str(owner)
    if _namespaces():
        return NAMESPACE
    return _unprivileged(data, bin_dir=bin_dir)


def give(directory: Path, account: str) -> None:
    """Let an unprivileged account own a directory and what is in it."""
    if account in {"", NAMESPACE}:
        return
    user = pwd.getpwuid(int(account))
    for parent, _, files in os.walk(directory):
        for path in (Path(parent), *(Path(parent) / name for name in files)):
            os.chown(path, user.pw_uid, user.pw_gid, follow_symlinks=False)


def _namespaces() -> bool:
    """Many containers forbid them."""
    return _runs("true", account=NAMESPACE)


def _unprivileged(data: Path, *, bin_dir: Path) -> str:
    for name in ("postgres", "nobody"):
        try:
            account = str(pwd.getpwnam(name).pw_uid)
        except KeyError:
            continue
        reaches = ("sh", "-c", 'test -x "$1" && exec "$2" --version', "sh", str(data.parent), str(bin_dir / "initdb"))
        if _runs(*reaches, account=account):
            return account
    raise StartRefused(
        f"PostgreSQL refuses to run as root, and no other account can reach {data.parent} and {bin_dir}: "
        "start as an ordinary user, or set DATABASE_URL."
    )


def _runs(*command: str, account: str) -> bool:
    if not sys.platform.startswith("linux"):
        return False
    probe = tethered(list(command), ending=signal.SIGKILL, account=account)
    return subprocess.run(probe, capture_output=True, check=False).returncode == 0  # noqa: S603 - our own words
