"""What the processes write to standard error: lines for people, or JSON for a log collector.

Records of a call name it (`in_call`), so that all that happened to it is found by one search. What
callers are called, what they key and what is said to them stand in no record: those who keep logs
need not see them, and logs are kept longer and copied further than records.
"""

from __future__ import annotations

import atexit
import logging
import sys
from collections.abc import MutableMapping
from logging.handlers import QueueHandler, QueueListener
from queue import SimpleQueue
from typing import Any, Literal, TypeAlias

from pythonjsonlogger.json import JsonFormatter

LINE = "%(asctime)s %(levelname)s %(name)s: %(message)s"
Format = Literal["text", "json"]
CallLog: TypeAlias = "logging.LoggerAdapter[logging.Logger]"
"""A log whose records belong to a call."""


def set_up(level: str, form: Format, process: str) -> None:
    """Log from here on; `process` is the part of the line this is (responder, desk, ...)."""
    writer = logging.StreamHandler(sys.stderr)
    writer.setFormatter(_Json(process) if form == "json" else _Text(LINE))
    # A thread writes: what reads the standard error may be slow, and no caller waits for it.
    records: SimpleQueue[logging.LogRecord] = SimpleQueue()
    listener = QueueListener(records, writer)
    listener.start()
    atexit.register(listener.stop)
    root = logging.getLogger()
    root.setLevel(level.upper())
    root.addHandler(_Queued(records))
    logging.captureWarnings(True)
    # Every start asks for migrations and mostly there are none; their errors are raised anyway.
    logging.getLogger("alembic").setLevel(logging.WARNING)


def in_call(log: logging.Logger, call: str) -> CallLog:
    """Return a log whose records belong to a call, named as in its record."""
    return _OfCall(log, {"call": call})


class _Queued(QueueHandler):
    """Hands a record to the thread that writes, its message made at once: its parts may change."""

    def prepare(self, record: logging.LogRecord) -> logging.LogRecord:
        record.msg, record.args = record.getMessage(), None
        return record


class _OfCall(logging.LoggerAdapter[logging.Logger]):
    def process(self, msg: Any, kwargs: MutableMapping[str, Any]) -> tuple[Any, Any]:
        return msg, {**kwargs, "extra": {**(self.extra or {}), **(kwargs.get("extra") or {})}}


class _Text(logging.Formatter):
    """One line a record; its call at the end of the message, before any traceback."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        call = getattr(record, "call", "")
        return super().formatMessage(record) + (f" [call {call}]" if call else "")


class _Json(JsonFormatter):
    """One JSON object a line: time (UTC), level, process, logger, message, call, exc_info."""

    def __init__(self, process: str) -> None:
        super().__init__(
            ["levelname", "name", "message", "call"],
            rename_fields={"levelname": "level", "name": "logger"},
            static_fields={"process": process},
            timestamp="time",
            json_ensure_ascii=False,
        )

    def process_log_record(self, log_data: dict[str, Any]) -> dict[str, Any]:
        if log_data.get("call") is None:
            log_data.pop("call", None)
        return super().process_log_record(log_data)
