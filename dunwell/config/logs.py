"""Structured logs on stderr: key=value for people, JSON with DUNWELL_LOGS=json."""

import logging
import os
import sys
from typing import Any

import structlog

_LEVELS = {"psycopg.pool": logging.WARNING, "procrastinate": logging.WARNING}


def set_up() -> None:
    """Send the logs of structlog and of the standard library to stderr in one form.

    DUNWELL_LOG_LEVEL (default "info") names the least level, DUNWELL_LOGS the form.
    """
    shared = _shared_processors()
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, _renderer()],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(os.environ.get("DUNWELL_LOG_LEVEL", "info").upper())
    for name, level in _LEVELS.items():
        logging.getLogger(name).setLevel(level)


def _shared_processors() -> list[Any]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.stdlib.ExtraAdder(),
        _without_colours,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
    ]


def _without_colours(
    _logger: Any, _method: str, event: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    event.pop("color_message", None)  # uvicorn's second copy of the event, for terminals
    return event


def _renderer() -> Any:
    if os.environ.get("DUNWELL_LOGS") == "json":
        return structlog.processors.JSONRenderer()
    return structlog.processors.LogfmtRenderer(
        key_order=["timestamp", "level", "logger", "event"], drop_missing=True
    )
