"""`python -m tests.benchmarks.large FILE`: puts a plain article and three very large ones into a site; tells where."""

import json
import sys
from pathlib import Path

import django

AUTHORS, REFERENCES, ROWS, COLUMNS = 1307, 652, 5_000, 20
OPEN = (
    '<permissions><license xlink:href="https://creativecommons.org/licenses/by/4.0/">'
    "<license-p>CC BY 4.0</license-p></license></permissions>"
)
SENTENCE = "Herons stand in shallow water and wait for fish that swim past them, patiently and without a sound. "


def main(told: Path) -> None:
    django.setup()
    from journal.importing import import_source
    from journal.models import Article
    from journal.publishing import publish

    places = {}
    for name, xml in articles().items():
        record = import_source(xml, f"{name}.xml")
        if record.status != "imported":
            sys.exit(f"{name} was {record.status}: {record.errors}")
        article = Article.objects.get(pk=record.article_id)
        publish(article)
        places[name] = article.get_absolute_url()
    told.write_text(json.dumps(places))


def articles() -> dict[str, bytes]:
    from tests.journal.jats.build import DATE, make_xml

    def article(name: str, body: str = "", back: str = "", people: str = "") -> bytes:
        doi = f'<article-id pub-id-type="doi">10.5555/large.{name}</article-id>'
        title = f"<title-group><article-title>An article with {name}</article-title></title-group>"
        return make_xml(text() + body, back, meta=doi + title + people + DATE + OPEN)

    return {
        "plain": article("plain"),
        "authors": article("authors", people=authors()),
        "references": article("references", *references()),
        "cells": article("cells", table()),
    }


def text() -> str:
    sections = (f"<sec><title>Part {n}</title>{f'<p>{SENTENCE * 6}</p>' * 5}</sec>" for n in range(1, 7))
    return "".join(sections)


def authors() -> str:
    people = "".join(
        f'<contrib contrib-type="author"><name><surname>Surname{n}</surname><given-names>Given {n}</given-names></name>'
        f'<xref ref-type="aff" rid="aff{n % 200}"/></contrib>'
        for n in range(AUTHORS)
    )
    places = "".join(f'<aff id="aff{n}"><label>{n}</label>Institute {n}, City, Country</aff>' for n in range(200))
    return f"<contrib-group>{people}</contrib-group>{places}"


def references() -> tuple[str, str]:
    cited = (f'{SENTENCE}<xref ref-type="bibr" rid="r{n}">{n}</xref>' for n in range(1, REFERENCES + 1))
    listed = (
        f'<ref id="r{n}"><label>{n}</label><element-citation><person-group person-group-type="author"><name>'
        f"<surname>Surname</surname><given-names>G</given-names></name></person-group><article-title>Title {n} of a "
        "study about herons</article-title><source>J Birds</source><year>2020</year><volume>4</volume>"
        f'<fpage>{n}</fpage><pub-id pub-id-type="doi">10.5555/r.{n}</pub-id></element-citation></ref>'
        for n in range(1, REFERENCES + 1)
    )
    body = f"<sec><title>Mentions</title><p>{'</p><p>'.join(cited)}</p></sec>"
    return body, f"<ref-list><title>References</title>{''.join(listed)}</ref-list>"


def table() -> str:
    head = "".join(f"<th>Column {n}</th>" for n in range(COLUMNS))
    rows = "".join(f"<tr>{''.join(f'<td>{r * n}</td>' for n in range(COLUMNS))}</tr>" for r in range(ROWS))
    return (
        "<sec><title>Data</title><table-wrap id='t1'><label>Table 1</label><caption><p>All measurements</p></caption>"
        f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></table-wrap></sec>"
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
