"""`python -m deploy.kafka`: Kafka in the foreground, until Ctrl-C or SIGTERM."""

import argparse
import signal
import sys
import time
from pathlib import Path

from deploy.kafka.cluster import Kafka
from libs.kit.errors import StartRefused


def main() -> None:
    """Start, say where, and watch over the nodes until asked to end."""
    wanted = _arguments()
    for request in (signal.SIGINT, signal.SIGTERM):
        signal.signal(request, lambda *_: sys.exit(0))
    try:
        kafka = Kafka.start(wanted.run_dir, brokers=wanted.brokers, port=wanted.port)
    except StartRefused as refusal:
        sys.exit(str(refusal))
    try:
        _watch(kafka, wanted.run_dir)
    finally:
        kafka.stop()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m deploy.kafka", description="Run Apache Kafka on this machine.")
    parser.add_argument("--brokers", type=int, choices=(1, 3), default=1, help="three survive the loss of one")
    parser.add_argument("--port", type=int, default=9092, help="the first of two ports for each broker")
    parser.add_argument("--run-dir", type=Path, default=Path("run/kafka"), help="where data and logs are kept")
    return parser.parse_args()


def _watch(kafka: Kafka, run_dir: Path) -> None:
    print(f"Kafka serves at {kafka.bootstrap}; its data and logs are in {run_dir}. Ctrl-C stops it.", flush=True)
    while kafka.running():
        time.sleep(0.5)
    sys.exit(f"Kafka has ended by itself; the logs in {run_dir} may say why.")


if __name__ == "__main__":
    main()
