"""The demo's mail: written into files by the site, read here, newest first. Nothing leaves the machine."""

from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

from django.conf import settings

SEPARATOR = b"-" * 79 + b"\n"  # what Django's file backend writes after each message


@dataclass(frozen=True, slots=True)
class Letter:
    to: str
    subject: str
    date: datetime | None
    text: str


def letters(most: int = 50) -> list[Letter]:
    folder = Path(settings.EMAIL_FILE_PATH)
    files = sorted(folder.glob("*.log"), key=lambda path: path.stat().st_mtime, reverse=True) if folder.is_dir() else []
    found = [letter for path in files[:most] for letter in reversed(_read(path))]
    return found[:most]


def _read(path: Path) -> list[Letter]:
    parts = path.read_bytes().split(SEPARATOR)
    return [_letter(part) for part in parts if part.strip()]


def _letter(raw: bytes) -> Letter:
    message = message_from_bytes(raw, policy=policy.default)
    assert isinstance(message, EmailMessage)  # noqa: S101  (what the default policy makes)
    body = message.get_body(("plain",))
    text = body.get_content() if body else ""
    sent = message["Date"].datetime if message["Date"] else None
    return Letter(str(message["To"]), str(message["Subject"]), sent, text)
