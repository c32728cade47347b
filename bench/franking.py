"""What it costs that every message can be proved: sending, stamping, receiving and verifying, of 36 words.

Beside them is what it would cost without a proof, or with one that cannot hide words: encryption alone, one HMAC.
"""

import hmac
import os
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from statistics import quantiles

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from bench.figures import Contest, Ground, Line, Run, Sample, Taken, cpu
from bench.meter import stopwatch
from libs.bus.ids import uuid7
from libs.kit import clock
from libs.kit.sealing import Sealer, decrypted, encrypted
from services.chat.domain.franking import SALT, Context, commit, excerpt_of, fits, root_of, vouched, words_of

TIMES, MOST_MS = 5_000, 5.0
WORDS = "Добрий вечір, мене звати Анна, зараз маємо двадцять хвилин, аби почати розмову. " * 4
TEXT = "".join(words_of(WORDS)[:36])
HIDDEN = frozenset({3, 4, 5})
PLACE = b"conversation|seq|sender|mode"

Work = Callable[[], object]


@asynccontextmanager
async def franking(ground: Ground) -> AsyncIterator[Contest]:
    """No server takes part."""
    times, waited = TIMES // 10 if ground.quick else TIMES, dict[str, list[float]]()
    contestants = {name: _run(name, work, times, waited) for name, work in _works().items()}
    yield Contest(contestants, lambda taken: _lines(taken, waited))


def _works() -> dict[str, Work]:
    key, salt, words = AESGCM(AESGCM.generate_key(256)), os.urandom(SALT), TEXT.encode()
    sealer = Sealer(["a secret of forty characters or so, truly"])
    context = Context(conversation_id=uuid7(), seq=7, side="client", sender_id=uuid7(), form="text", at=clock.now())
    commitment, sealed = commit(TEXT, salt), encrypted(key, salt + words, to=PLACE)
    stamp = sealer.stamp(vouched(commitment, context), of="frank")
    excerpt = excerpt_of(TEXT, salt, HIDDEN)

    def send() -> None:
        made = os.urandom(SALT)
        commit(TEXT, made)
        encrypted(key, made + words, to=PLACE)

    def receive() -> None:
        opened = decrypted(key, sealed, to=PLACE)
        sealer.stamped(stamp, vouched(commitment, context), of="frank")
        fits(commitment, opened[SALT:].decode(), opened[:SALT])

    return {
        "encrypt alone": lambda: encrypted(key, words, to=PLACE),
        "one HMAC": lambda: hmac.digest(salt, words, "sha256"),
        "send": send,
        "stamp": lambda: sealer.stamp(vouched(commitment, context), of="frank"),
        "receive": receive,
        "decrypt alone": lambda: decrypted(key, sealed, to=PLACE),
        "excerpt": lambda: excerpt_of(TEXT, salt, HIDDEN),
        "verify": lambda: sealer.stamped(stamp, vouched(root_of(excerpt), context), of="frank"),
    }


def _run(name: str, work: Work, times: int, waited: dict[str, list[float]]) -> Run:
    async def run() -> Sample:
        spent = waited.setdefault(name, [])
        with stopwatch() as watch:
            for _ in range(times):
                began = time.perf_counter()
                work()
                spent.append(time.perf_counter() - began)
        return watch.sample(times)

    return run


def _lines(taken: Taken, waited: dict[str, list[float]]) -> list[Line]:
    spent = {name: cpu(samples) for name, samples in taken.items()}
    slowest = {name: quantiles(each, n=100)[98] * 1e3 for name, each in waited.items()}
    beside = {"send": "encrypt alone", "receive": "decrypt alone", "verify": "one HMAC"}
    return [
        Line(
            f"franking: {name}, 36 words",
            f"{spent[name]:,.1f} us CPU, p99 {slowest[name]:.2f} ms",
            f"{beside[name]}: {spent[beside[name]]:,.1f} us" if name in beside else "",
            f"{spent[name] / spent[beside[name]]:,.1f}x" if name in beside else "",
            f"p99 <= {MOST_MS:.0f} ms" if name == "verify" else "",
            slowest[name] <= MOST_MS if name == "verify" else None,
        )
        for name in ("send", "stamp", "receive", "excerpt", "verify")
    ]
