"""The bus."""

from libs.bus.consumers import Consumers, Projection
from libs.bus.outbox import publish
from libs.bus.tables import bus_tables

__all__ = ["Consumers", "Projection", "bus_tables", "publish"]
