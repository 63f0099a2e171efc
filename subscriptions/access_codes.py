"""Access codes: staff make a pack, a reader redeems a code, and a dated right follows (models/codes.py)."""

import csv
import io
import re
from datetime import timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from accounts.models import User
from subscriptions.models import AccessCode, AccessCodeBatch, Entitlement
from subscriptions.models.codes import GROUP_LENGTH, GROUPS, new_code

NOT_A_LETTER = re.compile(r"[^0-9A-Z]")


class NotRedeemed(Exception):
    """Why a code is not taken, as a sentence for the reader."""


def make_codes(batch: AccessCodeBatch) -> None:
    """The codes of a new pack, in its transaction."""
    AccessCode.objects.bulk_create(
        (AccessCode(batch=batch, code=new_code(), uses=batch.uses) for _ in range(batch.number)), batch_size=1000
    )


def normal(typed: str) -> str:
    """What a reader typed as a code is written: capitals, in groups of four; spaces and hyphens do not matter."""
    letters = NOT_A_LETTER.sub("", typed.upper())[: GROUPS * GROUP_LENGTH + 1]
    return "-".join(letters[n : n + GROUP_LENGTH] for n in range(0, len(letters), GROUP_LENGTH))


def redeem(typed: str, user: User) -> Entitlement:
    """Take a code. The same reader again gets the same right. Raises NotRedeemed with a sentence.

    What never was a code and a code of a stopped pack answer alike.
    """
    with transaction.atomic():
        code = AccessCode.objects.select_for_update().filter(code=normal(typed)).first()
        if code is None or code.batch.stopped_at:
            raise NotRedeemed(_("This is not a code we know. Compare it with the paper or mail it came on."))
        source = f"code:{code.pk}:{user.pk}"
        known = Entitlement.objects.filter(source=source).first()
        if known:
            return known
        batch = code.batch
        if batch.redeem_by and batch.redeem_by < timezone.localdate():
            raise NotRedeemed(
                _("This code could be redeemed until %(redeem_by)s.")
                % {"redeem_by": date_format(batch.redeem_by, "DATE_FORMAT")}
            )
        if code.redeemed >= code.uses:
            raise NotRedeemed(_("This code has been redeemed already."))
        code.redeemed += 1
        code.save(update_fields=["redeemed"])
        now = timezone.now()
        return Entitlement.objects.create(
            user=user, article=batch.article, issue=batch.issue, journal=batch.journal, source=source, starts_at=now,
            kind=Entitlement.Kind.ACCESS_CODE, ends_at=now + timedelta(days=batch.days) if batch.days else None,
            reason=f"Access code {code.code} of “{batch.name}”",
        )  # fmt: skip


def as_csv(batch: AccessCodeBatch) -> str:
    """The pack as a table: code, readers it is for, redeemed."""
    out = io.StringIO()
    rows = csv.writer(out)
    rows.writerow(["code", "readers", "redeemed"])
    rows.writerows(batch.codes.values_list("code", "uses", "redeemed"))
    return out.getvalue()
