"""What an editor, or whoever makes the JATS, does about each kind of problem the renderer reports."""

from collections.abc import Iterable

from journal.jats.document import Problem

REMEDIES = {
    "no-front": "Supply the whole article: front, body and back.",
    "no-doi": 'Add <article-id pub-id-type="doi"> to article-meta.',
    "no-title": "Add <title-group> with <article-title> to article-meta.",
    "no-date": 'Add <pub-date> with a year to article-meta, or fill in "Published online" in the admin.',
    "bad-date": "Correct the date.",
    "bad-orcid": "Check the ORCID iD with its owner.",
    "no-name": "Give the contributor a <name> or <collab>.",
    "missing-picture": "Add the picture to the package under the name that the XML uses.",
    "missing-file": "Add the file to the package under the name that the XML uses.",
    "duplicate-id": "Give each element an id of its own.",
    "dangling-link": "Correct the rid, or give its target that id.",
    "entity-dropped": "Write the character itself, or its number (&#233;).",
    "private-letter": "Write the character that Unicode has for it, or supply a picture.",
    "tex": "Supply the formula as MathML, too.",
}


def in_words(problems: Iterable[Problem]) -> list[str]:
    """`line 12: what is wrong. What to do.` The remedy stands with the first problem of its kind."""
    remedies = dict(REMEDIES)
    return [f"{problem} {remedies.pop(problem.code, '')}".strip() for problem in problems]
