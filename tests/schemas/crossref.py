"""Crossref's own schema, as commonmeta-py brings it (docs/decisions/0007-crossref-schema.md); read, not run.

libxml2 knows XSD 1.0; of 1.1 the schema uses three assertions, which are taken out here and checked by `assertions`.
"""

import importlib.util
from functools import lru_cache
from pathlib import Path

import pytest
from lxml import etree

XSD = "{http://www.w3.org/2001/XMLSchema}"
_found = importlib.util.find_spec("commonmeta")
FOLDER = Path(_found.submodule_search_locations[0]) / "resources/crossref" if _found else Path("nowhere")
NEWEST = FOLDER / "crossref5.5.0.xsd"
needs_schema = pytest.mark.skipif(
    not NEWEST.is_file(), reason="CROSSREF'S SCHEMA IS ABSENT: run bin/schemas, which installs commonmeta-py as data"
)


class _Beside(etree.Resolver):
    """Whatever address a schema is imported from, the file of that name in the folder."""

    def resolve(self, address: str, public_id: str | None, context: object) -> object:
        name = address.rpartition("/")[2]
        found = next(FOLDER.rglob(name), None)
        if found is None:
            raise FileNotFoundError(address)
        text = found.read_text(encoding="utf-8").replace('<?xml version="1.1"', '<?xml version="1.0"', 1)
        return self.resolve_string(text, context, base_url=str(found))


@lru_cache(maxsize=1)
def jats_publishing() -> etree.XMLSchema:
    """JATS Publishing 1.3, the stricter set, in the namespace that Crossref gives it."""
    file = FOLDER / "JATS-journalpublishing1-3d2-mathml3.xsd"
    return etree.XMLSchema(etree.fromstring(file.read_bytes(), _parser(), base_url=str(file)))


def _parser() -> etree.XMLParser:
    parser = etree.XMLParser(no_network=True)
    parser.resolvers.add(_Beside())
    return parser


@lru_cache(maxsize=1)
def crossref_schema() -> etree.XMLSchema:
    text = NEWEST.read_text(encoding="utf-8").replace('<?xml version="1.1"', '<?xml version="1.0"', 1)
    root = etree.fromstring(text.encode(), _parser(), base_url=str(NEWEST))
    for rule in list(root.iter(f"{XSD}assert")):
        rule.getparent().remove(rule)
    return etree.XMLSchema(root)


def assertions(root: etree._Element) -> list[str]:
    """What the assertions of XSD 1.1 would say: persons have a role, and roles are of their vocabulary."""
    namespaces = {"c": etree.QName(root).namespace}
    wrong = root.xpath("//c:person_name[not(@contributor_role) and not(c:role)]", namespaces=namespaces)
    credit = root.xpath("//c:role[@vocab='credit']/@type", namespaces=namespaces)
    return [str(el.sourceline) for el in wrong] + [kind for kind in credit if "-author" in kind]
