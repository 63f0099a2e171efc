"""The texts of the scripts (`word("…")` in static/js) in the page's language. Pages in English bring none."""

from django.utils.translation import get_language, gettext

TEXTS = (
    "Close",
    "Copied",
    "Enlarge",
    "Enlarge {name}",
    "Figure",
    "Figures and tables",
    "Larger",
    "Next",
    "Not saved yet: no connection. It is tried again by itself.",
    "Press Ctrl+C",
    "Previous",
    "Saved at {time}.",
    "Saving …",
    "See the result",
    "Sign in",
    "Size",
    "Smaller",
    "Suggestions",
    "Table",
    (
        "That did not work: the passkey was not used, or this browser has none for this site."
        " Try again, or choose another way."
    ),
    "The arrangement could not be kept. Please try again.",
    "The boxes are in their original order",
    "This answer could not be saved. Load the page again; the saved answers are kept.",
    "This test has been handed in.",
    "You are signed out; this answer is not saved yet.",
    "and {n} more in the list of references",
    "author",
    "ended",
    "keyword",
    "less than a minute left",
    "show the whole",
    "title",
    "topic",
    "{n} day left",
    "{n} days left",
    "{n} hour",
    "{n} hours",
    "{n} minute",
    "{n} minutes",
    "{n} suggestions",
    "{time} left",
    "{title} hidden",
    "{title} moved down",
    "{title} moved to place {n}",
    "{title} moved up",
    "{title} shown",
)


def words_for_scripts() -> dict[str, str]:
    return {} if get_language() == "en" else {text: gettext(text) for text in TEXTS}
