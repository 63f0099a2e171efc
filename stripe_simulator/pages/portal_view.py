"""What the customer portal shows. No script, any language we speak."""

from __future__ import annotations

from dataclasses import dataclass

from .. import billing, previewing
from ..blank import Json
from ..sandbox import Sandbox
from .card_fields import advice, card_fields
from .markup import Html, Reply, html, join, page
from .words import Words

STATES = {
    "active": "Active",
    "trialing": "Trial",
    "past_due": "Past due",
    "unpaid": "Unpaid",
    "incomplete": "Incomplete",
    "paused": "Paused",
    "canceled": "Ended",
    "incomplete_expired": "Ended",
}


@dataclass(frozen=True)
class PortalView:
    """One rendering of one portal session: `values` as typed, `problems` by field."""

    sandbox: Sandbox
    address: str
    session: Json
    values: dict[str, str]
    problems: dict[str, str]
    say: Words

    def page(self, leads_to: str) -> Reply:
        body = join([self._top(), *self._parts()])
        exits, base, say = (self.session["return_url"], leads_to), self.sandbox.public_url, self.say
        status = 422 if self.problems else 200
        return page(base, say("Billing"), body, kind="portal", status=status, leads_to=exits, say=say)

    def _parts(self) -> list[Html]:
        """The flow the session was opened for, until it is done; else everything."""
        done = self.sandbox.store.hidden(self.session["id"]).get("done")
        flow = (None if done else self.session["flow"]) or {"type": ""}
        kind = flow["type"]
        if kind == "subscription_update_confirm":
            return [self._confirmation(flow[kind])]
        if kind == "subscription_cancel":
            return [self._cancellation(self._named(flow[kind]))]
        if kind == "subscription_update":
            return [self._subscription(self._named(flow[kind]))]
        if kind == "payment_method_update":
            return [self._card_form(opened=True)]
        none = html('<p class="hint">{text}</p>', text=self.say("You have no subscription."))
        found = [self._subscription(subscription) for subscription in self.subscriptions()]
        return [*(found or [none]), self._card(), self._invoices()]

    def _named(self, told: Json) -> Json:
        return self.sandbox.require("subscription", told["subscription"])

    def features(self) -> Json:
        found: Json = self.sandbox.require("billing_portal.configuration", self.session["configuration"])["features"]
        return found

    def subscriptions(self) -> list[Json]:
        return list(self.sandbox.store.where("subscription", "customer", self.session["customer"]))

    def offered(self, subscription: Json) -> list[str]:
        """The ids of the prices a subscriber may switch to."""
        update = self.features()["subscription_update"]
        if not update["enabled"] or "price" not in update["default_allowed_updates"] or subscription["cancel_at"]:
            return []
        current = subscription["items"]["data"][0]["price"]["id"]
        prices = [price for product in update["products"] or [] for price in product["prices"]]
        return [price for price in prices if price != current and self.sandbox.get("price", price)]

    def _top(self) -> Html:
        customer, back = self.sandbox.get("customer", self.session["customer"]) or {}, self.session["return_url"]
        told = self.problems.get("page") or self.problems.get("card")
        link = html('<p><a class="back" href="{url}">{t}</a></p>', url=back, t=self.say("Return to the site"))
        return html(
            "{back}<h1>{title}</h1><p>{email}</p>{alert}",
            back=link if back else "",
            title=self.say("Billing"),
            email=customer.get("email"),
            alert=html('<p class="alert" role="alert">{text}</p>', text=self.say(told)) if told else "",
        )

    # Subscriptions

    def _subscription(self, subscription: Json) -> Html:
        item = subscription["items"]["data"][0]
        product = self.sandbox.get("product", item["price"]["product"]) or {"name": "Subscription"}
        return html(
            '<section class="card"><h2>{name} <span class="state {status}">{state}</span></h2>'
            "<p><strong>{amount}</strong> {rhythm}</p><p>{fate}</p>{buttons}</section>",
            name=product["name"],
            status=subscription["status"],
            state=self.say(STATES[subscription["status"]]),
            amount=self.say.money(item["price"]["unit_amount"] * item["quantity"], subscription["currency"]),
            rhythm=self.say.every(item["price"]["recurring"]),
            fate=self._fate(subscription),
            buttons=self._buttons(subscription),
        )

    def _fate(self, subscription: Json) -> str:
        say, end = self.say, billing.period_end(subscription)
        if subscription["status"] in billing.ENDED:
            return say("Ended on {date}.", date=say.date(subscription["ended_at"]))
        if subscription["cancel_at"]:
            return say("Ends on {date}; nothing more will be charged.", date=say.date(subscription["cancel_at"]))
        if subscription["status"] in ("past_due", "unpaid"):
            return say("The last payment failed. Change the card or pay the open invoice below.")
        return say("Renews on {date}.", date=say.date(end))

    def _buttons(self, subscription: Json) -> Html:
        if subscription["status"] in billing.ENDED:
            return Html("")
        buttons = [self._switch_button(subscription, price) for price in self.offered(subscription)]
        if self.features()["subscription_cancel"]["enabled"]:
            back = subscription["cancel_at"]
            deed, label = ("resume", "Keep my subscription") if back else ("cancel", "Cancel subscription")
            buttons.append(self._button(subscription, deed, self.say(label)))
        return html('<div class="buttons">{all}</div>', all=join(buttons, ""))

    def _switch_button(self, subscription: Json, price_id: str) -> Html:
        label = self.say("Switch to {price}", price=self._rate(self.sandbox.require("price", price_id)))
        return self._button(subscription, "switch", label, price_id)

    def _rate(self, price: Json) -> str:
        return f"{self.say.money(price['unit_amount'], price['currency'])} {self.say.every(price['recurring'])}"

    def _button(self, subscription: Json, deed: str, label: str, price: str = "", more: str = "") -> Html:
        return html(
            '<form method="post" action="{url}"><input type="hidden" name="subscription" value="{id}">{price}{more}'
            '<button class="button quiet" name="deed" value="{deed}">{label}</button></form>',
            url=self.address,
            id=subscription["id"],
            price=html('<input type="hidden" name="price" value="{id}">', id=price) if price else "",
            more=more,
            deed=deed,
            label=label,
        )

    # Flows

    def _cancellation(self, subscription: Json) -> Html:
        cancel = self.features()["subscription_cancel"]
        now = cancel["mode"] == "immediately"
        until = "Your subscription runs until {date} and is not renewed."
        date = self.say.date(billing.period_end(subscription))
        return html(
            '<section class="card"><h2>{title}</h2><p>{text}</p>{form}</section>',
            title=self.say("Confirm the cancellation"),
            text=self.say("Your subscription ends now.") if now else self.say(until, date=date),
            form=self._button(
                subscription,
                "cancel",
                self.say("Cancel subscription"),
                more=self._reasons(cancel["cancellation_reason"]),
            ),
        )

    def _reasons(self, reason: Json) -> Html:
        if not reason["enabled"]:
            return Html("")
        options = [
            html('<option value="{value}">{label}</option>', value=one, label=one.replace("_", " ").capitalize())
            for one in ["", *(reason["options"] or [])]
        ]
        return html(
            '<div class="field"><label for="reason">{label}</label>'
            '<select id="reason" name="reason">{all}</select></div>',
            label=self.say("Why do you cancel?"),
            all=join(options),
        )

    def _confirmation(self, told: Json) -> Html:
        subscription = self._named(told)
        item = subscription["items"]["data"][0]
        new = self.sandbox.require("price", told["items"][0]["price"] or item["price"]["id"])
        change = self.say("From {old} to {new}.", old=self._rate(item["price"]), new=self._rate(new))
        return html(
            '<section class="card"><h2>{title}</h2><p>{change}</p><p><strong>{cost}</strong></p>'
            '<form method="post" action="{url}"><input type="hidden" name="subscription" value="{id}">'
            '<button class="button" name="deed" value="confirm">{label}</button></form></section>',
            title=self.say("Confirm the change"),
            change=change,
            cost=self._cost(subscription, told),
            url=self.address,
            id=subscription["id"],
            label=self.say("Confirm"),
        )

    def _cost(self, subscription: Json, told: Json) -> str:
        """What confirming costs, from the very preview the API gives."""
        items = [{name: value for name, value in item.items() if value is not None} for item in told["items"]]
        details = {"items": items, "proration_behavior": self.features()["subscription_update"]["proration_behavior"]}
        params = {"subscription": subscription["id"], "subscription_details": details}
        shown = previewing.preview(self.sandbox, params)
        today = shown["billing_reason"] == "subscription_update"
        due, currency = shown["amount_due"] if today else 0, subscription["currency"]
        if today and shown["total"] < 0:
            credited = self.say.money(-shown["total"], currency)
            return self.say("Nothing is charged today; {amount} is credited to you.", amount=credited)
        return self.say("You pay {amount} today.", amount=self.say.money(due, currency))

    # Card and invoices

    def _card(self) -> Html:
        if not self.features()["payment_method_update"]["enabled"]:
            return Html("")
        card = (self._method() or {}).get("card")
        told = "{brand} ending in {last4}" if card else "No card saved."
        values = {"brand": card["brand"].title(), "last4": card["last4"]} if card else {}
        opened = bool(self.problems) and self.values.get("deed") == "card"
        return html(
            '<section class="card"><h2>{title}</h2><p>{told}</p>{form}</section>',
            title=self.say("Payment method"),
            told=self.say(told, **values),
            form=self._card_form(opened=opened),
        )

    def _method(self) -> Json | None:
        running = [s for s in self.subscriptions() if s["status"] not in billing.ENDED] or [{}]
        found = (billing.method_of(self.sandbox, s, self.session["customer"]) for s in running)
        return next((method for method in found if method and method["type"] == "card"), None)

    def _card_form(self, *, opened: bool) -> Html:
        said = {field: self.say(problem) for field, problem in self.problems.items()}
        return html(
            "<details{opened}><summary>{title}</summary>"
            '<form method="post" action="{url}" class="stack" novalidate>{fields}'
            '<button class="button" name="deed" value="card">{save}</button></form>{advice}</details>',
            opened=Html(" open") if opened else "",
            title=self.say("Change card"),
            url=self.address,
            fields=card_fields(self.values, said, self.say),
            save=self.say("Save card"),
            advice=advice(self.say),
        )

    def _invoices(self) -> Html:
        rows = [
            html(
                '<tr><td>{date}</td><td><a href="{url}">{number}</a></td><td>{amount}</td><td>{status}</td></tr>',
                date=self.say.date(invoice["created"]),
                url=invoice["hosted_invoice_url"],
                number=invoice["number"],
                amount=self.say.money(invoice["total"], invoice["currency"]),
                status=invoice["status"].title(),
            )
            for invoice in self.sandbox.store.where("invoice", "customer", self.session["customer"])
            if invoice["number"]
        ]
        if not rows or not self.features()["invoice_history"]["enabled"]:
            return Html("")
        heads = [html("<th>{head}</th>", head=self.say(head)) for head in ("Date", "Number", "Amount", "Status")]
        return html(
            '<section class="card"><h2>{title}</h2><div class="scroll"><table><thead><tr>{heads}</tr></thead>'
            "<tbody>{rows}</tbody></table></div></section>",
            title=self.say("Invoices"),
            heads=join(heads, ""),
            rows=join(rows),
        )
