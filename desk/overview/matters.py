"""What may need attention: for each matter its rows, since when, until when, who sees it, and the next step."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import F, Max, OuterRef, Q, Subquery
from procrastinate.contrib.django.models import ProcrastinateEvent, ProcrastinateJob

from accounts.models import Erasure, SignInIncident
from cme.models import Report
from journal.models import ImportItem
from journal.reader_models import AlertMail
from journal.topic_models import Upkeep
from subscriptions.jobs import SILENT_SECONDS
from subscriptions.models import (
    Dispute,
    DownloadQuestion,
    Finding,
    FraudWarning,
    OutgoingMail,
    RangeProposal,
    SiteLicense,
    Subscription,
    SyncTarget,
    TraineeProof,
    Withdrawal,
)

LATE = timedelta(minutes=10)
DAY, RECENT = timedelta(days=1), timedelta(days=7)
TO_ANSWER = ("needs_response", "appeal_needs_response", "warning_needs_response")
WORKER = "Start a worker (manage.py procrastinate worker), and look at its log."


@dataclass(frozen=True, slots=True)
class Matter:
    """`since` and `due` are names of columns; `list` is a page of the admin, with its filter. Rows come oldest first.

    `is_shown` decides with the numbers of all matters whether this one is worth a word; without it every row is.
    """

    key: str
    one: str
    many: str
    step: str
    permission: str
    page: str
    rows: Callable[[datetime], Any]
    since: str
    due: str = ""
    query: str = ""
    is_shown: Callable[[dict[str, int]], bool] | None = None

    def words(self, count: int) -> str:
        return self.one if count == 1 else self.many


def _failed(_: datetime) -> Any:
    failed = ProcrastinateEvent.objects.filter(job=OuterRef("pk"), type="failed").order_by()
    last = failed.values("job").annotate(last=Max("at")).values("last")
    return ProcrastinateJob.objects.filter(status="failed").annotate(failed_at=Subquery(last)).order_by("pk")


def _stalled(now: datetime) -> Any:
    """As the queue's own question for jobs whose worker has been silent (subscriptions/jobs.py)."""
    silent = now - timedelta(seconds=SILENT_SECONDS)
    dead = Q(worker=None) | Q(worker__last_heartbeat__lt=silent)
    return ProcrastinateJob.objects.filter(dead, status="doing").order_by("pk")


def _behind(_: datetime) -> Any:
    return SyncTarget.objects.filter(dirty__gt=F("clean"))


def _incidents(begin: timedelta, end: timedelta) -> Callable[[datetime], Any]:
    def rows(now: datetime) -> Any:
        between = {"created_at__gt": now - begin, "created_at__lte": now - end}
        return SignInIncident.objects.filter(stage__in=SignInIncident.Stage.values, **between)

    return rows


def _is_rising(counts: dict[str, int]) -> bool:
    """Five in a day at least, and more than twice as many as on a usual day of the week before."""
    return counts["incidents"] >= 5 and counts["incidents"] * 7 > 2 * counts["incidents_before"]


MATTERS = (
    Matter(
        "disputes", "dispute to answer", "disputes to answer",
        "Send the evidence in Stripe's dashboard before it is due, or accept the dispute there.",
        "subscriptions.view_dispute", "subscriptions_dispute",
        lambda _: Dispute.objects.filter(status__in=TO_ANSWER), "created_at", "due_by",
        f"status__in={','.join(TO_ANSWER)}",
    ),
    Matter(
        "warnings", "fraud warning", "fraud warnings",
        "Refund the payment now: that averts the dispute and its fee.",
        "subscriptions.view_fraudwarning", "subscriptions_fraudwarning",
        lambda _: FraudWarning.objects.filter(actionable=True), "created_at", query="actionable__exact=1",
    ),
    Matter(
        "given_up", "thing at Stripe given up", "things at Stripe given up",
        "Read the error, choose the row and the action Try again.",
        "subscriptions.view_synctarget", "subscriptions_synctarget",
        lambda now: _behind(now).filter(dead=True), "next_at", query="dead__exact=1",
    ),
    Matter(
        "unread", "change at Stripe not read for ten minutes", "changes at Stripe not read for ten minutes", WORKER,
        "subscriptions.view_synctarget", "subscriptions_synctarget",
        lambda now: _behind(now).filter(dead=False, next_at__lt=now - LATE), "next_at",
    ),
    Matter(
        "failed_jobs", "failed job", "failed jobs", "Read its last error; retry it with the action of the list.",
        "procrastinate.view_procrastinatejob", "procrastinate_procrastinatejob", _failed, "failed_at",
        query="status__exact=failed",
    ),
    Matter(
        "stalled_jobs", "job whose worker died", "jobs whose worker died",
        "manage.py sweep_jobs puts them back; it belongs on a timer.",
        "procrastinate.view_procrastinatejob", "procrastinate_procrastinatejob", _stalled, "scheduled_at",
        query="status__exact=doing",
    ),
    Matter(
        "mails", "mail not sent", "mails not sent", "Read the error, choose the row and the action Try to send again.",
        "subscriptions.view_outgoingmail", "subscriptions_outgoingmail",
        lambda now: OutgoingMail.objects.filter(sent_at=None, created_at__lt=now - LATE), "created_at",
        query="sent=no",
    ),
    Matter(
        "alerts", "alert not sent", "alerts not sent", "Check the mail settings. A digest is not sent a second time.",
        "journal.view_alertmail", "journal_alertmail",
        lambda now: AlertMail.objects.filter(claimed_at=None, created_at__lt=now - 6 * LATE), "created_at",
    ),
    Matter(
        "incidents", "failed sign-in today, more than usual", "failed sign-ins today, more than usual",
        "See what they have in common; put a word for readers into the service center's notice.",
        "accounts.view_signinincident", "accounts_signinincident", _incidents(DAY, timedelta(0)), "created_at",
        is_shown=_is_rising,
    ),
    Matter(
        "incidents_before", "", "", "", "accounts.view_signinincident", "accounts_signinincident",
        _incidents(RECENT + DAY, DAY), "created_at", is_shown=lambda _: False,
    ),
    Matter(
        "findings", "difference from Stripe to decide", "differences from Stripe to decide",
        "Do what its remedy says, then mark it as settled.",
        "subscriptions.view_finding", "subscriptions_finding",
        lambda _: Finding.objects.filter(settled_at=None), "found_at", query="settled_at__isempty=1",
    ),
    Matter(
        "renewals", "renewal failing", "renewals failing",
        "Stripe tries again and the reader was told; call those that matter before access ends.",
        "subscriptions.view_subscription", "subscriptions_subscription",
        lambda _: Subscription.objects.filter(status="past_due"), "unpaid_since", query="status=past_due",
    ),
    Matter(
        "invoices", "institution's invoice overdue", "institutions' invoices overdue",
        "Remind the institution, or mark the license as paid if the money has come another way.",
        "subscriptions.view_sitelicense", "subscriptions_sitelicense",
        lambda now: SiteLicense.objects.filter(state=SiteLicense.State.OPEN, due_at__lt=now), "due_at",
        query="state__exact=open",
    ),
    Matter(
        "withdrawals", "withdrawal waiting", "withdrawals waiting", "Decide it: the reader waits for an answer.",
        "subscriptions.view_withdrawal", "subscriptions_withdrawal",
        lambda _: Withdrawal.objects.filter(state=Withdrawal.State.RECEIVED), "received_at",
        query="state__exact=received",
    ),
    Matter(
        "proofs", "proof of training waiting", "proofs of training waiting", "Look at the document and decide.",
        "subscriptions.view_traineeproof", "subscriptions_traineeproof",
        lambda _: TraineeProof.objects.waiting(), "sent_at", query="state__exact=waiting",
    ),
    Matter(
        "downloads", "reader asked about many downloads", "readers asked about many downloads",
        "See what was answered; write to the library, or put a misused account on hold.",
        "subscriptions.change_downloadquestion", "subscriptions_downloadquestion",
        lambda _: DownloadQuestion.objects.unsettled(), "asked_at", query="settled_at_there=no",
    ),
    Matter(
        "proposals", "list of networks proposed", "lists of networks proposed",
        "See what it would change, then accept or refuse it.",
        "subscriptions.view_rangeproposal", "subscriptions_rangeproposal",
        lambda _: RangeProposal.objects.filter(state=RangeProposal.State.WAITING), "sent_at",
        query="state__exact=waiting",
    ),
    Matter(
        "imports", "file rejected at import this week", "files rejected at import this week",
        "Open the import: it says what is wrong in which line. Mend the file and import it again.",
        "journal.view_importbatch", "journal_importbatch",
        lambda now: ImportItem.objects.filter(status=ImportItem.Status.REJECTED, finished_at__gt=now - RECENT),
        "finished_at",
    ),
    Matter(
        "waiting_imports", "file waits to be imported", "files wait to be imported", WORKER,
        "journal.view_importbatch", "journal_importbatch",
        lambda now: ImportItem.objects.filter(status=ImportItem.Status.WAITING, batch__created_at__lt=now - LATE),
        "batch__created_at",
    ),
    Matter(
        "upkeep", "part of search is behind", "parts of search are behind", WORKER,
        "journal.view_article", "", lambda now: Upkeep.objects.filter(at__lt=now - 2 * LATE), "at",
    ),
    Matter(
        "reports", "CME report rejected", "CME reports rejected",
        "The learner was told what to mend. Where the mistake is ours, correct the credit and hand it in again.",
        "cme.view_report", "cme_report", lambda _: Report.objects.filter(state=Report.State.REJECTED), "answered_at",
        query="state__exact=rejected",
    ),
    Matter(
        "erasures", "account to be erased, and late", "accounts to be erased, and late",
        "The law counts the days. Is the worker running? Its log says what hinders it.",
        "accounts.view_erasure", "accounts_erasure",
        lambda now: Erasure.objects.filter(done_at=None, due_at__lt=now - DAY), "asked_at", "due_at",
        "done_at__isempty=1",
    ),
)  # fmt: skip
