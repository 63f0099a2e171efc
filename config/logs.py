"""Logs that a program can read and that tell nobody who was reading: one JSON object a line, with the request's name.

What could name a person is taken out here, whoever wrote it: e-mail and network addresses, what PostgreSQL quotes of a
row, the arguments of jobs, long words in a path (links that open something). Names cannot be recognized, so nobody
logs them. Knows nothing of Django: the web server's master uses it, too.
"""

import json
import logging
import re
import traceback
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

request_id: ContextVar[str] = ContextVar("request_id", default="-")

#: Further facts that a line may have, by name.
FACTS = ("view", "method", "status", "ms")
_EMAIL = re.compile(r"[\w.+%-]+@[\w-]+(?:\.[\w-]+)+")
_CREDENTIALS = re.compile(r"(?<=://)[^@\s/]+@")
_IPV4 = re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w.]*\w)")
_IPV6 = re.compile(
    r"(?<![\w:])(?:[0-9a-f]{1,4}:){2,7}(?::|[0-9a-f]{1,4})(?:[0-9a-f:]*[0-9a-f])?(?![\w:])|(?<!\w)::1\b", re.IGNORECASE
)
_CLOCK = re.compile(r"\d{2}:\d{2}:\d{2}")
_ROW = re.compile(r"DETAIL:.*?(?=\n[A-Z]+:|\n\n|\Z)", re.DOTALL)
_OPENER = re.compile(r"(?<=/)[\w:=~.-]{20,}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def without_people(text: str) -> str:
    """The text without addresses and quoted rows."""
    text = _ROW.sub("DETAIL: […]", text)
    text = _CREDENTIALS.sub("[…]@", text)
    text = _EMAIL.sub("[e-mail]", text)
    text = _IPV4.sub("[address]", text)
    return _IPV6.sub(lambda found: found[0] if _CLOCK.fullmatch(found[0]) else "[address]", text)


class Discreet(logging.Filter):
    """Makes a record fit to be kept: the message complete, in one line, and without people."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.request_id = getattr(getattr(record, "request", None), "request_id", None) or request_id.get()
        message = _job(record) or _path(record) or record.getMessage()
        record.msg, record.args = _CONTROL.sub(" ", without_people(message)), None
        if record.name.startswith("django.security."):  # a wrong host, a form too large: refused, and no fault of ours
            record.levelno, record.levelname = logging.WARNING, "WARNING"
            record.exc_info = record.exc_text = None
        if record.exc_info:
            record.exc_text = without_people("".join(traceback.format_exception(*record.exc_info))).rstrip()
            record.exc_info = None
        return True


def _job(record: logging.LogRecord) -> str:
    """The job queue's lines quote the arguments of jobs, among them addresses and whole letters."""
    job = getattr(record, "job", None)
    if not isinstance(job, dict):
        return ""
    return f"{getattr(record, 'action', 'job')}: {job.get('task_name')} [{job.get('id')}]"


def _path(record: logging.LogRecord) -> str:
    """Django's lines about requests end with the path, and a path may hold what opens something."""
    if not record.name.startswith("django.") or not hasattr(record, "request"):
        return ""
    return _OPENER.sub("…", record.getMessage())


def moment(record: logging.LogRecord) -> str:
    """In UTC and saying so: lines of several machines are put in order by it."""
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")


class Lines(logging.Formatter):
    """For people."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(request_id)s %(name)s: %(message)s")

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: N802  (logging's name)
        return moment(record)

    def format(self, record: logging.LogRecord) -> str:
        facts = " ".join(f"{name}={getattr(record, name)}" for name in FACTS if hasattr(record, name))
        return f"{super().format(record)} {facts}".rstrip()


class Json(logging.Formatter):
    """For programs."""

    def format(self, record: logging.LogRecord) -> str:
        told: dict[str, Any] = {
            "time": moment(record), "level": record.levelname, "logger": record.name,
            "request": getattr(record, "request_id", "-"), "process": record.process, "message": record.getMessage(),
        }  # fmt: skip
        told |= {name: getattr(record, name) for name in FACTS if hasattr(record, name)}
        if record.exc_text:
            told["exception"] = record.exc_text
        return json.dumps(told, ensure_ascii=False)


def config(kind: str) -> dict[str, Any]:
    """For `logging.config`; `kind` is json or text."""
    to_stderr = {"handlers": ["stderr"], "propagate": False}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {"discreet": {"()": "config.logs.Discreet"}},
        "formatters": {"json": {"()": "config.logs.Json"}, "text": {"()": "config.logs.Lines"}},
        "handlers": {
            "stderr": {"class": "logging.StreamHandler", "formatter": kind, "filters": ["discreet"]},
        },
        "root": {"handlers": ["stderr"], "level": "INFO"},
        "loggers": {
            "django": {"level": "INFO", **to_stderr},
            "django.server": {"level": "INFO", **to_stderr},
            "django.db.backends": {"level": "INFO"},
            "pikepdf": {"level": "WARNING"},
            "procrastinate": {"level": "WARNING"},
            "psycopg.pool": {"level": "WARNING"},
            "stripe": {"level": "WARNING"},
        },
    }
