"""Namespaces of a deposit, and its elements with the lengths the schema allows."""

from journal.xml import Element, add, clean

VERSION = "5.5.0"
CROSSREF = f"http://www.crossref.org/schema/{VERSION}"
SCHEMA = f"https://data.crossref.org/schemas/crossref{VERSION}.xsd"
JATS = "http://www.ncbi.nlm.nih.gov/JATS1"
MATHML = "http://www.w3.org/1998/Math/MathML"
ACCESS = "http://www.crossref.org/AccessIndicators.xsd"
FUNDING = "http://www.crossref.org/fundref.xsd"
RELATIONS = "http://www.crossref.org/relations.xsd"
NAMES: dict[str | None, str] = {
    None: CROSSREF, "jats": JATS, "mml": MATHML, "ai": ACCESS, "fr": FUNDING, "rel": RELATIONS,
}  # fmt: skip


def put(parent: Element, name: str, text: str = "", most: int = 0, /, **attributes: str) -> Element:
    """A new element of Crossref's namespace, its text in one line and cut to `most` characters."""
    line = " ".join(clean(text).split())
    return add(parent, f"{{{CROSSREF}}}{name}", line[:most].rstrip() if most else line, **attributes)


def put_if(parent: Element, name: str, text: str, most: int = 0, /, **attributes: str) -> None:
    """The same, unless there is nothing to say."""
    if clean(text).strip():
        put(parent, name, text, most, **attributes)
