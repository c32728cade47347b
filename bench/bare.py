"""`python -m bench.bare PORT`: FastAPI with nothing of ours: path, header and answer are an acceptance's."""

import socket
import sys
from datetime import UTC, datetime, timedelta
from typing import Annotated
from uuid import UUID

import uvicorn
from fastapi import FastAPI, Header

from libs.kit.server import config_for, run
from services.intake.schemas import AcceptanceView, ReceiptView

app = FastAPI(telemetry={"tracing": False, "metrics": False, "logs": False, "operation_spans": False})
MOMENT = datetime(2026, 3, 2, 9, 30, 0, 123456, tzinfo=UTC)
WAIT = timedelta(minutes=20)


@app.post("/intake/v1/requests/{request_id}/acceptance", status_code=201)
async def accept_request(request_id: UUID, idempotency_key: Annotated[str, Header(max_length=255)]) -> AcceptanceView:
    """Everybody wins."""
    del idempotency_key
    return AcceptanceView(
        request_id=request_id, conversation_id=request_id, kind="chat", received_at=MOMENT, reply_due=MOMENT,
        accepted_at=MOMENT, ready_at=MOMENT + WAIT, receipt=ReceiptView(order=1, margin_ms=0, accepted_at=MOMENT),
        contact=None,
    )  # fmt: skip


async def _main() -> None:
    listening = socket.create_server(("127.0.0.1", int(sys.argv[1])), backlog=2048)
    await uvicorn.Server(config_for(app)).serve(sockets=[listening])


if __name__ == "__main__":
    run(_main())
