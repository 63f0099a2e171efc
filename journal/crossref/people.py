"""Contributors: people, groups, the nameless; with places (ROR), ORCID iDs and CRediT roles."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from lxml import etree

from journal.crossref.names import CROSSREF, put, put_if
from journal.models import Article
from journal.records import Facts
from journal.xml import Element

#: credit.niso.org, in the schema's spelling.
CREDIT = frozenset({
    "conceptualization", "data-curation", "formal-analysis", "funding-acquisition", "investigation", "methodology",
    "project-administration", "resources", "software", "supervision", "validation", "visualization",
    "writing-original-draft", "writing-review-editing",
})  # fmt: skip
Person = Mapping[str, Any]
Places = Mapping[str, Mapping[str, str]]


def put_contributors(parent: Element, article: Article, facts: Facts) -> None:
    """Authors in their order, then editors. Nothing at all when nobody is named."""
    places: Places = {place["id"]: place for place in facts.get("affiliations", ())}
    authors = [(person, "author") for person in facts.get("authors") or article.authors]
    editors = [(person, "editor") for person in facts.get("contributors", ()) if person.get("kind") == "editor"]
    holder = etree.Element(f"{{{CROSSREF}}}contributors")
    for person, role in [*authors, *editors]:
        marks = {"sequence": "additional" if len(holder) else "first", "contributor_role": role}
        _put_contributor(holder, person, places, marks)
    if len(holder):
        parent.append(holder)


def _put_contributor(holder: Element, person: Person, places: Places, marks: Mapping[str, str]) -> None:
    group = str(person.get("group", "")).strip()
    if group.lower() == "anonymous":
        put(holder, "anonymous", **marks)
    elif group:
        put(holder, "organization", group, 511, **marks)
    elif f"{person.get('surname', '')}{person.get('given', '')}".strip():
        _put_person(holder, person, places, marks)


def _put_person(holder: Element, person: Person, places: Places, marks: Mapping[str, str]) -> None:
    surname, given = person.get("surname", ""), person.get("given", "")
    entry = put(holder, "person_name", **marks)
    put_if(entry, "given_name", given if surname else "", 200)
    put(entry, "surname", surname or given, 200)
    if len(person.get("suffix", "")) <= 10:
        put_if(entry, "suffix", person.get("suffix", ""))
    for role in dict.fromkeys(_credit(said) for said in person.get("roles", ())):
        if role in CREDIT:
            put(entry, "role", vocab="credit", type=role)
    _put_places(entry, [places[name] for name in person.get("affiliations", ()) if name in places])
    if person.get("orcid"):
        put(entry, "ORCID", f"https://orcid.org/{person['orcid']}", authenticated="false")


def _credit(said: str) -> str:
    """`Writing – original draft` → `writing-original-draft`."""
    return re.sub(r"[^a-z]+", "-", said.lower().replace("&", " ").replace(" and ", " ")).strip("-")


def _put_places(entry: Element, found: Sequence[Mapping[str, str]]) -> None:
    known = [place for place in found if place.get("text", "").strip()]
    if not known:
        return
    holder = put(entry, "affiliations")
    for place in known:
        institution = put(holder, "institution")
        put(institution, "institution_name", place["text"], 1024)
        ror = re.search(r"ror\.org/(0[a-z0-9]{8})\b", place.get("ror", ""))
        if ror:
            put(institution, "institution_id", f"https://ror.org/{ror[1]}", type="ror")
