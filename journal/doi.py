"""DOIs in addresses and in what people paste."""

import re

from django.urls.converters import StringConverter

_PASTED = re.compile(r"^(?:https?://(?:dx\.)?doi\.org/|doi:\s*)?(10\.\d{4,9}/\S+?)[.,;]?$", re.IGNORECASE)


class DOIConverter(StringConverter):
    """`10.1234/abc/d`: prefix, slash, and a suffix that may hold slashes, `?` and `#` (they arrive as `%3F` and `%23`).

    Routes with a word after it come first.
    """

    regex = r"10\.[0-9]{4,9}/[^\s\x00-\x1f\x7f]+?"


class LabelConverter(StringConverter):
    """A volume or number of an issue: like `str`, without the control characters that PostgreSQL refuses."""

    regex = r"[^/\x00-\x1f\x7f]+"


def pasted_doi(text: str) -> str | None:
    """The DOI in `doi:10.1/x`, `https://doi.org/10.1/x` or `10.1/x.` (the sentence's full stop is not part of it)."""
    match = _PASTED.match(text.strip())
    return match.group(1) if match else None
