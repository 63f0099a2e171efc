"""Reads settings from the environment (and a .env file beside manage.py), and says in a sentence what is wrong.

Each may come from a file instead: SECRET_KEY_FILE=/run/secrets/secret_key is read for SECRET_KEY.
"""

import os
import re
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

TRUE = {"1", "true", "yes", "on"}
FALSE = {"0", "false", "no", "off", ""}


class Environment:
    """The process's environment over the lines of an optional .env file.

    Each reader names the variable and the remedy in its error, because the person who reads it is starting the site.
    """

    def __init__(self, env_file: Path | None = None) -> None:
        self.values = {**_lines(env_file), **os.environ} if env_file else dict(os.environ)

    def _given(self, name: str) -> str | None:
        """The value as it was given, else what the file holds that NAME_FILE names; None when neither was."""
        value, file = self.values.get(name), self.values.get(f"{name}_FILE", "").strip()
        if not file or value:
            return value
        try:
            return Path(file).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is no text"
            raise ImproperlyConfigured(f"{name}_FILE names {file}, which cannot be read: {why}.") from None

    def text(self, name: str, default: str = "") -> str:
        value = self._given(name)
        return (default if value is None else value).strip()

    def flag(self, name: str, default: bool = False) -> bool:
        value = self._given(name)
        if value is None:
            return default
        word = value.strip().lower()
        if word not in TRUE | FALSE:
            raise ImproperlyConfigured(f"{name} is “{value}”, but it must be 1 or 0.")
        return word in TRUE

    def integer(self, name: str, default: int) -> int:
        value = self.text(name) or str(default)
        try:
            return int(value)
        except ValueError:
            raise ImproperlyConfigured(f"{name} is “{value}”, but it must be a whole number.") from None

    def choice(self, name: str, allowed: tuple[str, ...]) -> str:
        """One of a few words; the first is the default."""
        value = self.text(name, allowed[0])
        if value not in allowed:
            words = ", ".join(word or "empty" for word in allowed)
            raise ImproperlyConfigured(f"{name} is “{value}”, but it must be one of: {words}.")
        return value

    def words(self, name: str) -> list[str]:
        """Values separated by commas or spaces."""
        return self.text(name).replace(",", " ").split()


def environment(base: Path) -> Environment:
    """Your own .env, else what `make demo` wrote, so that commands in a second terminal see the demo's site."""
    files = [Path(os.environ["ENV_FILE"])] if "ENV_FILE" in os.environ else [base / ".env", base / "var/demo.env"]
    return Environment(next((file for file in files if file.is_file()), None))


def _lines(env_file: Path) -> dict[str, str]:
    values: dict[str, str] = {}
    if not env_file.is_file():
        return values
    for number, written in enumerate(env_file.read_text(encoding="utf-8").splitlines(), start=1):
        line = written.strip()
        if not line or line.startswith("#"):
            continue
        name, separator, value = line.partition("=")
        if not separator:
            raise ImproperlyConfigured(f"Line {number} of {env_file.name} is not of the form NAME=value.")
        values[name.strip()] = _value(value)
    return values


def _value(text: str) -> str:
    """What stands after `=`, without quotes and without a comment that follows after white space."""
    text = text.strip()
    if text[:1] in ("'", '"') and text.find(text[0], 1) > 0:
        return text[1 : text.find(text[0], 1)]
    return re.split(r"(?:^|\s)#", text, maxsplit=1)[0].strip()
