"""Text as the scorer compares it: letters only."""

import re
import unicodedata

_UNSEEN = re.compile(r"[\s\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]+")


def normal(text: str) -> str:
    """Without white space and invisible controls, compatibility forms unified (so that 𝑥 is x).

    Accents stand apart, as letter and accent do in mathematics: a page that sets them side by side has lost nothing.
    """
    if text.isascii():
        return _UNSEEN.sub("", text)
    return _UNSEEN.sub("", unicodedata.normalize("NFKD", text))
