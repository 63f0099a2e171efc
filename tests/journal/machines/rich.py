"""One article with everything that machines are told about, and articles that are told about badly."""

from datetime import date
from typing import Any

from django.utils import timezone

from journal.importing import import_source
from journal.models import Article
from tests.journal.jats.build import DATE, make_xml
from tests.make import SECRET_SENTENCE, make_issue, make_journal

SICI = "10.1002/(SICI)1096-8644(199601)99:1<1::AID-AJPA1>3.0.CO;2-1"
ORCID = "0000-0002-1825-0097"
META = """
<article-id pub-id-type="doi">{doi}</article-id><article-id pub-id-type="pmid">12345678</article-id>
<article-categories><subj-group subj-group-type="heading"><subject>Original research</subject></subj-group></article-categories>
<title-group><article-title>The <italic>E. coli</italic> of H<sub>2</sub>O &lt; 3 &amp; <inline-formula><mml:math><mml:mi>x</mml:mi></mml:math></inline-formula></article-title>
<subtitle>A trial</subtitle><trans-title-group xml:lang="pt-BR"><trans-title>Um ensaio</trans-title></trans-title-group></title-group>
<contrib-group><contrib contrib-type="author" corresp="yes"><contrib-id contrib-id-type="orcid">https://orcid.org/0000-0002-1825-0097</contrib-id>
<name><surname>Ćwik-Łoś</surname><given-names>Ada "B"</given-names><suffix>Jr</suffix></name><xref ref-type="aff" rid="a1"/></contrib>
<contrib contrib-type="author"><collab>The Heron &amp; Night Group</collab></contrib>
<contrib contrib-type="author"><name><surname>Plato</surname></name></contrib></contrib-group>
<aff id="a1"><institution-wrap><institution>University of Tests</institution><institution-id institution-id-type="ror">https://ror.org/05a28rw58</institution-id></institution-wrap></aff>
{date}<volume>4</volume><issue>1</issue><fpage>977</fpage><lpage>979</lpage>
<history><date date-type="accepted"><day>1</day><month>10</month><year>2025</year></date></history>
<permissions><copyright-statement>© 2025 The Society</copyright-statement>
<license xlink:href="https://example.org/license"><license-p>Read it.</license-p></license></permissions>
{related}
<abstract><sec><title>Aim</title><p>To see whether <italic>x</italic> &lt; <sub>2</sub> <inline-formula><mml:math><mml:mi>y</mml:mi></mml:math></inline-formula>.</p></sec>
<sec><title>Finding</title><p>It is.</p><list><list-item><p>Once</p></list-item></list></sec></abstract>
<trans-abstract xml:lang="pt-BR"><p>Para ver.</p></trans-abstract>
<kwd-group><kwd>herons</kwd><kwd>night, rounds</kwd></kwd-group>
<funding-group><award-group><funding-source><institution-wrap><institution>Fund of Tests</institution>
<institution-id institution-id-type="FundRef">http://dx.doi.org/10.13039/100000001</institution-id></institution-wrap></funding-source>
<award-id>AB-1</award-id><award-id>AB-2</award-id></award-group></funding-group>
"""
BACK = """<ref-list>
<ref id="r1"><element-citation publication-type="journal"><person-group><name><surname>Nowak</surname><given-names>J</given-names></name></person-group>
<article-title>On ducks &amp; geese</article-title><source>J Ducks</source><year>2019</year><volume>3</volume><fpage>7</fpage><pub-id pub-id-type="doi">10.5555/ducks</pub-id></element-citation></ref>
<ref id="r2"><mixed-citation>Somebody. A book without a DOI. London, 1999.</mixed-citation></ref></ref-list>"""


def make_rich(doi: str = "10.5555/sample.1", *, related: str = "", **fields: Any) -> Article:
    """Imported, published, in issue 4(1) unless the fields say otherwise."""
    journal = make_journal(issn_print="1234-5679", contact_email="editors@example.org")
    if "issue" not in fields:
        found = journal.issues.filter(volume="4", number="1").first()
        fields["issue"] = found or make_issue(number="1", year=2025, published_on=date(2025, 11, 10))
    escaped = doi.replace("&", "&amp;").replace("<", "&lt;")
    meta = META.format(doi=escaped, date=DATE, related=related)
    public = "The first words are for everybody to read and to judge. " * 20
    record = import_source(make_xml(f"<p>{public}</p><p>{SECRET_SENTENCE}</p>", BACK, meta=meta), f"{doi}.xml")
    article = Article.objects.get(pk=record.article_id)
    for name, value in {"status": "published", **fields}.items():
        setattr(article, name, value)
    article.save()
    from journal.pages import prepare

    prepare(article)
    return Article.objects.select_related("journal", "issue").get(pk=article.pk)


def today() -> Any:
    return timezone.localdate()
