"""What changes in stats: facts take effect, benchmarks are published, months are judged, figures are built anew."""

from services.stats.commands.benchmarks import publish_benchmark
from services.stats.commands.fold import record
from services.stats.commands.rebuild import begin_build, cancel_build, carry_on
from services.stats.commands.statuses import AT_ONCE, judge_some

__all__ = ["AT_ONCE", "begin_build", "cancel_build", "carry_on", "judge_some", "publish_benchmark", "record"]
