"""The console (/_sim/) for a person in the demo: what happened, and buttons for what only a simulator can do."""

from __future__ import annotations

from datetime import UTC, datetime

from ..billing import ENDED, period_end
from ..blank import Json
from ..pricing import every, money
from ..sandbox import Sandbox
from .markup import Html, Reply, html, join, page
from .portal_view import STATES
from .words import ENGLISH

SHOWN = 12


def console(sandbox: Sandbox, told: str = "") -> Reply:
    with sandbox.transaction():
        sandbox.run_due()
        body = join(
            [
                html("<h1>Local Stripe</h1><p>{name}. It is {now} here.</p>", name=sandbox.business, now=_now(sandbox)),
                html('<p class="alert done" role="status">{told}</p>', told=told) if told else Html(""),
                _clock(sandbox),
                _webhooks(sandbox),
                _subscriptions(sandbox),
                _payments(sandbox),
                _sessions(sandbox),
                _deliveries(sandbox),
            ]
        )
    return page(sandbox.public_url, "Local Stripe", body, kind="console")


def _now(sandbox: Sandbox) -> str:
    ahead = sandbox.offset
    moment = f"{datetime.fromtimestamp(sandbox.now(), UTC):%-d %B %Y, %H:%M} UTC"
    return f"{moment} ({ahead // 86_400} days ahead of the real time)" if ahead else moment


def button(sandbox: Sandbox, deed: str, label: str, **values: str) -> Html:
    """A form of one button that does a control deed and comes back here."""
    hidden = [
        html('<input type="hidden" name="{name}" value="{value}">', name=name, value=value)
        for name, value in values.items()
    ]
    return html(
        '<form method="post" action="{base}/_sim/{deed}"><input type="hidden" name="console" value="{label}">'
        '{hidden}<button class="button small">{label}</button></form>',
        base=sandbox.public_url,
        deed=deed,
        label=label,
        hidden=join(hidden, ""),
    )


def _section(title: str, text: str, content: Html) -> Html:
    return html(
        '<section class="card"><h2>{title}</h2><p class="hint">{text}</p>{content}</section>',
        title=title,
        text=text,
        content=content,
    )


def _row(buttons: list[Html]) -> Html:
    return html('<div class="buttons">{all}</div>', all=join(buttons, ""))


def _clock(sandbox: Sandbox) -> Html:
    steps = (("1 hour", "0.041667"), ("1 day", "1"), ("1 week", "7"), ("1 month", "31"), ("1 year", "366"))
    buttons = [button(sandbox, "clock/advance", f"Advance {label}", days=days) for label, days in steps]
    buttons.append(button(sandbox, "reset", "Forget everything"))
    text = "Renewals, expiries and retries on the way happen at their time. The clock only goes forward."
    return _section("Clock", text, _row(buttons))


def _webhooks(sandbox: Sandbox) -> Html:
    knobs = sandbox.knobs
    modes = (("wait", "Redirect waits for the webhook"), ("redirect_first", "Redirect first"))
    buttons = [button(sandbox, "config", label, redirect=mode) for mode, label in modes if knobs.redirect != mode]
    if knobs.redirect != "webhook_never":
        buttons.append(button(sandbox, "config", "Drop all webhooks", redirect="webhook_never"))
    orders = [order for order in ("created", "shuffled", "reversed") if order != knobs.order]
    buttons += [button(sandbox, "config", f"Order: {order}", order=order) for order in orders]
    buttons.append(button(sandbox, "redeliver", "Redeliver everything"))
    buttons.append(button(sandbox, "fail_next", "Fail the next renewal"))
    text = f"Now: redirect = {knobs.redirect}, order = {knobs.order}, signature = {knobs.sign}."
    return _section("Webhooks", text, _row(buttons))


def _table(heads: tuple[str, ...], rows: list[Html]) -> Html:
    if not rows:
        return html('<p class="hint">None yet.</p>')
    return html(
        '<div class="scroll"><table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div>',
        heads=join((html("<th>{h}</th>", h=head) for head in heads), ""),
        rows=join(rows),
    )


def _cells(*cells: object) -> Html:
    return html("<tr>{cells}</tr>", cells=join((html("<td>{c}</td>", c=cell) for cell in cells), ""))


def _email(sandbox: Sandbox, customer: str | None) -> str:
    return str((sandbox.get("customer", customer) or {}).get("email") or "guest")


def _newest(sandbox: Sandbox, kind: str) -> list[Json]:
    return list(sandbox.store.of_kind(kind))[:SHOWN]


def _subscriptions(sandbox: Sandbox) -> Html:
    rows = []
    for subscription in _newest(sandbox, "subscription"):
        item = subscription["items"]["data"][0]
        price = item["price"]
        ended = subscription["status"] in ENDED
        what = f"{money(price['unit_amount'], price['currency'])} {every(price['recurring'])}"
        until = "—" if ended else ENGLISH.date(period_end(subscription))
        end = button(sandbox, "subscription/cancel", "Cancel now", subscription=subscription["id"])
        state = STATES.get(subscription["status"], subscription["status"])
        rows.append(_cells(_email(sandbox, subscription["customer"]), what, state, until, "" if ended else end))
    return _section("Subscriptions", "", _table(("Customer", "Price", "Status", "Period ends", "Do"), rows))


def _payments(sandbox: Sandbox) -> Html:
    rows = [
        _cells(
            ENGLISH.date(charge["created"]),
            charge["billing_details"]["email"] or _email(sandbox, charge["customer"]),
            money(charge["amount"], charge["currency"]),
            _charge_state(charge),
            _row(_charge_deeds(sandbox, charge)),
        )
        for charge in _newest(sandbox, "charge")
    ]
    return _section("Payments", "", _table(("Date", "Payer", "Amount", "Status", "Do"), rows))


def _charge_state(charge: Json) -> str:
    if charge["disputed"]:
        return "Disputed"
    if charge["refunded"]:
        return "Refunded"
    if charge["amount_refunded"]:
        return f"Partly refunded ({money(charge['amount_refunded'], charge['currency'])})"
    failed = charge["failure_message"]
    return f"Failed: {failed}" if failed else str(charge["status"]).title()


def _charge_deeds(sandbox: Sandbox, charge: Json) -> list[Html]:
    if charge["disputed"]:
        found = sandbox.store.of_kind("dispute")
        disputes = [
            d for d in found if d["charge"] == charge["id"] and d["status"] in ("needs_response", "under_review")
        ]
        return [
            button(sandbox, "dispute/decide", f"Dispute {outcome}", dispute=dispute["id"], outcome=outcome)
            for dispute in disputes
            for outcome in ("won", "lost")
        ]
    if charge["status"] != "succeeded" or charge["refunded"]:
        return []
    half = str(max(1, (charge["amount"] - charge["amount_refunded"]) // 2))
    return [
        button(sandbox, "refund", "Refund", charge=charge["id"]),
        button(sandbox, "refund", "Refund half", charge=charge["id"], amount=half),
        button(sandbox, "dispute", "Dispute", charge=charge["id"]),
    ]


def _sessions(sandbox: Sandbox) -> Html:
    rows = []
    for session in _newest(sandbox, "checkout.session"):
        link = html('<a href="{url}">Open page</a>', url=session["url"]) if session["url"] else ""
        expire = button(sandbox, "session/expire", "Expire", session=session["id"]) if session["url"] else Html("")
        what = money(session["amount_total"], session["currency"])
        email = (session["customer_details"] or {}).get("email") or "guest"
        rows.append(
            _cells(email, session["mode"], what, f"{session['status']}, {session['payment_status']}", link, expire)
        )
    heads = ("Payer", "Mode", "Total", "Status", "Page", "Do")
    return _section("Checkout sessions", "", _table(heads, rows))


def _deliveries(sandbox: Sandbox) -> Html:
    newest = sandbox.store.rows("SELECT * FROM delivery ORDER BY seq DESC LIMIT ?", SHOWN)
    rows = [
        _cells(
            row["type"],
            row["status"],
            row["response"] or "—",
            row["attempt"],
            button(sandbox, "redeliver", "Redeliver", id=row["event_id"]),
        )
        for row in newest
    ]
    return _section("Deliveries", "", _table(("Event", "Status", "Answer", "Attempts", "Do"), rows))
