"""Byline and affiliations as HTML, of the article and of the parts that have authors of their own."""

import re
from itertools import groupby

from journal.jats.document import Affiliation, Author
from journal.jats.markup import attribute, element, escape
from journal.jats.render.rendering import Rendering

SHOWN = 10


def byline(authors: tuple[Author, ...], affiliations: tuple[Affiliation, ...], on_behalf_of: str = "") -> str:
    """The authors as a list; past the tenth they wait in a disclosure."""
    labels = {aff.id: aff.label.strip(".)") or str(number) for number, aff in enumerate(affiliations, 1)}
    items = [element("li", _author(author, labels), ' class="author"') for author in authors]
    group = f'<p class="on-behalf-of">{escape(_on_behalf(on_behalf_of))}</p>' if on_behalf_of else ""
    if not items:
        return group
    first = f'<ul class="authors">{"".join(items[:SHOWN])}</ul>'
    if len(items) <= SHOWN:
        return first + group
    rest = f'<ul class="authors">{"".join(items[SHOWN:])}</ul>'
    more = f'<details class="more-authors"><summary>{len(items) - SHOWN:,} more authors</summary>{rest}</details>'
    return first + more + group


def _on_behalf(group: str) -> str:
    """`on behalf of the STOP Group`, whether or not the source writes the first three words."""
    return group if group.lower().startswith(("on behalf", "for ")) else f"on behalf of {group}"


def _author(author: Author, labels: dict[str, str]) -> str:
    words = author.group_html or escape(author.name)
    if author.also_html:
        words += f" ({author.also_html})"
    if author.degrees:
        words += f', <span class="degrees">{escape(author.degrees)}</span>'
    if author.orcid:
        words += f' <a class="orcid" href="https://orcid.org/{author.orcid}" rel="nofollow noopener">ORCID iD</a>'
    marks = [f'<a href="#{aff}">{escape(labels[aff])}</a>' for aff in author.affiliations if aff in labels]
    marks = marks if len(labels) > 1 else []
    marks += [f'<a href="#{note}" role="doc-noteref">{escape(sign)}</a>' for note, sign in author.marks]
    if marks:
        words += f'<sup class="aff-mark">{",".join(marks)}</sup>'
    if author.corresponding:
        words += ' <span class="corresponding">(corresponding author)</span>'
    if author.deceased and not author.marks:
        words += ' <span class="corresponding">(deceased)</span>'
    if author.on_behalf_of:
        words += f" {escape(author.on_behalf_of)}"
    return words + _members(author.members)


def _members(members: tuple[Author, ...]) -> str:
    """The people of a group author, by their teams where the group has such."""
    if not members:
        return ""
    teams = []
    for team, people in groupby(members, key=lambda member: member.team):
        names = "; ".join(_member(person) for person in people)
        teams.append(f"<p>{escape(team)}: {names}</p>" if team else f"<p>{names}</p>")
    return f'<details class="members"><summary>{len(members)} members</summary>{"".join(teams)}</details>'


def _member(member: Author) -> str:
    said = [member.name, member.degrees, *member.roles]
    return escape(", ".join(part for part in said if part))


def affiliation_list(affiliations: tuple[Affiliation, ...], r: Rendering) -> str:
    """All affiliations with the labels the byline uses."""
    items = []
    for number, aff in enumerate(affiliations, 1):
        mark = aff.label or (str(number) if len(affiliations) > 1 else "")
        lead = f'<span class="label">{escape(mark)}</span> ' if mark else ""
        html_id = attribute("id", aff.id if aff.id not in r.emitted else "")
        r.emitted.add(aff.id)
        items.append(f"<li{html_id}>{lead}{aff.html}{_ror(aff)}</li>")
    return f'<ul class="affiliations">{"".join(items)}</ul>' if items else ""


def _ror(affiliation: Affiliation) -> str:
    """The way to the institution's entry in the Research Organization Registry."""
    if not re.fullmatch(r"https://ror\.org/0[a-z0-9]{8}", affiliation.ror) or affiliation.ror in affiliation.html:
        return ""
    return f' <a class="ror" href="{affiliation.ror}" rel="nofollow noopener">ROR</a>'
