"""Structured logs: one JSON object per line on standard error, with the request id where there is one.

Only named fields reach a log (`extra=`), and none of them is a prompt, an answer, an original or a secret;
a test reads the log of a whole run and looks for them.
"""

import json
import logging
import sys
from datetime import UTC, datetime

FIELDS = (
    "request_id", "code", "status", "provider", "model", "fault", "path", "error", "port", "pid", "count",
    "version", "kind", "file", "duration_ms", "state",
)  # fmt: skip


class JSONLines(logging.Formatter):
    """Time, level, logger, message, the known fields, and the trace of an exception without its values."""

    def format(self, record: logging.LogRecord) -> str:
        entry: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        for field in FIELDS:
            if field in record.__dict__:
                entry[field] = record.__dict__[field]
        if record.exc_info and record.exc_info[0] is not None:
            entry["exception"] = record.exc_info[0].__name__
            entry["trace"] = _trace(record)
        return json.dumps(entry, ensure_ascii=False, default=str)


def _trace(record: logging.LogRecord) -> list[str]:
    """Where it happened, innermost last; the exception's own text may hold a prompt and stays out."""
    places = []
    trace = record.exc_info[2] if record.exc_info else None
    while trace is not None:
        code = trace.tb_frame.f_code
        places.append(f"{code.co_filename.rsplit('/src/', 1)[-1]}:{trace.tb_lineno} {code.co_name}")
        trace = trace.tb_next
    return places[-12:]


def set_up(level: str) -> None:
    """Log to standard error from now on; level: debug, info, warning or error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JSONLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for noisy in ("uvicorn.access", "uvicorn.error", "alembic", "asyncio"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
