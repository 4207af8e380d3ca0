"""Logs of every process: structlog events, JSON lines where nobody watches, readable lines on a terminal.

Faust and aiokafka log through the standard library; their records are bridged into the same stream.
"""

import logging
import sys
from typing import Any, TextIO

import structlog

from pipeline.config import Log

QUIET = {  # libraries that repeat at INFO or WARNING what our own events say once
    "aiokafka.consumer.group_coordinator": logging.CRITICAL,
    "aiokafka.consumer.fetcher": logging.ERROR,
    "aiokafka.consumer": logging.ERROR,
    "aiokafka": logging.ERROR,
    "faust": logging.WARNING,
    "pipeline": logging.WARNING,  # Faust's own words about our services; ours do not come through the standard library
    "mode": logging.WARNING,
}


def configure(settings: Log, worker: str = "", to: TextIO | None = None) -> None:
    """Sets up both loggers. `worker` is bound to every line; `to` takes the lines instead of stderr."""
    stream = to or sys.stderr
    is_console = settings.format == "console" or (settings.format == "auto" and stream.isatty())
    level = logging.getLevelNamesMapping().get(settings.level.upper(), logging.INFO)
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    renderer: Any = structlog.dev.ConsoleRenderer() if is_console else structlog.processors.JSONRenderer(ensure_ascii=False)
    structlog.configure(
        processors=[*shared, structlog.processors.format_exc_info, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(stream),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=_bridge(renderer)))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name, least in QUIET.items():
        logging.getLogger(name).setLevel(max(level, least))
    if worker:
        structlog.contextvars.bind_contextvars(worker=worker)


def _bridge(renderer: Any) -> list[Any]:
    return [structlog.stdlib.ProcessorFormatter.remove_processors_meta, structlog.processors.format_exc_info, renderer]
