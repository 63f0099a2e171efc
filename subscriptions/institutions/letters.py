"""Mail to librarians and to readers they invite, through the outbox (subscriptions/mail.py)."""

from accounts.languages import spoken_to
from subscriptions.mail import alert_staff, day, enqueue
from subscriptions.models import RangeProposal, SeatInvitation

FOLDER = "subscriptions/email/"


def ranges_proposed(row: RangeProposal) -> None:
    """To staff: somebody waits for a decision."""
    alert_staff(
        f"ranges:{row.pk}",
        f"{row.proposed_by} proposes networks for {row.institution}. See Range proposals in the admin.",
    )


@spoken_to(lambda row: row.proposed_by)
def ranges_decided(row: RangeProposal) -> None:
    context = {
        "institution": row.institution.name, "accepted": row.state == RangeProposal.State.ACCEPTED,
        "answer": row.answer, "library_path": row.institution.get_absolute_url(),
    }  # fmt: skip
    enqueue(f"ranges-decided:{row.pk}", f"{FOLDER}ranges_decided", row.proposed_by.email, context, row.proposed_by_id)


def invitation(row: SeatInvitation) -> None:
    """The link in it is made when the mail goes out: no table keeps it."""
    context = {"institution": row.institution.name, "until": day(row.expires_at), "invitation": row.token}
    enqueue(f"seat:{row.pk}:{int(row.sent_at.timestamp())}", f"{FOLDER}seat_invitation", row.email, context)
