"""The customer portal: /p/session/{token}. Subscriptions, card, invoices; and the flows a session may open with."""

from __future__ import annotations

from dataclasses import dataclass

from .. import billing
from ..blank import Json
from ..errors import ApiError
from ..payment_methods import attach, billing_details, card_method
from ..plan_change import change_items
from ..sandbox import Sandbox
from .card_fields import read_fields
from .markup import Reply, note, redirect
from .portal_view import PortalView
from .words import Words, language_of

LIVES = 3_600  # seconds a portal address is good for


@dataclass(frozen=True)
class PortalPage:
    """One visit to one portal session; it opens its own transactions."""

    sandbox: Sandbox
    token: str
    languages: str = ""  # what the browser asks for

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

    def _view(self, session: Json, values: dict[str, str], problems: dict[str, str]) -> PortalView:
        told = session["locale"]
        say = Words(language_of(self.languages if told in (None, "auto") else told))
        return PortalView(self.sandbox, self.address, session, values, problems, say)

    def show(self) -> Reply:
        with self.sandbox.transaction():
            self.sandbox.run_due()
            session = self._session()
            if session is None:
                return self._expired()
            with self.sandbox.on_clock(session["id"]):
                return self._view(session, {}, {}).page(self._next(session))

    def _expired(self) -> Reply:
        text = "This address has expired. Go back to the site and open it again from there."
        say = Words(language_of(self.languages))
        return note(self.sandbox.public_url, "This link has expired", text, status=404, say=say)

    def act(self, form: dict[str, str]) -> Reply:
        with self.sandbox.transaction():
            self.sandbox.run_due()
            session = self._session()
            if session is None:
                return self._expired()
            with self.sandbox.on_clock(session["id"]):
                try:
                    problems = self._do(session, form)
                except ApiError as error:
                    problems = {"page": error.message}
                if problems:
                    return self._view(session, form, problems).page(self._next(session))
            self.sandbox.store.hide(session["id"], done=True)
            return redirect(self._next(session))

    # Deeds

    def _do(self, session: Json, form: dict[str, str]) -> dict[str, str]:
        deed = form.get("deed", "")
        if deed == "card":
            return self._change_card(session, form)
        subscription = self.sandbox.get("subscription", form.get("subscription"))
        if subscription is None or subscription["customer"] != session["customer"]:
            return {"page": "This subscription is not yours to change."}
        if deed == "cancel":
            self._cancel(session, subscription, form)
        elif deed == "resume":
            self.sandbox.update(subscription, "customer.subscription.updated", **billing.STAYING)
        elif deed == "confirm":
            self._confirm(session, subscription)
        elif deed == "switch":
            self._switch(session, subscription, form.get("price", ""))
        else:
            return {"page": "Nothing was changed."}
        return {}

    def _cancel(self, session: Json, subscription: Json, form: dict[str, str]) -> None:
        """In flexible billing mode the portal sets `cancel_at`, not `cancel_at_period_end`."""
        cancel = self._features(session)["subscription_cancel"]
        if not cancel["enabled"]:
            raise ApiError(400, "This subscription cannot be canceled here.")
        reasons = cancel["cancellation_reason"]["options"] or []
        details = {"feedback": form["reason"]} if form.get("reason") in reasons else None
        if cancel["mode"] == "immediately":
            billing.cancel_now(self.sandbox, subscription, details=details)
            return
        end = billing.period_end(subscription)
        flexible = subscription["billing_mode"]["type"] == "flexible"
        changes = billing.ending(self.sandbox, subscription, at=end if flexible else None, details=details)
        self.sandbox.update(subscription, "customer.subscription.updated", **changes)

    def _confirm(self, session: Json, subscription: Json) -> None:
        told = (session["flow"] or {}).get("subscription_update_confirm")
        if not told or told["subscription"] != subscription["id"]:
            raise ApiError(400, "There is no change to confirm.")
        self._change(session, subscription, confirmed_items(told))

    def _switch(self, session: Json, subscription: Json, price: str) -> None:
        """To another price the configuration offers, billed as it says."""
        if price not in self._view(session, {}, {}).offered(subscription):
            raise ApiError(400, "This plan is not offered.")
        self._change(session, subscription, [{"id": subscription["items"]["data"][0]["id"], "price": price}])

    def _change(self, session: Json, subscription: Json, items: list[Json]) -> None:
        behavior = self._features(session)["subscription_update"]["proration_behavior"]
        change_items(self.sandbox, subscription, {"items": items, "proration_behavior": behavior})

    def _features(self, session: Json) -> Json:
        features: Json = self.sandbox.require("billing_portal.configuration", session["configuration"])["features"]
        return features

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
        for subscription in self._view(session, {}, {}).subscriptions():
            if subscription["status"] not in billing.ENDED:
                changes = {"default_payment_method": method["id"]}
                self.sandbox.update(subscription, "customer.subscription.updated", **changes)
        return {}

    def _next(self, session: Json) -> str:
        """Where a deed leads: as the flow's `after_completion` says, else back to the portal's own page."""
        flow = session["flow"]
        if flow and flow["after_completion"]["type"] == "redirect":
            return str(flow["after_completion"]["redirect"]["return_url"])
        return self.address


def confirmed_items(told: Json) -> list[Json]:
    """The items of a `subscription_update_confirm` flow, as an update takes them."""
    return [{name: value for name, value in item.items() if value is not None} for item in told["items"]]
