"""The console's tables: subscriptions, payments, sessions, deliveries, each row with what can be done to it."""

from __future__ import annotations

import json
from collections.abc import Iterable

from ..billing import ENDED, period_end
from ..blank import Json
from ..pricing import every, money
from ..sandbox import Sandbox
from .markup import Html, html, join
from .portal_view import STATES
from .words import ENGLISH

SHOWN = 12
HOUR = 3_600


def type_of(body: str) -> str:
    return str(json.loads(body)["type"])


def button(sandbox: Sandbox, deed: str, label: str, about: str = "", **values: str) -> Html:
    """A form of one button that does a control deed and comes back here; `about` tells screen readers to what."""
    hidden = [
        html('<input type="hidden" name="{name}" value="{value}">', name=name, value=value)
        for name, value in values.items()
    ]
    return html(
        '<form method="post" action="{base}/_sim/{deed}"><input type="hidden" name="console" value="{label}">'
        '{hidden}<button class="button small">{label}{about}</button></form>',
        base=sandbox.public_url,
        deed=deed,
        label=label,
        hidden=join(hidden, ""),
        about=html('<span class="unseen"> {about}</span>', about=about) if about else "",
    )


def fields(
    sandbox: Sandbox,
    deed: str,
    label: str,
    hidden: dict[str, str] | None = None,
    **choices: tuple[str, dict[str, str]],
) -> Html:
    """A form with a choice or more, and a button."""
    kept = [html('<input type="hidden" name="{n}" value="{v}">', n=name, v=v) for name, v in (hidden or {}).items()]
    return html(
        '<form method="post" action="{base}/_sim/{deed}" class="knob"><input type="hidden" name="console" '
        'value="{label}">{kept}{selects}<button class="button small">{label}</button></form>',
        base=sandbox.public_url,
        deed=deed,
        label=label,
        kept=join(kept, ""),
        selects=join(_select(deed, name, title, options) for name, (title, options) in choices.items()),
    )


def _select(deed: str, name: str, title: str, options: dict[str, str]) -> Html:
    rows = [html('<option value="{v}">{label}</option>', v=value, label=label) for value, label in options.items()]
    return html(
        '<div class="field"><label for="{id}">{title}</label><select id="{id}" name="{name}">{rows}</select></div>',
        id=f"{deed}-{name}".replace("/", "-"),
        title=title,
        name=name,
        rows=join(rows),
    )


def section(title: str, text: str, content: Html) -> Html:
    return html(
        '<section class="card" id="{id}" aria-labelledby="{id}-title"><h2 id="{id}-title">{title}</h2>'
        "{text}{content}</section>",
        id=title.lower(),
        title=title,
        text=html('<p class="hint">{text}</p>', text=text) if text else "",
        content=content,
    )


def table(heads: tuple[str, ...], rows: list[list[object]]) -> Html:
    """On a phone every row is a small card of its own, each value under its head."""
    if not rows:
        return html('<p class="hint">None yet.</p>')
    return html(
        '<table class="rows"><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>',
        heads=join((html('<th scope="col">{h}</th>', h=head) for head in heads), ""),
        rows=join(_row(heads, row) for row in rows),
    )


def _row(heads: tuple[str, ...], row: list[object]) -> Html:
    cells = (html('<td data-head="{h}">{c}</td>', h=h, c=c) for h, c in zip(heads, row, strict=True))
    return html("<tr>{cells}</tr>", cells=join(cells, ""))


def _buttons(found: Iterable[Html]) -> Html:
    return html('<div class="buttons">{all}</div>', all=join(found, ""))


def _email(sandbox: Sandbox, customer: str | None) -> str:
    return str((sandbox.get("customer", customer) or {}).get("email") or "guest")


def _state(word: str, label: str) -> Html:
    return html('<span class="state {word}">{label}</span>', word=word, label=label)


def subscriptions(sandbox: Sandbox) -> Html:
    rows = [_subscription(sandbox, body) for body in sandbox.store.of_kind("subscription", SHOWN)]
    return section("Subscriptions", "", table(("Customer", "Price", "Status", "Period ends", "Do"), rows))


def _subscription(sandbox: Sandbox, subscription: Json) -> list[object]:
    price, email = subscription["items"]["data"][0]["price"], _email(sandbox, subscription["customer"])
    over, end, status = subscription["status"] in ENDED, period_end(subscription), subscription["status"]
    on_clock = subscription["test_clock"]
    later = str(end + 2 * HOUR)
    deeds = [] if on_clock else [button(sandbox, "clock/advance", "Advance to its renewal", email, to=later)]
    deeds.append(button(sandbox, "subscription/cancel", "Cancel now", email, subscription=subscription["id"]))
    return [
        email,
        f"{money(price['unit_amount'], price['currency'])} {every(price['recurring'])}",
        _state(status, STATES[status] + (", on a test clock" if on_clock else "")),
        "—" if over else ENGLISH.date(end),
        "" if over else _buttons(deeds),
    ]


def payments(sandbox: Sandbox) -> Html:
    rows: list[list[object]] = [
        [
            ENGLISH.date(charge["created"]),
            charge["billing_details"]["email"] or _email(sandbox, charge["customer"]),
            money(charge["amount"], charge["currency"]),
            _charge_state(sandbox, charge),
            _buttons(_charge_deeds(sandbox, charge)),
        ]
        for charge in sandbox.store.of_kind("charge", SHOWN)
    ]
    return section("Payments", "", table(("Date", "Payer", "Amount", "Status", "Do"), rows))


def _dispute_of(sandbox: Sandbox, charge: Json) -> Json | None:
    return next(sandbox.store.where("dispute", "charge", charge["id"]), None)


def _refund_of(sandbox: Sandbox, charge: Json) -> Json | None:
    """A refund of this charge that still waits."""
    found = sandbox.store.where("refund", "charge", charge["id"])
    return next((r for r in found if r["status"] == "pending"), None)


def _charge_state(sandbox: Sandbox, charge: Json) -> Html:
    dispute = _dispute_of(sandbox, charge)
    if dispute:
        word = dispute["status"].replace("warning_", "inquiry, ").replace("_", " ")
        return _state("past_due", f"Disputed: {word}")
    if _refund_of(sandbox, charge):
        return _state("past_due", "Refund pending")
    if charge["refunded"]:
        return _state("", "Refunded")
    if charge["amount_refunded"]:
        return _state("", f"Partly refunded ({money(charge['amount_refunded'], charge['currency'])})")
    failed = charge["failure_message"]
    good = "active" if charge["status"] == "succeeded" else "past_due"
    return _state(good, f"Failed: {failed}" if failed else str(charge["status"]).title())


def _charge_deeds(sandbox: Sandbox, charge: Json) -> list[Html]:
    about = f"({money(charge['amount'], charge['currency'])})"
    if charge["status"] == "pending":
        intent = charge["payment_intent"]
        arrives = button(sandbox, "settle", "The money arrives", about, payment_intent=intent)
        return [arrives, button(sandbox, "settle", "It bounces", about, payment_intent=intent, fail="1")]
    refund, dispute = _refund_of(sandbox, charge), _dispute_of(sandbox, charge)
    deeds = []
    if refund:
        deeds.append(button(sandbox, "refund/succeed", "Refund arrives", about, refund=refund["id"]))
        deeds.append(button(sandbox, "refund/fail", "Refund fails", about, refund=refund["id"]))
    deeds += _dispute_deeds(sandbox, dispute, about) if dispute else []
    if charge["status"] != "succeeded" or charge["refunded"] or (dispute and not dispute["is_charge_refundable"]):
        return deeds
    return deeds + _money_deeds(sandbox, charge, about, disputed=dispute is not None)


def _dispute_deeds(sandbox: Sandbox, dispute: Json, about: str) -> list[Html]:
    if dispute["status"].startswith("warning_") and dispute["status"] != "warning_closed":
        return [button(sandbox, "dispute/escalate", "Make it a chargeback", about, dispute=dispute["id"])]
    if dispute["status"] not in ("needs_response", "under_review"):
        return []
    return [
        button(sandbox, "dispute/decide", f"Dispute {outcome}", about, dispute=dispute["id"], outcome=outcome)
        for outcome in ("won", "lost")
    ]


def _money_deeds(sandbox: Sandbox, charge: Json, about: str, *, disputed: bool) -> list[Html]:
    half = str(max(1, (charge["amount"] - charge["amount_refunded"]) // 2))
    deeds = [
        button(sandbox, "refund", "Refund", about, charge=charge["id"]),
        button(sandbox, "refund", "Refund half", about, charge=charge["id"], amount=half),
    ]
    if disputed:
        return deeds
    return [
        *deeds,
        button(sandbox, "dispute", "Dispute", about, charge=charge["id"]),
        button(sandbox, "dispute", "Inquire", about, charge=charge["id"], inquiry="1"),
        button(sandbox, "early_fraud_warning", "Warn of fraud", about, charge=charge["id"]),
    ]


def sessions(sandbox: Sandbox) -> Html:
    rows = [_session(sandbox, session) for session in sandbox.store.of_kind("checkout.session", SHOWN)]
    return section("Checkout", "The newest payment pages.", table(("Payer", "For", "Total", "Status", "Do"), rows))


def _session(sandbox: Sandbox, session: Json) -> list[object]:
    email = (session["customer_details"] or {}).get("email") or "guest"
    total = money(session["amount_total"], session["currency"]) if session["amount_total"] is not None else "—"
    link = html('<a class="button small" href="{url}">Open page</a>', url=session["url"])
    deeds = [link, button(sandbox, "session/expire", "Expire", email, session=session["id"])]
    word, told = (
        "active" if session["status"] == "complete" else "",
        f"{session['status']}, {session['payment_status']}",
    )
    state = _state(word, told.replace("_", " "))
    return [email, session["mode"], total, state, _buttons(deeds) if session["url"] else ""]


def deliveries(sandbox: Sandbox) -> Html:
    rows = [_delivery(sandbox, row) for row in sandbox.store.rows(NEWEST, SHOWN)]
    heads = ("Event", "Status", "Answer", "Attempts", "Do")
    return section("Deliveries", "The newest webhooks.", table(heads, rows))


NEWEST = "SELECT * FROM delivery ORDER BY seq DESC LIMIT ?"


def _delivery(sandbox: Sandbox, row: Json) -> list[object]:
    word = {"delivered": "active", "failed": "past_due", "dropped": "past_due"}.get(row["status"], "")
    again = button(sandbox, "redeliver", "Send again", row["type"], id=row["event_id"])
    status = "to be tried again" if row["status"] == "pending" and row["attempt"] else row["status"]
    return [row["type"], _state(word, status), row["response"] or "—", row["attempt"], again]
