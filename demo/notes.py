"""What of the demo month has happened, kept in a file: a replay that was broken off goes on where it was."""

import json
from pathlib import Path
from uuid import UUID


class Notes:
    """One line per request that was opened and per order that was placed; and what is over, stage by stage."""

    def __init__(self, path: Path) -> None:
        self._path = path
        lines = path.read_text().splitlines() if path.exists() else []
        told = [json.loads(line) for line in lines if line.endswith("}")]
        self.requests = {int(n): UUID(request) for line in told for n, request in line.get("opened", {}).items()}
        self.orders = {int(n): UUID(order) for line in told for n, order in line.get("ordered", {}).items()}
        self.done = {(line["stage"], number) for line in told if "stage" in line for number in line["over"]}
        self.broken_off = bool(told)
        self.over = any(line.get("over") is True for line in told)

    def opened(self, story: int, request_id: UUID) -> None:
        """A story's request is there."""
        self.requests[story] = request_id
        self._write(opened={story: str(request_id)})

    def ordered(self, commission: int, order_id: UUID) -> None:
        """A commission's order is there."""
        self.orders[commission] = order_id
        self._write(ordered={commission: str(order_id)})

    def did(self, stage: str, number: int) -> None:
        """One thing of a stage is over."""
        self._write(stage=stage, over=[number])

    def all_over(self) -> None:
        """The month has happened."""
        self._write(over=True)

    def _write(self, **line: object) -> None:
        with self._path.open("a") as file:
            file.write(json.dumps(line) + "\n")
