"""Who paid, who may read, what an article corrects: the programs of a deposit."""

from collections.abc import Iterator, Mapping
from datetime import date

from django.conf import settings
from lxml import etree

from journal.crossref.names import ACCESS, FUNDING, RELATIONS, put
from journal.models import Article
from journal.records import Facts
from journal.xml import Element, add

#: JATS related-article-type → Crossref's kind of update (NISO RP-45 and the Crossmark documentation).
UPDATES = {
    "corrected-article": "correction", "retracted-article": "retraction", "object-of-concern": "expression_of_concern",
    "partial-retraction": "partial_retraction", "addended-article": "addendum", "updated-article": "new_version",
}  # fmt: skip
#: JATS related-article-type → relation to another work, or to another form of the same.
BETWEEN_WORKS = {"commentary-article": "isCommentOn", "commentary": "hasComment", "letter": "hasReply",
                 "peer-reviewed-article": "isReviewOf", "companion": "isRelatedMaterial"}  # fmt: skip
OF_ONE_WORK = {"preprint": "hasPreprint", "translation": "hasTranslation", "translated-article": "isTranslationOf"}


def put_programs(parent: Element, article: Article, facts: Facts) -> list[str]:
    """Funding and access; around them Crossmark where the journal takes part. Returns what could not be said."""
    programs = [program for program in (_funding(facts), _access(article)) if program is not None]
    policy, updates = settings.CROSSREF_CROSSMARK_POLICY, _updates(article, facts)
    if not policy:
        parent.extend(programs)
        return [f"it {kind.replace('_', ' ')}s {doi}" for doi, kind in updates]
    crossmark = put(parent, "crossmark")
    put(crossmark, "crossmark_policy", policy)
    if updates:
        holder = put(crossmark, "updates")
        for doi, kind in updates:
            day = article.published_online or date.today()  # noqa: DTZ011  (published articles have a day)
            put(holder, "update", doi, type=kind, date=day.isoformat())
    if programs:
        put(crossmark, "custom_metadata").extend(programs)
    return []


def _updates(article: Article, facts: Facts) -> list[tuple[str, str]]:
    """[(DOI, kind of update)] of what this notice is about."""
    return [(r["doi"], UPDATES[r["relation"]]) for r in _related(article, facts) if r["relation"] in UPDATES]


def _related(article: Article, facts: Facts) -> Iterator[Mapping[str, str]]:
    own = (article.doi or "").lower()
    for related in facts.get("related_articles", ()):
        if related.get("doi") and related.get("relation") and related["doi"].lower() != own:
            yield related


def _funding(facts: Facts) -> Element | None:
    program = etree.Element(f"{{{FUNDING}}}program", name="fundref")
    for funding in facts.get("funding", ()):
        if not funding.get("source"):
            continue
        group = add(program, f"{{{FUNDING}}}assertion", name="fundgroup")
        funder = add(group, f"{{{FUNDING}}}assertion", funding["source"], name="funder_name")
        for found in funding.get("funder_ids", ()):
            kind = "ror" if "ror.org" in found else "funder_identifier"
            add(funder if kind == "funder_identifier" else group, f"{{{FUNDING}}}assertion", found, name=kind)
        for award in funding.get("award_ids", ()):
            add(group, f"{{{FUNDING}}}assertion", award, name="award_number")
    return program if len(program) else None


def _access(article: Article) -> Element | None:
    """Free to read from when on, and the license with its beginning."""
    program = etree.Element(f"{{{ACCESS}}}program", name="AccessIndicators")
    if article.access_type != Article.AccessType.CONTROLLED or article.free_from:
        start = article.free_from or article.published_online
        add(program, f"{{{ACCESS}}}free_to_read", start_date=start.isoformat() if start else "")
    if article.license_url:
        start = article.free_from if "creativecommons.org/" in article.license_url else None
        begins = start or article.published_online
        add(program, f"{{{ACCESS}}}license_ref", article.license_url, applies_to="vor",
            start_date=begins.isoformat() if begins else "")  # fmt: skip
    return program if len(program) else None


def put_relations(parent: Element, article: Article, facts: Facts) -> None:
    program = etree.Element(f"{{{RELATIONS}}}program", name="relations")
    for related in _related(article, facts):
        for kinds, tag in ((BETWEEN_WORKS, "inter_work_relation"), (OF_ONE_WORK, "intra_work_relation")):
            if related["relation"] in kinds:
                item = add(program, f"{{{RELATIONS}}}related_item")
                marks = {"relationship-type": kinds[related["relation"]], "identifier-type": "doi"}
                add(item, f"{{{RELATIONS}}}{tag}", related["doi"], **marks)
    if len(program):
        parent.append(program)


def put_links(parent: Element, pdf: str) -> None:
    """Where machines may fetch the whole text: only of articles everybody may read."""
    for use in ("text-mining", "crawler-based"):
        collection = put(parent, "collection", property=use)
        item = put(collection, "item", crawler="similarity-check" if use == "crawler-based" else "")
        put(item, "resource", pdf, mime_type="application/pdf", content_version="vor" if use == "text-mining" else "")
