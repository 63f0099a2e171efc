"""Lists of networks as librarians send them: one or several a line, in any of four notations, with comments. Pure.

192.0.2.0/24 · 192.0.2.10-192.0.2.40 · 192.0.2.10-40 · 192.0.2.* · 192.0.2-3.* · 2001:db8::/32 · one address.
"""

import ipaddress
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import cast

from django.utils.translation import gettext as _

from subscriptions.networks import WIDE, WIDEST, Address, Network, unmapped

MOST_CHARACTERS = 200_000
MOST_NETWORKS = 20_000
_LINE = re.compile(r"\r\n|\r|\n")
_DASHES = re.compile(r"\s*[-‐‑‒–—]\s*")
_OCTET = re.compile(r"(\d{1,3})(?:-(\d{1,3}))?$|(\*)$")
_BITS = {4: 32, 6: 128}


class NotARange(Exception):
    """With the remedy, in words."""


@dataclass(slots=True)
class Entry:
    """One range of a list. `problem` keeps the whole list from being taken; `remarks` only want to be read."""

    line: int
    text: str
    networks: tuple[Network, ...] = ()
    note: str = ""
    problem: str = ""
    remarks: list[str] = field(default_factory=list)


def read_list(text: str) -> list[Entry]:
    """Every range with its line number. What is wrong with one is said there; what stands twice, as a remark."""
    if len(text) > MOST_CHARACTERS:
        too_long = _("The list is longer than %(most)s characters.") % {"most": f"{MOST_CHARACTERS:,}"}
        return [Entry(0, "", problem=too_long)]
    entries = []
    for number, line in enumerate(_LINE.split(text.removeprefix("\ufeff")), start=1):
        content, _mark, note = re.sub(r"(^|\s)//", r"\1#", line).partition("#")
        pieces = [piece.strip() for piece in re.split(r"[,;\t]", content)]
        entries += [_entry(number, piece, note.strip()[:200]) for piece in pieces if piece]
    if sum(len(entry.networks) for entry in entries) > MOST_NETWORKS:
        entries.append(
            Entry(
                0,
                "",
                problem=_("The list makes more than %(most_networks)s networks.")
                % {"most_networks": f"{MOST_NETWORKS:,}"},
            )
        )
    _remark_on_repeats(entries)
    return entries


def _entry(number: int, text: str, note: str) -> Entry:
    entry = Entry(number, text[:100], note=note)
    try:
        first, last = _ends(_DASHES.sub("-", text))
    except NotARange as error:
        entry.problem = str(error)
        return entry
    entry.problem = _objection(first, last)
    if not entry.problem:
        entry.networks = tuple(unmapped(one) for one in ipaddress.summarize_address_range(first, last))
        entry.remarks = _remarks(text, first, last)
    return entry


def _ends(text: str) -> tuple[Address, Address]:
    """The first and the last address of a range in any notation."""
    if "*" in text and ":" in text:
        raise NotARange(_("Write IPv6 networks like 2001:db8::/32, without a star."))
    if "*" in text or ("-" in text and text.count(".") == 3 and ":" not in text):
        return _wildcard(text)
    first, dash, last = text.partition("-")
    if not dash:
        network = _network(text)
        return network[0], network[-1]
    begin, end = _address(first), _address(last)
    if begin.version != end.version:
        raise NotARange(_("The two ends are not of the same kind (IPv4, IPv6)."))
    if int(begin) > int(end):
        raise NotARange(_("The last address comes before the first."))
    return begin, end


def _network(text: str) -> Network:
    try:
        return unmapped(ipaddress.ip_network(text, strict=False))
    except ValueError:
        raise NotARange(_hint(text)) from None


def _address(text: str) -> Address:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        raise NotARange(_hint(text)) from None
    return getattr(address, "ipv4_mapped", None) or address


def _hint(text: str) -> str:
    if re.search(r"(^|\.)0\d", text):
        return _("Write numbers without leading zeros: 192.0.2.1, not 192.000.002.001.")
    return _("Not an address or network. Write 192.0.2.0/24, 192.0.2.10-192.0.2.40, 192.0.2.* or 2001:db8::/32.")


def _wildcard(text: str) -> tuple[Address, Address]:
    """`192.0.2.*`, `192.0.2-3.*`, `192.0.2.10-40`: what varies stands at the end, so that the range has no holes."""
    octets = text.split(".")
    if octets[-1] == "*":
        octets += ["*"] * (4 - len(octets))
    spans = [_span(octet) for octet in octets]
    if len(spans) != 4:
        raise NotARange(_hint(text))
    varies = next((place for place, (low, high) in enumerate(spans) if low != high), 3)
    if any(span != (0, 255) for span in spans[varies + 1 :]):
        raise NotARange(_("Only the end may vary, like 192.0.2.* or 192.0.2-3.*; write other ranges apart."))
    ends = [".".join(str(span[side]) for span in spans) for side in (0, 1)]
    return ipaddress.ip_address(ends[0]), ipaddress.ip_address(ends[1])


def _span(octet: str) -> tuple[int, int]:
    match = _OCTET.match(octet)
    if match is None:
        raise NotARange(_hint(octet))
    if match[3]:
        return 0, 255
    low, high = int(match[1]), int(match[2] or match[1])
    if high > 255:
        raise NotARange(_("The numbers of an IPv4 address go to 255."))
    if low > high:
        raise NotARange(_("The last address comes before the first."))
    return low, high


def _size(first: Address, last: Address) -> int:
    return int(last) - int(first) + 1


def _objection(first: Address, last: Address) -> str:
    """Why no institution can have this range; empty when one can."""
    if _size(first, last) > 1 << (_BITS[first.version] - WIDEST[first.version]):
        return _("Wider than a /%(value)s: no institution is that large. Split it into its networks.") % {
            "value": WIDEST[first.version]
        }
    ends = (first, last)
    if any(one.is_loopback or one.is_multicast or one.is_link_local or one.is_unspecified for one in ends):
        return _("No reader's address: it is a loopback, link-local or multicast one.")
    return ""


def _remarks(text: str, first: Address, last: Address) -> list[str]:
    found = []
    if any(one.is_private or one.is_reserved for one in (first, last)):
        found.append(
            _("Private or reserved: readers on the internet never come from it. Ask for the public addresses.")
        )
    if _size(first, last) > 1 << (_BITS[first.version] - WIDE[first.version]):
        found.append(
            _("Wider than a /%(value)s. Is this the whole of what they were given?") % {"value": WIDE[first.version]}
        )
    if "/" in text and "-" not in text and _address(text.partition("/")[0]) != first:
        found.append(
            _("Taken as the network %(first)s/%(value)s.") % {"first": first, "value": text.partition("/")[2].strip()}
        )
    return found


def _remark_on_repeats(entries: Sequence[Entry]) -> None:
    """Say where a network stands twice, or lies inside another one of the list."""
    for inner, outer in containments((network, entry) for entry in entries for network in entry.networks):
        (network, entry), (holding, holder) = inner, outer
        where = f"line {holder.line}"
        entry.remarks.append(
            _("Stands in %(where)s already.") % {"where": where}
            if network == holding
            else _("Inside %(holding)s of %(where)s.") % {"holding": holding, "where": where}
        )


def containments(
    networks: Iterable[tuple[Network, Entry]],
) -> list[tuple[tuple[Network, Entry], tuple[Network, Entry]]]:
    """Each network that another one holds (or equals), with the narrowest that does. Networks nest or are apart."""
    found, open_ones = [], cast(list[tuple[Network, Entry]], [])
    ordered = sorted(networks, key=lambda one: (one[0].version, int(one[0][0]), one[0].prefixlen, one[1].line))
    for network, entry in ordered:
        while open_ones and not _holds(open_ones[-1][0], network):
            open_ones.pop()
        if open_ones:
            found.append(((network, entry), open_ones[-1]))
        if not open_ones or open_ones[-1][0] != network:
            open_ones.append((network, entry))
    return found


def _holds(outer: Network, inner: Network) -> bool:
    return outer.version == inner.version and int(outer[0]) <= int(inner[0]) and int(inner[-1]) <= int(outer[-1])
