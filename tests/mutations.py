# ruff: noqa: E501  (a mutation reads best as it stands in the code)
"""Take each safeguard of the selling out, one at a time, and see a test turn red: `make mutations [NAMES=…]`.

A safeguard no test misses is a sentence, not a safeguard. The tree is copied first; nothing here is changed but the
table in docs/decisions/0008-mutations.md.
"""

import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RECORD = ROOT / "docs/decisions/0008-mutations.md"
T = "tests/subscriptions/"


@dataclass(frozen=True)
class Mutation:
    """What is taken out: `old` text of `file` becomes `new`; one of `tests` must fail."""

    name: str
    file: str
    old: str
    new: str
    tests: str


MUTATIONS = (
    Mutation("fence", "subscriptions/sync.py", "return target.fence == claim.fence", "return True",
             f"{T}test_webhooks.py -k overtaken"),
    Mutation("the hint's counter", "subscriptions/sync.py", "SET dirty = subscriptions_synctarget.dirty + 1,",
             "SET dirty = subscriptions_synctarget.dirty,", f"{T}test_webhooks.py -k hint_that_comes"),
    Mutation("clean only up to the hint that was answered", "subscriptions/sync.py",
             'clean=Greatest("clean", claim.generation)', 'clean=models.F("dirty")', f"{T}test_webhooks.py -k hint_that_comes"),
    Mutation("clean only after the following hints", "subscriptions/sync.py", "        if not following:\n            _done(claim)",
             "        _done(claim)", f"{T}test_killed.py -k 'sync or refund'"),
    Mutation("a dead worker's refund is asked about", "subscriptions/fulfilment.py",
             "        return FoundRefund(request, None)  # done", "        return None  # done", f"{T}test_killed.py -k refund"),
    Mutation("idempotency key of a refund", "subscriptions/gateway.py",
             ', options={"idempotency_key": f"refund:{request}"}', "", "tests/admin/test_money_back.py -k two_workers"),
    Mutation("idempotency key of a payment page", "subscriptions/gateway.py",
             'create(_in_order(params), options={"idempotency_key": idempotency_key})', "create(_in_order(params))",
             f"{T}test_buying.py -k lost_reply"),
    Mutation("one order for two clicks (the account's lock)", "subscriptions/checkout.py",
             "User.objects.select_for_update().get(pk=wish.user.pk)", "pass", f"{T}test_lifecycles.py -k two_clicks"),
    Mutation("webhook's signature", "subscriptions/gateway.py", "        except stripe.SignatureVerificationError:\n            continue",
             "        except stripe.SignatureVerificationError:\n            pass", f"{T}test_webhooks.py -k prove_itself"),
    Mutation("webhook's future time", "subscriptions/gateway.py", "if _signed_at(signature) > time.time() + TOLERANCE_SECONDS:",
             "if False:", f"{T}test_webhooks.py -k prove_itself"),
    Mutation("test and live mode apart", "subscriptions/webhooks.py", "if event.livemode != settings.STRIPE_LIVEMODE:",
             "if False:", f"{T}test_webhooks.py -k other_mode"),
    Mutation("settling is not paid", "subscriptions/standing.py", 'if session.payment_status == "unpaid":', "if False:",
             f"{T}test_lifecycles.py -k direct_debit"),
    Mutation("a subscription's first debit must arrive", "subscriptions/standing.py", "if subscription.paid_until is None or ",
             "if ", f"{T}test_standing.py"),
    Mutation("the amount is the order's", "subscriptions/standing.py",
             "if session.currency != order.currency or not _is_the_price(order, session):", "if False:",
             f"{T}test_lifecycles.py -k amount_other"),
    Mutation("a dispute holds the access back", "subscriptions/standing.py",
             "return any(status in Dispute.IN_QUESTION for status in self.disputes)", "return False",
             f"{T}test_webhooks.py -k dispute"),
    Mutation("a full refund ends the access", "subscriptions/standing.py", "return 0 < self.amount <= self.refunded",
             "return False", f"{T}test_webhooks.py -k full_refund"),
    Mutation("canceled at the period's end, one spelling", "subscriptions/gateway.py", "ends = subscription.cancel_at\n",
             "ends = None\n", f"{T}test_lifecycles.py -k both_ways"),
    Mutation("grace ends", "subscriptions/standing.py", "return since + grace if since else None",
             "return since + 9 * grace if since else None", f"{T}test_lifecycles.py -k fourteen_days"),
    Mutation("paused opens no more", "subscriptions/standing.py", "if not subscription.is_collecting or ", "if ",
             f"{T}test_lifecycles.py -k paused"),
    Mutation("one receipt for a payment", "subscriptions/mail.py", "OutgoingMail.objects.get_or_create(\n        key=key,",
             "OutgoingMail.objects.get_or_create(\n        key=f'{key}:{timezone.now()}',", f"{T}test_reminders.py"),
    Mutation("numbers without gaps", "subscriptions/models/papers.py", "subscriptions_papernumber.last + 1 RETURNING",
             "subscriptions_papernumber.last + 2 RETURNING", f"{T}test_papers.py"),
    Mutation("the policy's limits", "subscriptions/policy.py", "    limit = LIMITS[happening]\n    if limit.days is None:",
             "    return True\n    limit = LIMITS[happening]\n    if limit.days is None:", f"{T}test_lifecycles.py -k limits_of_the_policy"),
    Mutation("no more is refunded than is left", "subscriptions/refunds.py", "if not 0 < amount <= left(payment):", "if False:",
             "tests/admin/test_money_back.py -k more_than_is_left"),
    Mutation("an unknown payment is looked up", "subscriptions/webhooks.py", "    return _payment(payment_intent)\n",
             "    return []\n", f"{T}test_lifecycles.py -k before_we_know"),
    Mutation("an order is its owner's", "subscriptions/views.py", "orders.filter(Q(user=request.user) | Q(pk__in=claiming.remembered(request), user=None)), pk=order_id",
             "orders, pk=order_id", f"{T}test_buying.py -k somebody_elses"),
    Mutation("the first of two stays", "subscriptions/duplicates.py", 'order_by("created_at", "pk")', 'order_by("-created_at", "pk")',
             f"{T}test_lifecycles.py -k twice_is_found"),
    Mutation("missed events are asked for", "subscriptions/reconcile.py",
             "    targets: set[Target] = set(_missed_events(run))", "    targets: set[Target] = set()",
             f"{T}test_reconcile.py -k lost_reconciling"),
    Mutation("a fault Stripe remembers blocks nobody", "subscriptions/gateway.py", 'return create(f"{key}:{uuid.uuid4()}")',
             "raise", f"{T}test_faults.py -k customers"),
    Mutation("whoever reads looks again", "subscriptions/sync.py", "while outcome is Outcome.DONE and looks < MOST_LOOKS and", "while False and",
             f"{T}test_webhooks.py -k hint_that_comes"),
    Mutation("a new price is told in time", "subscriptions/price_changes.py", "or not _was_told_in_time(notice)", "",
             f"{T}test_price_changes.py -k not_in_time"),
    Mutation("an exact probe in a kept plan", "subscriptions/access.py", " = {target} OFFSET 0) e", " = {target}) e",
             f"{T}test_decision_statement.py -k plan"),
    Mutation("one seat for two invitations (the institution's lock)", "subscriptions/institutions/seats.py",
             "Institution.objects.select_for_update(no_key=True).get(pk=institution.pk)",
             "Institution.objects.get(pk=institution.pk)", f"{T}test_libraries.py -k last_seat"),
    Mutation("one seat for two who accept (the institution's lock)", "subscriptions/institutions/seats.py",
             "Institution.objects.select_for_update(no_key=True).get(pk=invitation.institution_id)",
             "Institution.objects.get(pk=invitation.institution_id)", f"{T}test_libraries.py -k last_seat"),
    Mutation("few threads wait for Stripe", "subscriptions/gateway.py", "        with patience.places().one() as call:\n",
             "        with patience.Places(99).one() as call:\n", f"{T}test_patience.py -k ten_buyers"),
    Mutation("a Stripe that hangs is left alone for a while", "subscriptions/patience.py",
             "self._closed_until = self._now() + PAUSE", "pass", f"{T}test_patience.py -k 'in_a_row or ten_buyers'"),
    Mutation("jobs of dead workers are put back", "subscriptions/jobs.py", "await _put_back(outside, job)", "pass",
             f"{T}test_reconcile.py -k worker_died"),
    Mutation("what came off a later price does not go back", "subscriptions/refunds.py",
             "return min(left(payment), credits.refundable(payment.order))", "return left(payment)", f"{T}test_paid_back_once.py -k came_off_a_later_price_does"),
    Mutation("an order or a refund, not both (the account's lock)", "subscriptions/duplicates.py",
             "User.objects.select_for_update(no_key=True).get(pk=payment.user_id)", "User.objects.get(pk=payment.user_id)",
             f"{T}test_paid_back_once.py -k whoever_orders"),
    Mutation("one withdrawal of a contract", "subscriptions/withdrawals.py", "    if others.exclude(pk=row.pk).exists():", "    if False:",
             f"{T}test_paid_back_once.py -k withdrawn_from_twice"),
    Mutation("a credit used while its payment goes back (the credit's lock)", "subscriptions/credits.py",
             "for credit in taken.select_for_update())", "for credit in taken.all())", f"{T}test_paid_back_once.py -k used_while"),
    Mutation("a subscription's first price is the order's", "subscriptions/fulfilment.py", "objection or _other_price(subscription)",
             "objection", f"{T}test_paid_back_once.py -k another_price"),
    Mutation("whose a subscription is, is left alone", "subscriptions/fulfilment.py", "if name not in whose or getattr(known, name) != value",
             "if True", f"{T}test_paid_back_once.py -k merged_while"),
    # The last one, for it leaves a database behind that was made without the index.
    Mutation("one order for a thing (the table's index)", "subscriptions/migrations/0004_flows.py",
             "['new', 'open', 'processing']), ('user__isnull'", "['nothing']), ('user__isnull'",
             f"{T}test_buying.py -k table_itself --create-db"),
)  # fmt: skip


def main() -> int:
    wanted = sys.argv[1:]
    chosen = [one for one in MUTATIONS if not wanted or any(word in one.name for word in wanted)]
    with tempfile.TemporaryDirectory(prefix="mutations-") as folder:
        tree = copy_of_tree(Path(folder))
        rows = [(one, *turns_red(tree, one)) for one in chosen]
    if not wanted:
        write_record(rows)
    return 0 if all(red for _, red, _ in rows) else 1


def copy_of_tree(folder: Path) -> Path:
    archive = subprocess.run(["git", "archive", "HEAD"], cwd=ROOT, capture_output=True, check=True).stdout
    subprocess.run(["tar", "-x", "-C", str(folder)], input=archive, check=True)
    return folder


def turns_red(tree: Path, one: Mutation) -> tuple[bool, str]:
    """(whether a test turned red, which one or why not)"""
    file = tree / one.file
    whole = file.read_text()
    if whole.count(one.old) != 1:
        sys.stdout.write(f"OUTDATED  {one.name}: its text stands {whole.count(one.old)} times in {one.file}\n")
        return False, "its text is no longer in the code"
    began = time.monotonic()
    file.write_text(whole.replace(one.old, one.new))
    try:
        command = f"{sys.executable} -m pytest -x -q -p no:cacheprovider --reuse-db --no-header {one.tests}"
        run = subprocess.run(  # noqa: S602  (our own words)
            command, shell=True, cwd=tree, capture_output=True, text=True, timeout=600, check=False,
            env={**os.environ, "VAR_DIR": str(tree / "var")},
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        sys.stdout.write(f"UNDECIDED {one.name}: not done after ten minutes\n")
        return False, "not done after ten minutes"
    finally:
        file.write_text(whole)
    failed = [line for line in run.stdout.splitlines() if line.startswith(("FAILED tests", "ERROR tests"))]
    red = run.returncode == 1 and bool(failed)
    last = (run.stdout or run.stderr).strip().splitlines()[-1:]
    said = failed[0].split(" - ")[0].split("::")[-1] if red else " ".join(last)
    sys.stdout.write(f"{time.monotonic() - began:4.0f} s  {'red     ' if red else 'SURVIVED'}  {one.name}: {said}\n")
    sys.stdout.flush()
    return red, said


WORDS = """\
# 8. Each safeguard of the selling has a test that misses it

`make mutations` takes them out one at a time, in a copy of the tree, and runs the tests beside them. The table is its last run.
Four survived their first run and got tests: a refund asked for by two workers at once, a first debit on its way, pausing with
drafts, and the policy's limits, whose test had asked the code it tested. A fifth, a seat's lock, survived one run in two, until the
test made both readers meet between looking and writing; a sixth, a credit's lock, until its second worker no longer came too late.

| taken out | in | the test that turns red |
|---|---|---|
"""


def write_record(rows: list[tuple[Mutation, bool, str]]) -> None:
    table = "\n".join(
        f"| {one.name} | `{one.file}` | {said if red else f'**none** ({said})'} |" for one, red, said in rows
    )
    RECORD.write_text(f"{WORDS}{table}\n")


if __name__ == "__main__":
    sys.exit(main())
