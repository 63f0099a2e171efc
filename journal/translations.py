"""Abstracts and texts that an article gives in several languages: one is shown, a switch leads to the others.

The switch is a group of disclosures of which one is open, so it needs no script, and a link into a closed one opens
it. What has one language only gets none of this, nor the style sheet (templates/journal/article.html).
"""

from typing import Any

from django.template.loader import render_to_string

from journal.jats import ArticleDoc
from journal.jats.document import Abstract, Section
from journal.jats.languages import is_rtl, own_name


def abstracts_by_language(doc: ArticleDoc) -> list[dict[str, Any]]:
    """[{language, name, is_rtl, abstracts: [{id, abstract}]}], the article's own language first."""
    own = doc.metadata.language or "en"
    groups: dict[str, list[Abstract]] = {_key(own): []}
    for abstract in doc.abstracts:
        groups.setdefault(_key(_spoken(abstract, own)), []).append(abstract)
    found, number = [], 0
    for abstracts in filter(None, groups.values()):
        named = []
        for abstract in abstracts:
            number += 1
            named.append({"id": f"abstract-{number}" if number > 1 else "abstract", "abstract": abstract})
        first = abstracts[0]
        found.append(_language(_spoken(first, own), name=first.title_text or first.heading, abstracts=named))
    return found


def _spoken(abstract: Abstract, own: str) -> str:
    """An abstract without a language is in the article's, but for a translation that does not say which."""
    return abstract.language or ("" if abstract.kind == "translated" else own)


def text_by_language(doc: ArticleDoc, text: str, translations: list[Section]) -> str:
    """The text and its translations with the switch between them."""
    languages = [_language(doc.metadata.language or "en", html=text)]
    languages += [_language(part.language, name=part.title_text, html=part.html) for part in translations]
    return render_to_string("journal/_languages.html", {"languages": languages}).strip()


def _key(tag: str) -> str:
    return tag.partition("-")[0].lower()


def _language(tag: str, *, name: str = "", **content: Any) -> dict[str, Any]:
    return {"language": tag, "name": own_name(tag) or name or tag, "is_rtl": is_rtl(tag), **content}
