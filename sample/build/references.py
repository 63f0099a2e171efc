"""The reference list. It cites other sample articles, documents that truly exist, and plainly invented fillers.

A line of a manuscript's @references is one of
    sample: slug
    real: key of DOCUMENTS
    invented: what it stands for
"""

from __future__ import annotations

from sample.build.inline import fill
from sample.build.manuscript import Manuscript, read
from sample.build.placement import Placement
from sample.build.xml import Element, add, link, make

JOURNAL = "Pellisund J Neurol"
# key: (authors, title, source, year, volume and pages, DOI, address). Each exists and may be cited.
DOCUMENTS: dict[str, tuple[str, str, str, str, str, str, str]] = {
    "helsinki": (
        "World Medical Association",
        (
            "World Medical Association Declaration of Helsinki: ethical principles for medical research involving "
            "human subjects"
        ),
        "JAMA",
        "2013",
        "310(20):2191-2194",
        "10.1001/jama.2013.281053",
        "",
    ),
    "consort": (
        "Schulz KF, Altman DG, Moher D",
        "CONSORT 2010 Statement: updated guidelines for reporting parallel group randomised trials",
        "BMJ",
        "2010",
        "340:c332",
        "10.1136/bmj.c332",
        "",
    ),
    "strobe": (
        "von Elm E, Altman DG, Egger M, et al",
        (
            "The Strengthening the Reporting of Observational Studies in Epidemiology (STROBE) statement: guidelines "
            "for reporting observational studies"
        ),
        "Lancet",
        "2007",
        "370(9596):1453-1457",
        "10.1016/S0140-6736(07)61602-X",
        "",
    ),
    "stard": (
        "Bossuyt PM, Reitsma JB, Bruns DE, et al",
        "STARD 2015: an updated list of essential items for reporting diagnostic accuracy studies",
        "BMJ",
        "2015",
        "351:h5527",
        "10.1136/bmj.h5527",
        "",
    ),
    "prisma": (
        "Page MJ, McKenzie JE, Bossuyt PM, et al",
        "The PRISMA 2020 statement: an updated guideline for reporting systematic reviews",
        "BMJ",
        "2021",
        "372:n71",
        "10.1136/bmj.n71",
        "",
    ),
    "spirit": (
        "Chan AW, Tetzlaff JM, Altman DG, et al",
        "SPIRIT 2013 statement: defining standard protocol items for clinical trials",
        "Ann Intern Med",
        "2013",
        "158(3):200-207",
        "10.7326/0003-4819-158-3-201302050-00583",
        "",
    ),
    "care": (
        "Gagnier JJ, Kienle G, Altman DG, et al",
        "The CARE guidelines: consensus-based clinical case reporting guideline development",
        "J Med Case Rep",
        "2013",
        "7:223",
        "10.1186/1752-1947-7-223",
        "",
    ),
    "icmje": (
        "International Committee of Medical Journal Editors",
        "Recommendations for the conduct, reporting, editing, and publication of scholarly work in medical journals",
        "",
        "",
        "",
        "",
        "https://www.icmje.org/recommendations/",
    ),
    "cope": (
        "Committee on Publication Ethics",
        "Retraction guidelines",
        "",
        "",
        "",
        "",
        "https://publicationethics.org/",
    ),
    "jats": (
        "National Information Standards Organization",
        "ANSI/NISO Z39.96-2021, JATS: Journal Article Tag Suite, version 1.3",
        "",
        "2021",
        "",
        "",
        "https://jats.nlm.nih.gov/",
    ),
}


def reference_list(lines: list[str], places: dict[str, Placement]) -> Element:
    refs = make("ref-list", make("title", "References"))
    for number, line in enumerate((line for line in lines if line.strip()), start=1):
        kind, _, value = line.partition(": ")
        citation = (
            sample_citation(read(value), places.get(value, Placement())) if kind == "sample" else CITATIONS[kind](value)
        )
        add(refs, make("ref", make("label", f"{number}."), citation, id=f"R{number}"))
    return refs


def sample_citation(cited: Manuscript, place: Placement) -> Element:
    """Another article of this journal, every part tagged."""
    people = make("person-group", person_group_type="author")
    authors = cited.meta.get("authors", [])
    for author in authors if len(authors) <= 6 else authors[:3]:
        add(people, make("name", make("surname", author["surname"]), make("given-names", initials(author["given"]))))
    add(people, make("etal") if len(authors) > 6 else None)
    add(people, make("collab", cited.meta["group"]["name"]) if "group" in cited.meta and len(authors) <= 6 else None)
    return make(
        "element-citation",
        people,
        fill(make("article-title"), full_title(cited)),
        make("source", JOURNAL),
        make("year", "2026"),
        *where(cited, place),
        make("pub-id", cited.doi, pub_id_type="doi"),
        publication_type="journal",
    )


def where(cited: Manuscript, place: Placement) -> list[Element]:
    parts = [("volume", place.volume), ("issue", place.issue), ("fpage", place.first), ("lpage", place.last)]
    parts.append(("elocation-id", cited.meta.get("elocation")))
    known = [make(tag, value) for tag, value in parts if value is not None]
    return known or [make("comment", "Published online first")]


def full_title(cited: Manuscript) -> str:
    subtitle = cited.meta.get("subtitle")
    return f"{cited.meta['title']}: {subtitle}" if subtitle else str(cited.meta["title"])


def initials(given: str) -> str:
    return "".join(name[0].upper() for name in given.replace("-", " ").split())


def real_citation(key: str) -> Element:
    authors, title, source, year, pages, doi, address = DOCUMENTS[key]
    citation = make(
        "mixed-citation",
        make("collab" if "," not in authors else "string-name", authors),
        ". ",
        make("article-title", title),
        ". ",
        publication_type="journal" if source else "other",
    )
    if source:
        add(
            citation,
            make("source", source),
            ". ",
            make("year", year),
            f";{pages}. doi:",
            make("pub-id", doi, pub_id_type="doi"),
        )
    else:
        add(citation, make("year", year) if year else None, ". " if year else None)
        add(citation, link(make("ext-link", address, ext_link_type="uri"), address))
    return citation


def invented_citation(words: str) -> Element:
    return fill(make("mixed-citation", publication_type="other"), f"Invented reference for layout: {words}.")


CITATIONS = {"real": real_citation, "invented": invented_citation}
