"""From a list of networks to an institution's: what it would change, shown first, and then all of it or nothing.

The list's own mistakes are `range_lists.py`'s; here it meets what is stored, of this institution and of others.
"""

import hashlib
from collections import defaultdict
from dataclasses import dataclass

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from subscriptions.institutions import letters
from subscriptions.institutions.range_lists import Entry, read_list
from subscriptions.models import Institution, IPRange, RangeProposal

MOST_OVERLAPS = 200
_OTHERS = """
SELECT n.network, r.network, i.id, i.name FROM unnest(%s::text[]) AS t(text), LATERAL (SELECT t.text::cidr AS network) n
JOIN subscriptions_iprange r ON r.network && n.network JOIN subscriptions_institution i ON i.id = r.institution_id
WHERE i.id <> %s OR r.network <> n.network ORDER BY n.network, r.network LIMIT %s
"""


class Changed(Exception):
    """What is stored is not what it was when the list was looked at; or the list cannot be taken."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a list would do. `appear` and `disappear` are networks as text; nothing is done when `problems` is not 0."""

    entries: tuple[Entry, ...]
    appear: tuple[str, ...]
    disappear: tuple[str, ...]
    stay: int
    notes: tuple[tuple[str, str], ...]

    @property
    def problems(self) -> int:
        return sum(bool(entry.problem) for entry in self.entries)

    @property
    def remarks(self) -> int:
        return sum(bool(entry.remarks) for entry in self.entries)

    @property
    def flagged(self) -> list[Entry]:
        return [entry for entry in self.entries if entry.problem or entry.remarks]

    @property
    def is_possible(self) -> bool:
        return not self.problems and bool(self.appear or self.disappear)

    @property
    def digest(self) -> str:
        """Names exactly this change, so that what was looked at is what is done."""
        told = "\n".join(["+", *self.appear, "-", *self.disappear])
        return hashlib.sha256(told.encode()).hexdigest()[:32]


def plan(institution: Institution, text: str, *, replaces: bool) -> Plan:
    """The change a list would make. `replaces`: the list is all of the institution's networks; else it adds some."""
    entries = read_list(text)
    listed: dict[str, str] = {}
    for entry in entries:
        for network in entry.networks:
            listed.setdefault(str(network), entry.note)
    known = set(institution.ranges.values_list("network", flat=True))
    _remark_on_stored(institution, entries, known if not replaces else known & set(listed))
    gone = sorted(known - set(listed)) if replaces and listed else []
    return Plan(
        entries=tuple(entries),
        appear=tuple(network for network in listed if network not in known),
        disappear=tuple(gone),
        stay=len(known) - len(gone),
        notes=tuple(listed.items()),
    )


def _remark_on_stored(institution: Institution, entries: list[Entry], staying: set[str]) -> None:
    """Networks of the list that meet another institution's, or others of this one's that would stay."""
    by_network: dict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        for network in entry.networks:
            by_network[str(network)].append(entry)
    if not by_network:
        return
    with connection.cursor() as cursor:
        cursor.execute(_OTHERS, [list(by_network), institution.pk, MOST_OVERLAPS])
        met = cursor.fetchall()
    for network, stored, owner, name in met:
        if owner == institution.pk and str(stored) not in staying:
            continue
        whose = _("this institution's") if owner == institution.pk else f"{name}'s"
        for entry in by_network[str(network)]:
            entry.remarks.append(_("Meets %(whose)s %(stored)s.") % {"whose": whose, "stored": stored})


def apply(institution: Institution, text: str, *, replaces: bool, digest: str) -> Plan:
    """Do what was looked at, all of it or nothing. Raises Changed when it would be something else by now."""
    with transaction.atomic():
        Institution.objects.select_for_update(no_key=True).get(pk=institution.pk)
        found = plan(institution, text, replaces=replaces)
        if found.digest != digest or not found.is_possible:
            raise Changed
        institution.ranges.filter(network__in=found.disappear).delete()
        notes = dict(found.notes)
        IPRange.objects.bulk_create(
            (IPRange(institution=institution, network=one, note=notes[one]) for one in found.appear), batch_size=1000
        )
        return found


def in_words(done: Plan) -> str:
    """For the admin's log: both kinds in full while they are few, then in numbers."""
    said = []
    for words, networks in (("Added", done.appear), ("removed", done.disappear)):
        if networks:
            more = f" and {len(networks) - 20} more" if len(networks) > 20 else ""
            said.append(f"{words} {', '.join(networks[:20])}{more}")
    return "; ".join(said) + "."


# --- what librarians propose, and staff decide -----------------------------------------------------------------------


def accept(proposal: RangeProposal, by: User, digest: str) -> Plan:
    """Take a proposed list as it was looked at. Raises ValueError with a sentence."""
    with transaction.atomic():
        row = _waiting(proposal)
        try:
            done = apply(row.institution, row.listed, replaces=row.replaces, digest=digest)
        except Changed:
            raise ValueError(_("The networks have changed since this page was opened. Look again.")) from None
        _decide(row, by, RangeProposal.State.ACCEPTED, "")
        return done


def refuse(proposal: RangeProposal, by: User, answer: str) -> None:
    with transaction.atomic():
        _decide(_waiting(proposal), by, RangeProposal.State.REFUSED, answer)


def _waiting(proposal: RangeProposal) -> RangeProposal:
    row = RangeProposal.objects.select_for_update(of=("self",)).select_related("institution").get(pk=proposal.pk)
    if row.state != RangeProposal.State.WAITING:
        raise ValueError("This proposal has been decided already.")
    return row


def _decide(row: RangeProposal, by: User, state: str, answer: str) -> None:
    row.state, row.answer, row.decided_by, row.decided_at = state, answer, by, timezone.now()
    row.save()
    letters.ranges_decided(row)
