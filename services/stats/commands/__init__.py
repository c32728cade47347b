"""What changes in stats: facts take effect, benchmarks are published, a projection is built anew."""

from services.stats.commands.fold import record

__all__ = ["record"]
