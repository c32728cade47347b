"""`python -m libs.kit.ledger verify FILE...`: whether a downloaded ledger is true; `check`: whether a database is.

FILE is what the service answered: pages of a ledger, its key set (/v1/ledger-keys), and checkpoints that somebody kept,
as events or as they stood beside a ledger. Keep the key set and the checkpoints where the service cannot reach them.
"""

import argparse
import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

from libs.kit.ledger.chain import Broken
from libs.kit.ledger.download import Downloads, Unrecognised, verify
from libs.kit.ledger.examine import Examination
from libs.kit.ledger.rows import examine


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what was asked; 0 if everything is true, 1 if something is not or cannot be told."""
    asked = _parser().parse_args(arguments)
    try:
        downloads = _read(asked.files)
    except (OSError, Unrecognised) as error:
        print(error, file=sys.stderr)
        return 1
    if not downloads.keys:
        print("No key set was given, so nothing can be proved: add what /v1/ledger-keys answers.", file=sys.stderr)
        return 1
    return asyncio.run(_check(asked, downloads)) if asked.act == "check" else _verify(downloads)


def _verify(downloads: Downloads) -> int:
    said = list(verify(downloads))
    for each in said:
        print(each)
    if not downloads.chains:
        print("There is no ledger among these files.", file=sys.stderr)
    return int(not downloads.chains or any(isinstance(each, Broken) for each in said))


async def _check(asked: argparse.Namespace, downloads: Downloads) -> int:
    wrong = [*downloads.wrong]
    wrong += [
        each async for each in examine(asked.database, asked.service, Examination(downloads.keys, downloads.kept))
    ]
    for each in wrong:
        print(each)
    print(f"{len(wrong)} things are wrong; {len(downloads.kept)} checkpoints that were kept elsewhere were compared")
    return int(bool(wrong))


def _read(files: Sequence[str]) -> Downloads:
    downloads = Downloads()
    for name in files:
        try:
            downloads.add(Path(name).read_text(encoding="utf-8"))
        except Unrecognised:
            raise Unrecognised(f"{name}: {Unrecognised.__doc__}") from None
    return downloads


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m libs.kit.ledger", description=__doc__)
    acts = parser.add_subparsers(dest="act", metavar="", required=True)
    for name, words in (("verify", "verify downloaded ledgers"), ("check", "check a whole database")):
        act = acts.add_parser(name, help=words)
        if name == "check":
            act.add_argument("service", help="whose database it is")
            act.add_argument("--database", required=True, help="the address of the service's database")
        act.add_argument("files", nargs="+", metavar="FILE", help="ledger pages, key sets, kept checkpoints")
    return parser


if __name__ == "__main__":
    sys.exit(main())
