"""The hosted payment page: /c/pay/{session}."""

from __future__ import annotations

import re
from dataclasses import dataclass

from .. import checkout, taxes
from ..api.checkout import create_session, place_session, reprice
from ..blank import Json
from ..cards import CardProblemError, read_iban
from ..delivery import wait_for
from ..discounting import check_redeemable
from ..errors import ApiError
from ..payment_methods import billing_details, card_method, sepa_method
from ..payments import Attempt
from ..sandbox import Sandbox
from .card_fields import read_fields
from .markup import Reply, html, note, page, redirect
from .payment_form import PaymentForm, known_email, takes_debits, terms_required
from .words import Words, language_of


@dataclass(frozen=True)
class PaymentPage:
    """One visit to one session's page; it opens its own transactions."""

    sandbox: Sandbox
    session_id: str
    languages: str = ""  # what the browser asks for

    def _say(self, session: Json | None) -> Words:
        """The session's language; "auto" is the browser's."""
        told = session["locale"] if session else None
        return Words(language_of(self.languages if told in (None, "auto") else told))

    @property
    def address(self) -> str:
        return f"{self.sandbox.public_url}/c/pay/{self.session_id}"

    def _session(self) -> Json | None:
        with self.sandbox.transaction():
            self.sandbox.run_due()
            return self.sandbox.get("checkout.session", self.session_id)

    def show(self) -> Reply:
        session = self._session()
        closed = self._closed(session)
        if closed or session is None:
            return closed or self._unknown()
        return self._form(session, {}, {})

    def _unknown(self) -> Reply:
        text = "The page you were looking for could not be found. Please check the address."
        return note(self.sandbox.public_url, "Something went wrong", text, status=404)

    def _closed(self, session: Json | None) -> Reply | None:
        """What is left to say about a session that is no longer open."""
        if session is None:
            return self._unknown()
        base, back, say = self.sandbox.public_url, (session["cancel_url"] or "", "Back to the site"), self._say(session)
        if session["status"] == "complete":
            paid = "You have already paid on this page, and you were charged once."
            text = "Your card is saved." if session["mode"] == "setup" else paid
            link = (checkout.success_url(session), "Continue")
            return note(base, "You’re all done here", text, link=link, say=say)
        if session["status"] == "expired":
            text = "The time to pay on this page is over. Nothing was charged; start again from the site."
            return note(base, "This link has expired", text, link=back if back[0] else None, say=say)
        return None

    # Paying

    def submit(self, form: dict[str, str]) -> Reply:
        """The button. A second press of it, or a second tab, finds the session complete and is only sent on."""
        with self.sandbox.transaction(), self.sandbox.on_clock(self.session_id):
            self.sandbox.run_due()
            session = self.sandbox.get("checkout.session", self.session_id)
            if session is None or session["status"] == "expired":
                return self._closed(session) or self._unknown()
            attempt = None
            if session["status"] == "open":
                attempt, problems = self._attempt(session, form)
                if problems:
                    return self._form(session, form, problems)
        return self._after(session, form, attempt)

    def _attempt(self, session: Json, form: dict[str, str]) -> tuple[Attempt | None, dict[str, str]]:
        sandbox = self.sandbox
        problems = self._problems(session, form) | self._tax(session, form)
        payer = self._payer(session, form)
        billing = billing_details(payer.email, payer.name, payer.country) | {"address": payer.address}
        method, wrong = self._method(session, form, billing)
        if problems | wrong:
            return None, problems | wrong
        return checkout.pay(sandbox, session, payer, method), {}

    def _method(self, session: Json, form: dict[str, str], billing: Json) -> tuple[Json | None, dict[str, str]]:
        """The card, or the bank account where the session takes one and the reader chose it."""
        if not checkout.needs_card(self.sandbox, session):
            return None, {}
        if form.get("method") == "sepa_debit" and takes_debits(session):
            try:
                return sepa_method(self.sandbox, read_iban(form.get("iban", "")), billing), {}
            except CardProblemError as problem:
                return None, {problem.field: problem.message}
        details, wrong = read_fields(form, self.sandbox.now())
        return (card_method(self.sandbox, details, billing) if details else None), wrong

    def _problems(self, session: Json, form: dict[str, str]) -> dict[str, str]:
        problems = {}
        if not known_email(session) and not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", form.get("email", "").strip()):
            problems["email"] = "Your email is incomplete."
        if terms_required(session) and not form.get("terms"):
            problems["terms"] = "Please accept the terms to continue."
        return problems

    def _tax(self, session: Json, form: dict[str, str]) -> dict[str, str]:
        """Works out the tax from what was typed; a payer who saw another total is asked again."""
        if not session["automatic_tax"]["enabled"]:
            return {}
        number = form.get("vat", "").strip()
        if number and not taxes.kind_of_number(number):
            return {"vat": "This is not a VAT number."}
        place_session(self.sandbox, session, form.get("country", ""), number)
        shown = form.get("shown_total")
        asked = "The total now includes tax. Check it and press the button again."
        return {} if shown in (None, str(session["amount_total"])) else {"notice": asked}

    def _payer(self, session: Json, form: dict[str, str]) -> checkout.Payer:
        return checkout.Payer(
            email=known_email(session) or form.get("email", "").strip(),
            name=form.get("name", "").strip(),
            country=form.get("country", ""),
            postal_code=form.get("postal_code", "").strip(),
            agreed=bool(form.get("terms")),
            vat=form.get("vat", "").strip(),
        )

    def _after(self, session: Json, form: dict[str, str], attempt: Attempt | None) -> Reply:
        if attempt and attempt.status == "requires_action":
            return redirect(f"{self.address}/challenge")
        if attempt and attempt.status == "declined":
            return self._form(session, form, {"card": attempt.message})
        if attempt and self.sandbox.knobs.redirect == "wait":
            wait_for(self.sandbox, "checkout.session.completed", self.session_id)
        return redirect(checkout.success_url(session))

    # The bank's question

    def challenge(self) -> Reply:
        session = self._session()
        closed = self._closed(session)
        if closed or session is None:
            return closed or self._unknown()
        if not self.sandbox.store.hidden(session["id"]).get("challenge"):
            return redirect(self.address)
        say, title = self._say(session), "Confirm your payment"
        body = html(
            "<h1>{title}</h1><p>{question}</p>"
            '<form method="post" class="stack"><button class="button" name="answer" value="complete">{yes}</button>'
            '<button class="button quiet" name="answer" value="fail">{no}</button></form>',
            title=say(title),
            question=self._question(session, say),
            yes=say("Complete"),
            no=say("Fail"),
        )
        exits = (session["success_url"], session["cancel_url"])
        return page(self.sandbox.public_url, say(title), body, leads_to=exits, say=say)

    def _question(self, session: Json, say: Words) -> str:
        """What the bank of 3-D Secure's test page asks."""
        deed = "saves this card" if session["mode"] == "setup" else "pays {amount}"
        asked = f"Your bank asks whether it is really you who {deed}. This is the test page of 3-D Secure."
        due = 0 if session["mode"] == "setup" else checkout.due_today(self.sandbox, session)
        return say(asked, amount=say.money(due, session["currency"] or "usd"))

    def answer(self, form: dict[str, str]) -> Reply:
        with self.sandbox.transaction(), self.sandbox.on_clock(self.session_id):
            session = self.sandbox.get("checkout.session", self.session_id)
            if session is None or session["status"] == "expired":
                return self._closed(session) or self._unknown()
            attempt = None
            if session["status"] == "open":
                attempt = checkout.answer_challenge(self.sandbox, session, form.get("answer") == "complete")
        return self._after(session, {}, attempt)

    # A promotion code

    def redeem(self, form: dict[str, str]) -> Reply:
        with self.sandbox.transaction():
            session = self.sandbox.get("checkout.session", self.session_id)
            closed = self._closed(session)
            if closed or session is None:
                return closed or self._unknown()
            if form.get("remove") and session["allow_promotion_codes"]:
                reprice(self.sandbox, session, None, [])
                return redirect(self.address)
            problem = self._redeem(session, form.get("code", "").strip())
            return self._form(session, form, {"code": problem}) if problem else redirect(self.address)

    def _redeem(self, session: Json, typed: str) -> str:
        if not session["allow_promotion_codes"]:
            return "This page takes no codes."
        codes = self.sandbox.store.of_kind("promotion_code")
        code = next((c for c in codes if c["code"].lower() == typed.lower() and c["active"]), None)
        if code is None or code["customer"] not in (None, session["customer"]):
            return "This code is invalid."
        try:
            of = {"customer": session["customer"], "subtotal": session["amount_subtotal"]}
            coupon = check_redeemable(self.sandbox, {"promotion_code": code["id"]}, "discounts[0]", **of)
        except ApiError as error:
            return error.message
        reprice(self.sandbox, session, coupon, [{"coupon": None, "promotion_code": code["id"]}])
        return ""

    def _form(self, session: Json, values: dict[str, str], problems: dict[str, str]) -> Reply:
        return PaymentForm(self.sandbox, session, values, problems, self._say(session)).page()


def recover(sandbox: Sandbox, token: str) -> Reply:
    """A recovery link (/r/{token}): a new session like the expired one."""
    with sandbox.transaction():
        for session in sandbox.store.of_kind("checkout.session"):
            hidden = sandbox.store.hidden(session["id"])
            if hidden.get("recovery") == token:
                if session["after_expiration"]["recovery"]["expires_at"] < sandbox.now():
                    break
                return redirect(_again(sandbox, session, hidden)["url"])
    return note(sandbox.public_url, "This link has expired", "Please start again from the site.", status=404)


def _again(sandbox: Sandbox, session: Json, hidden: Json) -> Json:
    names = ("cancel_url", "client_reference_id", "locale", "metadata", "mode", "success_url", "customer")
    params = {name: session[name] for name in names if session[name]}
    lines = [{"price": line["price"]["id"], "quantity": line["quantity"]} for line in hidden["line_items"]]
    if not session["customer"] and session["customer_email"]:
        params["customer_email"] = session["customer_email"]
    for line in lines:  # a price that was described in place is not for sale elsewhere, but is here
        price = sandbox.require("price", line["price"])
        sandbox.update(price, active=True)
    return create_session(sandbox, params | hidden["params"] | {"line_items": lines}, recovered_from=session["id"])
