"""The catalogue of everything the services tell one another. No I/O, no clock, no randomness."""

from libs.events import chat, intake, orders, partners, stats, support
from libs.events.base import Event
from libs.events.envelope import Envelope, TooLarge, Undecodable, UnknownType, decode, encode, wrap
from libs.events.topics import TOPICS, Topic

__all__ = [
    "TOPICS", "Envelope", "Event", "TooLarge", "Topic", "Undecodable", "UnknownType",
    "chat", "decode", "encode", "intake", "orders", "partners", "stats", "support", "wrap",
]  # fmt: skip
