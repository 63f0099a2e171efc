"""The customer portal: /p/session/{token}. Subscriptions, card, invoices; and the flows a session may open with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from .. import billing
from ..blank import Json
from ..errors import ApiError
from ..payment_methods import attach, billing_details, card_method
from ..plan_change import change_items
from ..pricing import every, money
from ..sandbox import Sandbox
from .card_fields import advice, card_fields, read_fields
from .markup import Html, Reply, html, join, note, page, redirect

LIVES = 3_600  # seconds a portal address is good for

STATES = {
    "active": "Active",
    "trialing": "Trial",
    "past_due": "Past due",
    "unpaid": "Unpaid",
    "incomplete": "Incomplete",
    "paused": "Paused",
    "canceled": "Ended",
}


def date(moment: int | None) -> str:
    """14 March 2027."""
    return f"{datetime.fromtimestamp(moment, UTC):%-d %B %Y}" if moment else "—"


@dataclass(frozen=True)
class PortalPage:
    sandbox: Sandbox
    token: str

    @property
    def address(self) -> str:
        return f"{self.sandbox.public_url}/p/session/{self.token}"

    def _session(self) -> Json | None:
        found = self.sandbox.store.of_kind("billing_portal.session")
        session = next((s for s in found if s["url"].endswith("/" + self.token)), None)
        return session if session and self._lives(session) else None

    def _lives(self, session: Json) -> bool:
        with self.sandbox.on_clock(session["id"]):
            return bool(session["created"] + LIVES > self.sandbox.now())

    def show(self) -> Reply:
        with self.sandbox.transaction():
            self.sandbox.run_due()
            session = self._session()
            return self._page(session, {}, {}) if session else self._expired()

    def _expired(self) -> Reply:
        text = "This address has expired. Go back to the site and open it again from there."
        return note(self.sandbox.public_url, "This link has expired", text, status=404)

    def act(self, form: dict[str, str]) -> Reply:
        with self.sandbox.transaction():
            self.sandbox.run_due()
            session = self._session()
            if session is None:
                return self._expired()
            try:
                with self.sandbox.on_clock(session["id"]):
                    problems = self._do(session, form)
            except ApiError as error:
                problems = {"page": error.message}
            return self._page(session, form, problems) if problems else redirect(self._next(session, form))

    # Deeds

    def _do(self, session: Json, form: dict[str, str]) -> dict[str, str]:
        deed = form.get("deed", "")
        if deed == "card":
            return self._change_card(session, form)
        subscription = self.sandbox.get("subscription", form.get("subscription"))
        if subscription is None or subscription["customer"] != session["customer"]:
            return {"page": "This subscription is not yours to change."}
        if deed == "cancel":
            self._cancel(session, subscription)
        elif deed == "resume":
            self.sandbox.update(subscription, "customer.subscription.updated", **billing.STAYING)
        elif deed == "confirm":
            self._confirm(session, subscription)
        elif deed == "switch":
            self._switch(session, subscription, form.get("price", ""))
        else:
            return {"page": "Nothing was changed."}
        return {}

    def _cancel(self, session: Json, subscription: Json) -> None:
        """In flexible billing mode the portal sets `cancel_at`, not `cancel_at_period_end`."""
        if self._features(session)["subscription_cancel"]["mode"] == "immediately":
            billing.cancel_now(self.sandbox, subscription)
            return
        end = billing.period_end(subscription)
        flexible = subscription["billing_mode"]["type"] == "flexible"
        changes = billing.ending(self.sandbox, subscription, at=end if flexible else None)
        self.sandbox.update(subscription, "customer.subscription.updated", **changes)

    def _confirm(self, session: Json, subscription: Json) -> None:
        told = (session["flow"] or {}).get("subscription_update_confirm")
        if not told or told["subscription"] != subscription["id"]:
            raise ApiError(400, "There is no change to confirm.")
        behavior = self._features(session)["subscription_update"]["proration_behavior"]
        items = [{name: value for name, value in item.items() if value is not None} for item in told["items"]]
        change_items(self.sandbox, subscription, {"items": items, "proration_behavior": behavior})
        self.sandbox.store.hide(session["id"], done=True)

    def _switch(self, session: Json, subscription: Json, price: str) -> None:
        """To another price the configuration offers, billed as it says."""
        if price not in self._offered(session, subscription):
            raise ApiError(400, "This plan is not offered.")
        behavior = self._features(session)["subscription_update"]["proration_behavior"]
        items = [{"id": subscription["items"]["data"][0]["id"], "price": price}]
        change_items(self.sandbox, subscription, {"items": items, "proration_behavior": behavior})

    def _offered(self, session: Json, subscription: Json) -> list[str]:
        """The ids of the prices a subscriber may switch to."""
        update = self._features(session)["subscription_update"]
        if not update["enabled"] or "price" not in update["default_allowed_updates"] or subscription["cancel_at"]:
            return []
        current = subscription["items"]["data"][0]["price"]["id"]
        prices = [price for product in update["products"] or [] for price in product["prices"]]
        return [price for price in prices if price != current and self.sandbox.get("price", price)]

    def _change_card(self, session: Json, form: dict[str, str]) -> dict[str, str]:
        details, problems = read_fields(form, self.sandbox.now())
        if details is None:
            return problems
        if not details.card.saves:
            return {"card": "Your card was declined."}
        customer = self.sandbox.require("customer", session["customer"])
        billing_ = billing_details(customer["email"], form.get("name"), form.get("country"))
        method = attach(self.sandbox, card_method(self.sandbox, details, billing_), customer["id"])
        settings = customer["invoice_settings"] | {"default_payment_method": method["id"]}
        self.sandbox.update(customer, "customer.updated", invoice_settings=settings)
        for subscription in self._subscriptions(session):
            if subscription["status"] not in billing.ENDED:
                changes = {"default_payment_method": method["id"]}
                self.sandbox.update(subscription, "customer.subscription.updated", **changes)
        self.sandbox.store.hide(session["id"], done=True)
        return {}

    def _next(self, session: Json, form: dict[str, str]) -> str:
        """Where a deed leads: as the flow's `after_completion` says, else back to the portal's own page."""
        flow = session["flow"]
        if flow and flow["after_completion"]["type"] == "redirect":
            return str(flow["after_completion"]["redirect"]["return_url"])
        return self.address

    # The page

    def _features(self, session: Json) -> Json:
        features: Json = self.sandbox.require("billing_portal.configuration", session["configuration"])["features"]
        return features

    def _subscriptions(self, session: Json) -> list[Json]:
        found = self.sandbox.store.of_kind("subscription")
        return [s for s in found if s["customer"] == session["customer"]]

    def _page(self, session: Json, values: dict[str, str], problems: dict[str, str]) -> Reply:
        done = self.sandbox.store.hidden(session["id"]).get("done")
        flow = None if done else session["flow"]
        kind = flow["type"] if flow else ""
        parts: list[Html] = [self._top(session, problems)]
        if kind == "subscription_update_confirm" and flow:
            parts.append(self._change(flow[kind]))
        elif kind == "payment_method_update":
            parts.append(self._card_form(values, problems, opened=True))
        else:
            parts += [self._subscription(s, session) for s in self._subscriptions(session)] or [
                html('<p class="hint">{text}</p>', text="You have no subscription.")
            ]
            parts += [self._card(session, values, problems), self._invoices(session)]
        leads_to = (session["return_url"], self._next(session, {}))
        status = 422 if problems else 200
        return page(self.sandbox.public_url, "Billing", join(parts), kind="portal", status=status, leads_to=leads_to)

    def _top(self, session: Json, problems: dict[str, str]) -> Html:
        customer = self.sandbox.get("customer", session["customer"]) or {}
        told = problems.get("page") or problems.get("card")
        return html(
            "{back}<h1>Billing</h1><p>{email}</p>{alert}",
            back=html('<p><a class="back" href="{url}">Return to the site</a></p>', url=session["return_url"])
            if session["return_url"]
            else "",
            email=customer.get("email"),
            alert=html('<p class="alert" role="alert">{text}</p>', text=told) if told else "",
        )

    def _subscription(self, subscription: Json, session: Json) -> Html:
        item = subscription["items"]["data"][0]
        product = self.sandbox.get("product", item["price"]["product"]) or {"name": "Subscription"}
        return html(
            '<section class="card"><h2>{name} <span class="state {status}">{state}</span></h2>'
            "<p><strong>{amount}</strong> {rhythm}</p><p>{fate}</p>{buttons}</section>",
            name=product["name"],
            status=subscription["status"],
            state=STATES.get(subscription["status"], subscription["status"]),
            amount=money(item["price"]["unit_amount"] * item["quantity"], subscription["currency"]),
            rhythm=every(item["price"]["recurring"]),
            fate=_fate(subscription),
            buttons=self._buttons(subscription, session),
        )

    def _buttons(self, subscription: Json, session: Json) -> Html:
        if subscription["status"] in billing.ENDED:
            return Html("")
        buttons = [self._switch_button(subscription, price) for price in self._offered(session, subscription)]
        if self._features(session)["subscription_cancel"]["enabled"]:
            deed, label = (
                ("resume", "Keep my subscription") if subscription["cancel_at"] else ("cancel", "Cancel subscription")
            )
            buttons.append(self._button(subscription, deed, label))
        return html('<div class="buttons">{all}</div>', all=join(buttons, ""))

    def _switch_button(self, subscription: Json, price_id: str) -> Html:
        price = self.sandbox.require("price", price_id)
        label = f"Switch to {money(price['unit_amount'], price['currency'])} {every(price['recurring'])}"
        return self._button(subscription, "switch", label, price_id)

    def _button(self, subscription: Json, deed: str, label: str, price: str = "") -> Html:
        return html(
            '<form method="post" action="{url}"><input type="hidden" name="subscription" value="{id}">{price}'
            '<button class="button quiet" name="deed" value="{deed}">{label}</button></form>',
            url=self.address,
            id=subscription["id"],
            price=html('<input type="hidden" name="price" value="{id}">', id=price) if price else "",
            deed=deed,
            label=label,
        )

    def _change(self, told: Json) -> Html:
        subscription = self.sandbox.require("subscription", told["subscription"])
        price = self.sandbox.require("price", told["items"][0]["price"])
        old = subscription["items"]["data"][0]["price"]
        return html(
            '<section class="card"><h2>Confirm the change</h2><p>From {old} to <strong>{new}</strong>.</p>'
            "<p>What you have not used of the current period is credited. The rest is charged today.</p>"
            '<form method="post" action="{url}"><input type="hidden" name="subscription" value="{id}">'
            '<button class="button" name="deed" value="confirm">Confirm</button></form></section>',
            old=f"{money(old['unit_amount'], old['currency'])} {every(old['recurring'])}",
            new=f"{money(price['unit_amount'], price['currency'])} {every(price['recurring'])}",
            url=self.address,
            id=subscription["id"],
        )

    def _card(self, session: Json, values: dict[str, str], problems: dict[str, str]) -> Html:
        if not self._features(session)["payment_method_update"]["enabled"]:
            return Html("")
        method = self._method(session)
        told = f"{method['card']['brand'].title()} ending in {method['card']['last4']}" if method else "No card saved."
        return html(
            '<section class="card"><h2>Payment method</h2><p>{told}</p>{form}</section>',
            told=told,
            form=self._card_form(values, problems, opened=bool(problems) and values.get("deed") == "card"),
        )

    def _method(self, session: Json) -> Json | None:
        customer = self.sandbox.get("customer", session["customer"]) or {}
        ids = [s["default_payment_method"] for s in self._subscriptions(session)]
        ids.append((customer.get("invoice_settings") or {}).get("default_payment_method"))
        found = (self.sandbox.get("payment_method", i) for i in ids)
        return next((method for method in found if method and method["type"] == "card"), None)

    def _card_form(self, values: dict[str, str], problems: dict[str, str], opened: bool) -> Html:
        return html(
            "<details{opened}><summary>Change card</summary>"
            '<form method="post" action="{url}" class="stack" novalidate>{fields}'
            '<button class="button" name="deed" value="card">Save card</button></form>{advice}</details>',
            opened=Html(" open") if opened else "",
            url=self.address,
            fields=card_fields(values, problems),
            advice=advice(),
        )

    def _invoices(self, session: Json) -> Html:
        rows = [
            html(
                '<tr><td>{date}</td><td><a href="{url}">{number}</a></td><td>{amount}</td><td>{status}</td></tr>',
                date=date(invoice["created"]),
                url=invoice["hosted_invoice_url"],
                number=invoice["number"],
                amount=money(invoice["total"], invoice["currency"]),
                status=invoice["status"].title(),
            )
            for invoice in self.sandbox.store.of_kind("invoice")
            if invoice["customer"] == session["customer"] and invoice["number"]
        ]
        if not rows or not self._features(session)["invoice_history"]["enabled"]:
            return Html("")
        return html(
            '<section class="card"><h2>Invoices</h2><div class="scroll"><table><thead><tr><th>Date</th><th>Number</th>'
            "<th>Amount</th><th>Status</th></tr></thead><tbody>{rows}</tbody></table></div></section>",
            rows=join(rows),
        )


def _fate(subscription: Json) -> str:
    end = date(billing.period_end(subscription))
    if subscription["status"] in billing.ENDED:
        return f"Ended on {date(subscription['ended_at'])}."
    if subscription["cancel_at"]:
        return f"Ends on {date(subscription['cancel_at'])}; nothing more will be charged."
    if subscription["status"] in ("past_due", "unpaid"):
        return "The last payment failed. Change the card or pay the open invoice below."
    return f"Renews on {end}."
