"""Places and papers: an institution by name, ROR id or network, an article by DOI."""

from collections.abc import Iterator

from django.contrib.postgres.search import SearchQuery

from accounts.admin_pages import admin_url
from accounts.search_words import Words, folded, question
from desk.finding import MOST, Hit, Typed, finder
from desk.finding.people import SHORTEST, is_a_number
from desk.finding.shapes import ROR
from journal.doi import pasted_doi
from journal.models import Article
from subscriptions.models import Institution
from subscriptions.near_networks import explain, holding, read_address

SEES = "subscriptions.view_institution"


@finder("Article", "journal.view_article", "10.1234/abc")
def by_doi(typed: Typed) -> Iterator[Hit]:
    doi = pasted_doi(typed.text)
    for article in Article.objects.by_doi(doi) if doi else ():
        yield Hit(article.title or str(article), "Article", f"its DOI {article.doi}", admin_url(article))


@finder("Institution", SEES, "192.0.2.7")
def by_network(typed: Typed) -> Iterator[Hit]:
    """Which institution an address belongs to; the narrowest network first."""
    address = read_address(typed.text)
    for network, pk, name in holding(address) if address else ():
        yield Hit(name, "Institution", f"{address} is in its network {network}", admin_url(Institution(pk=pk)))


@finder("Institution", SEES, "https://ror.org/02mhbdp94")
def by_ror(typed: Typed) -> Iterator[Hit]:
    if ror := ROR.match(typed.text):
        for one in Institution.objects.filter(ror_id=f"https://ror.org/{ror[1].lower()}")[:MOST]:
            yield Hit(one.name, "Institution", f"its ROR id {one.ror_id}", admin_url(one))


@finder("Institution", SEES, "University of Tests")
def by_institutions_name(typed: Typed) -> Iterator[Hit]:
    words = folded(typed.text)
    if not words or max(map(len, words)) < SHORTEST or "@" in typed.text or is_a_number(typed):
        return
    asked = SearchQuery(question(typed.text), config="simple", search_type="raw")
    for one in Institution.objects.alias(words=Words("name")).filter(words=asked).order_by()[: MOST + 1]:
        whole = sorted(folded(one.name)) == sorted(words)
        yield Hit(one.name, "Institution", "its name" if whole else "words of its name", admin_url(one), whole)


def hint(text: str) -> str:
    """What is known of an address that belongs to nobody."""
    address = read_address(text)
    return explain(text) if address and not holding(address) else ""
