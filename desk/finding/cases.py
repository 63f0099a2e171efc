"""Cases: an error's reference, a certificate's number."""

from collections.abc import Iterator

from accounts import incidents
from accounts.models import SignInIncident
from cme.models import Credit
from desk.finding import Hit, Typed, finder
from desk.finding.money import leading_to
from desk.finding.shapes import CERTIFICATE


@finder("Error", "accounts.view_signinincident", "E2-7KQ4M")
def by_reference(typed: Typed) -> Iterator[Hit]:
    """As it is spoken, too: `e2 7kq4m`. What waits in files while the database was away is written first."""
    reference = incidents.spoken(typed.text)
    if not reference:
        return
    if incidents.waiting():
        incidents.catch_up()
    for row in SignInIncident.objects.filter(reference=reference).select_related("user"):
        yield leading_to(row.user, row, "Error", f"reference {row.reference}", row.happened[:200])


@finder("Certificate", "cme.view_credit", "7KQ4-9ACM-HXWT-34FJ")
def by_certificate(typed: Typed) -> Iterator[Hit]:
    if CERTIFICATE.match(typed.compact):
        for credit in Credit.objects.filter(number=typed.grouped).select_related("user", "activity__article"):
            state = ", revoked" if credit.revoked_at else ""
            yield leading_to(
                credit.user, credit, "Certificate", f"number {credit.number}", f"{credit.activity.title}{state}"
            )
