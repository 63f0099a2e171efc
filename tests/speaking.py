"""For tests: the site with several languages, and a language in which every marked text can be told from the others."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.test import override_settings
from django.utils import translation

from config import frame
from journal import asides

MIDDLEWARE = "accounts.languages.LanguageMiddleware"


@contextmanager
def offering(*languages: str) -> Iterator[None]:
    """The settings as LANGUAGES_OFFERED would make them."""
    from django.conf import settings

    names = {"en": "English", "de": "Deutsch"}
    with_language = [*settings.MIDDLEWARE]
    with_language.insert(with_language.index("django.middleware.common.CommonMiddleware"), MIDDLEWARE)
    with override_settings(
        LANGUAGES_OFFERED=list(languages), LANGUAGES=[(code, names[code]) for code in languages],
        LANGUAGE_CODE=languages[0], USE_I18N=True, MIDDLEWARE=with_language,
    ):  # fmt: skip
        _forget()
        try:
            yield
        finally:
            translation.deactivate()
    _forget()


@contextmanager
def pseudo() -> Iterator[None]:
    """Every text that asks for its translation is said between ⟦ and ⟧."""
    functions: dict[str, Any] = translation._trans.__dict__  # type: ignore[attr-defined]
    _forget()
    functions["gettext"] = lambda text: f"⟦{text}⟧" if text else text
    functions["ngettext"] = lambda one, many, number: f"⟦{one if number == 1 else many}⟧"
    functions["pgettext"] = lambda _context, text: f"⟦{text}⟧"
    functions["npgettext"] = lambda _context, one, many, number: f"⟦{one if number == 1 else many}⟧"
    try:
        yield
    finally:
        _forget()


def _forget() -> None:
    """Django keeps the functions it has chosen by USE_I18N; the site keeps what stands around every page, and an
    article's tools."""
    translation._trans.__dict__.clear()  # type: ignore[attr-defined]
    frame.forget()
    asides._tools.cache_clear()
