"""Seats: readers an institution invites by name, never more than it has.

An invitation keeps a seat until it is accepted, withdrawn or 30 days old. Whoever counts holds the institution's row,
so that two librarians, or a librarian and a reader who accepts, cannot both take the last one. The link went to one
address and works once; it seats the account that is signed in, so a forwarded link seats whom it was forwarded to.
"""

from django.core import signing
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from subscriptions.institutions import letters
from subscriptions.models import Institution, Membership, SeatInvitation
from subscriptions.models.members import INVITATION_DAYS, in_thirty_days

SALT = "subscriptions.seat"


class NoSeatFree(Exception):
    """All seats are taken or kept for invitations."""


class InvitationOver(Exception):
    """Accepted by somebody, withdrawn, or too old."""


def path_of(token: str) -> str:
    """The path of an invitation's link."""
    return reverse("subscriptions:accept_seat", args=[signing.dumps(token, salt=SALT)])


def invitation_behind(signed: str) -> SeatInvitation | None:
    """What a link names; None for a forged, altered or very old one."""
    try:
        token = signing.loads(signed, salt=SALT, max_age=INVITATION_DAYS * 24 * 3600)
    except signing.BadSignature:
        return None
    return SeatInvitation.objects.select_related("institution").filter(token=str(token)).first()


def taken(institution: Institution) -> int:
    return institution.memberships.in_force().filter(way=Membership.Way.SEAT).count()


def free(institution: Institution) -> int:
    """Seats that are neither taken nor kept for an invitation. Negative when staff lowered the number."""
    return institution.seats - taken(institution) - institution.invitations.open().count()


def invite(institution: Institution, email: str, by: User) -> SeatInvitation:
    """Keep a seat and write to its reader; the same address again only writes again. Raises NoSeatFree."""
    email = email.strip().lower()
    with transaction.atomic():
        institution = Institution.objects.select_for_update(no_key=True).get(pk=institution.pk)
        row = institution.invitations.open().filter(email=email).first()
        if row is None:
            if free(institution) < 1:
                raise NoSeatFree
            row = SeatInvitation.objects.create(institution=institution, email=email, invited_by=by)
        else:
            row.sent_at, row.expires_at = timezone.now(), in_thirty_days()
            row.save(update_fields=["sent_at", "expires_at"])
        letters.invitation(row)
        return row


def accept(invitation: SeatInvitation, user: User) -> Membership:
    """Seat a reader. Raises InvitationOver, or NoSeatFree where staff have lowered the number meanwhile."""
    with transaction.atomic():
        institution = Institution.objects.select_for_update(no_key=True).get(pk=invitation.institution_id)
        row = institution.invitations.open().filter(pk=invitation.pk).first()
        if row is None:
            raise InvitationOver
        seated = institution.memberships.in_force().filter(user=user, way=Membership.Way.SEAT).first()
        if seated is None and taken(institution) >= institution.seats:
            raise NoSeatFree
        member = seated or _seat(institution, user)
        row.accepted_at, row.membership = timezone.now(), member
        row.save(update_fields=["accepted_at", "membership"])
        return member


def _seat(institution: Institution, user: User) -> Membership:
    begun = {"began_at": timezone.now(), "ended_at": None, "until": None}
    member, _ = Membership.objects.update_or_create(
        institution=institution, user=user, way=Membership.Way.SEAT, defaults=begun
    )
    return member


def end(member: Membership) -> None:
    """Take a seat back, or a sign-in's right to read on; the seat is free again at once."""
    Membership.objects.filter(pk=member.pk, ended_at=None).update(ended_at=timezone.now())


def withdraw(invitation: SeatInvitation) -> None:
    """The link in the mail opens nothing any more."""
    SeatInvitation.objects.filter(pk=invitation.pk, accepted_at=None, withdrawn_at=None).update(
        withdrawn_at=timezone.now()
    )
