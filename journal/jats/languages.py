"""Languages: their own names for the heads of translations, and which way they are written."""

OWN_NAMES = {
    "ar": "العربية",
    "cs": "Čeština",
    "de": "Deutsch",
    "el": "Ελληνικά",
    "en": "English",
    "es": "Español",
    "fa": "فارسی",
    "fr": "Français",
    "he": "עברית",
    "hu": "Magyar",
    "it": "Italiano",
    "ja": "日本語",
    "ko": "한국어",
    "nl": "Nederlands",
    "pl": "Polski",
    "pt": "Português",
    "ro": "Română",
    "ru": "Русский",
    "sv": "Svenska",
    "tr": "Türkçe",
    "uk": "Українська",
    "ur": "اردو",
    "zh": "中文",
}


RTL = frozenset({"ar", "dv", "fa", "he", "ps", "sd", "ug", "ur", "yi"})


def is_rtl(tag: str) -> bool:
    """Whether a language (BCP 47) is written from right to left."""
    return tag.partition("-")[0].lower() in RTL


def own_name(tag: str) -> str:
    """The name a language gives itself, "" for one that is not in the table; ``tag`` is BCP 47."""
    return OWN_NAMES.get(tag.partition("-")[0].lower(), "")
