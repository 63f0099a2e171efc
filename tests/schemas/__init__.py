"""XML schemas of the standards, to hold our answers to."""

from pathlib import Path

from lxml import etree


def schema(name: str) -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(Path(__file__).parent / name))
