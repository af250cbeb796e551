"""Log lines of the long-running commands: text, or one JSON object a line."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Any, TextIO

from flows.settings import Settings


class JsonFormatter(logging.Formatter):
    """time, level, logger, message, the run where it is one's, what was passed as ``extra={"rasd": {...}}``,
    and a traceback.
    """

    def __init__(self, *_format: Any) -> None:
        """Prefect's configuration passes the format of its own."""
        super().__init__()

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        for name in ("flow_run_name", "flow_run_id", "task_run_name"):
            if (value := getattr(record, name, None)) and value != "<unknown>":
                line[name] = str(value)
        if isinstance(context := getattr(record, "rasd", None), dict):
            line["rasd"] = context
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


class StreamHandler(logging.StreamHandler[TextIO]):
    """What Prefect's configuration may put in place of its console, whose colours it passes on."""

    def __init__(self, stream: TextIO | None = None, styles: object = None) -> None:
        super().__init__(stream)


def to_stream(chosen: Settings, stream: TextIO | None = None) -> None:
    """Send what is logged under "rasd" to ``stream`` (standard error) and to no other; once a process."""
    handler = logging.StreamHandler(stream or sys.stderr)
    if chosen.log_format == "json":
        handler.setFormatter(JsonFormatter())
    else:
        handler.setFormatter(logging.Formatter("%(asctime)s | %(levelname)-7s | %(name)s - %(message)s"))
    logger = logging.getLogger("rasd")
    # Prefect, where it is loaded, brought its own for the terminal
    logger.handlers[:] = [handler]
    logger.propagate = False
    logger.setLevel(logging.INFO)
