"""The console (/_sim/) for a person in the demo: what happened, and buttons for what only a simulator can do."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime

from .. import books
from ..blank import Json
from ..cards import DECLINES
from ..pricing import money
from ..sandbox import Sandbox
from . import console_tables as tables
from .console_tables import button, fields, section
from .markup import Html, Reply, html, join, page

STEPS = (
    ("1 hour", "0.041667"),
    ("1 day", "1"),
    ("1 week", "7"),
    ("1 month", "31"),
    ("1 year", "366"),
)
PARTS = ("Time", "Webhooks", "Trouble", "Subscriptions", "Payments", "Checkout", "Deliveries", "Money")
REDIRECTS = {
    "wait": "Webhooks first, then the reader is sent back",
    "redirect_first": "The reader is sent back before the webhooks",
    "webhook_never": "Webhooks are dropped",
}
ORDERS = {"created": "In order", "shuffled": "Shuffled", "reversed": "Backwards"}
FAULTS = {
    "500": "It fails (500)",
    "429": "Too many requests (429)",
    "slow": "It takes three seconds",
    "reset": "The connection is lost",
}


def newest_event(sandbox: Sandbox) -> int:
    """The place of the newest event among all objects; what comes after it is news."""
    row = sandbox.store.row("SELECT max(seq) AS seq FROM object WHERE kind = 'event'")
    return int(row["seq"] or 0) if row else 0


def console(sandbox: Sandbox, told: str = "", since: str = "") -> Reply:
    """The whole page; after a deed (`told`) with what came of it: the events after `since` and their deliveries."""
    with sandbox.transaction():
        sandbox.run_due()
        news = News(sandbox, int(since)) if since.isdecimal() else None
        parts = [_top(sandbox), _result(told, news), _time(sandbox), _webhooks(sandbox), _trouble(sandbox)]
        parts += [tables.subscriptions(sandbox), tables.payments(sandbox), tables.sessions(sandbox)]
        parts += [tables.deliveries(sandbox), _money(sandbox)]
    return page(sandbox.public_url, "Local Stripe", join(parts), kind="console")


def _state(delivery: Json) -> str:
    """In words; what failed once waits for its next try, which the clock brings."""
    if delivery["status"] in ("pending", "sending"):
        return "to be tried again" if delivery["attempt"] else "on their way"
    return str(delivery["status"])


class News:
    """What a deed led to."""

    def __init__(self, sandbox: Sandbox, since: int) -> None:
        rows = sandbox.store.rows("SELECT id, body FROM object WHERE kind = 'event' AND seq > ?", since)
        self.types = Counter(tables.type_of(row["body"]) for row in rows)
        known = {row["id"] for row in rows}
        sent = sandbox.store.rows("SELECT event_id, status, attempt FROM delivery ORDER BY seq DESC LIMIT 2000")
        self.states = Counter(_state(row) for row in sent if row["event_id"] in known)

    @property
    def total(self) -> int:
        return sum(self.states.values())

    @property
    def waiting(self) -> int:
        return self.states["on their way"]

    def told(self) -> str:
        """ "12 webhooks: 10 delivered, 2 on their way." """
        if not self.total:
            return "No webhook was sent."
        states = ", ".join(f"{count} {state}" for state, count in sorted(self.states.items()))
        return f"{self.total} webhook{'s' if self.total > 1 else ''}: {states}."


def _top(sandbox: Sandbox) -> Html:
    links = (html('<a href="#{id}">{part}</a>', id=part.lower(), part=part) for part in PARTS)
    return html(
        '<div class="top"><h1>Local Stripe</h1><p>{name}</p></div><nav aria-label="Console">{links}</nav>',
        name=sandbox.business,
        links=join(links),
    )


def _result(told: str, news: News | None) -> Html:
    if not told:
        return Html("")
    failed = not told.endswith("done.")
    happened = join((html("<li>{t} <b>×{n}</b></li>", t=t, n=n) for t, n in news.types.items()) if news else [])
    bar = '<progress aria-label="Webhooks sent" max="{all}" value="{done}"></progress><p><a href="">Look again</a></p>'
    return html(
        '<section class="alert {state}" role="status" id="result"><p><strong>{told}</strong></p>'
        "{bar}<p>{sent}</p>{events}</section>",
        state="" if failed else "done",
        told=told,
        bar=html(bar, all=news.total, done=news.total - news.waiting) if news and news.waiting else "",
        sent=news.told() if news and not failed else "",
        events=html('<ul class="events">{all}</ul>', all=happened) if happened else "",
    )


def _time(sandbox: Sandbox) -> Html:
    now, ahead = datetime.fromtimestamp(sandbox.wall(), UTC), sandbox.offset
    told = f"{ahead // 86_400} days ahead of the real time" if ahead >= 86_400 else f"{ahead // 3_600} hours ahead"
    buttons = [button(sandbox, "clock/advance", f"Advance {label}", days=days) for label, days in STEPS]
    forget = html(
        '<details class="danger"><summary>Forget everything…</summary><p>All customers, payments and subscriptions go; '
        "the clock goes back to the real time. What the journal knows stays.</p>{button}</details>",
        button=button(sandbox, "reset", "Forget everything"),
    )
    return section(
        "Time",
        "Renewals, expiries and retries on the way happen at their time. The clock only goes forward.",
        html(
            '<p class="clock"><time datetime="{iso}">{day}</time> <span>{told}</span></p>'
            '<div class="buttons">{all}</div>{forget}',
            iso=f"{now:%Y-%m-%dT%H:%MZ}",
            day=f"{now:%-d %B %Y, %H:%M} UTC",
            told=told if ahead else "the real time",
            all=join(buttons, ""),
            forget=forget,
        ),
    )


def _choices(sandbox: Sandbox, knob: str, labels: dict[str, str], current: str, legend: str) -> Html:
    """A knob's positions, of which one is chosen; the button turns it."""
    rows = [
        html(
            '<label><input type="radio" name="{knob}" value="{value}"{checked}> {label}</label>',
            knob=knob,
            value=value,
            label=label,
            checked=Html(" checked") if value == current else "",
        )
        for value, label in labels.items()
    ]
    return html(
        '<form method="post" action="{base}/_sim/config" class="knob"><input type="hidden" name="console" '
        'value="{legend}"><fieldset class="methods"><legend>{legend}</legend>{rows}</fieldset>'
        '<button class="button small">Set</button></form>',
        base=sandbox.public_url,
        legend=legend,
        rows=join(rows),
    )


def _webhooks(sandbox: Sandbox) -> Html:
    knobs = sandbox.knobs
    warning = html('<p class="alert">{t}</p>', t="Webhooks are dropped: the journal learns nothing from them.")
    content = html(
        '{warning}<div class="pair">{redirect}{order}</div>{again}',
        warning=warning if knobs.redirect == "webhook_never" else "",
        redirect=_choices(sandbox, "redirect", REDIRECTS, knobs.redirect, "After a payment"),
        order=_choices(sandbox, "order", ORDERS, knobs.order, "Order of webhooks"),
        again=button(sandbox, "redeliver", "Send all webhooks again"),
    )
    return section("Webhooks", "How the journal hears of what happens here.", content)


def _trouble(sandbox: Sandbox) -> Html:
    waiting = sandbox.store.setting("fail_next", [])
    faults = sum(int(fault["times"]) for fault in sandbox.knobs.faults)
    told = [
        f"{len(waiting)} renewals to come are declined." if waiting else "",
        f"{faults} faults wait." if faults else "",
    ]
    return section(
        "Trouble",
        "What goes wrong next. " + " ".join(filter(None, told)),
        html(
            '<div class="pair">{renewal}{fault}</div>',
            renewal=fields(
                sandbox,
                "fail_next",
                "Fail the next renewal",
                code=(
                    "Why",
                    {code: message for code, (_, message) in DECLINES.items() if code != "authentication_failed"},
                ),
            ),
            fault=fields(
                sandbox,
                "fault",
                "Spoil the journal's next request",
                hidden={"endpoint": "", "seconds": "3"},
                kind=("How", FAULTS),
            ),
        ),
    )


def _money(sandbox: Sandbox) -> Html:
    rows = [_sums(currency, found) for currency, found in books.sums(sandbox).items()]
    heads = ("Currency", "Paid", "Refunded", "Charged back", "Balance before fees")
    return section("Money", "What came in and went out.", tables.table(heads, rows))


def _sums(currency: str, found: Json) -> list[object]:
    names = ("charges", "refunds", "disputes", "gross")
    return [currency.upper(), *(money(found[name], currency) for name in names)]
