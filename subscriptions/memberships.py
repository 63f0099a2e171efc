"""What a membership of the society opens: the whole journal, until the last day on the roster. A row as any right."""

from django.utils.translation import gettext as _

from accounts.models import Member
from journal.models import Journal
from subscriptions.grants import end_of
from subscriptions.models import Entitlement


def follow(member: Member) -> None:
    """Write the right of an activated member as the roster has it now; called in the roster's transaction.

    A membership that passes to another account takes its right along; what staff have revoked stays revoked.
    """
    for journal in Journal.objects.all():
        source = f"member:{member.pk}:{journal.pk}"
        right = Entitlement.objects.filter(source=source).first()
        if member.user is None:
            if right:
                right.delete()
            continue
        right = right or Entitlement(source=source, kind=Entitlement.Kind.MEMBERSHIP, journal=journal)
        right.user, right.reason = member.user, _("Membership %(number)s") % {"number": member.number}
        right.ends_at = max(end_of(member.valid_until), right.starts_at)
        right.save()
