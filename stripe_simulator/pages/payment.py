"""The hosted payment page: /c/pay/{session}."""

from __future__ import annotations

import re
from dataclasses import dataclass

from .. import checkout
from ..api.checkout import create_session, reprice
from ..blank import Json
from ..cards import CardProblemError, read_iban
from ..delivery import wait_for
from ..discounting import check_redeemable
from ..errors import ApiError
from ..payment_methods import billing_details, card_method, sepa_method
from ..payments import Attempt
from ..pricing import every, money
from ..sandbox import Sandbox
from .card_fields import advice, card_fields, iban_field, read_fields
from .markup import Html, Reply, html, join, note, page, redirect, text_input
from .portal import date

BUTTONS = {"pay": "Pay", "book": "Book", "donate": "Donate", "subscribe": "Subscribe", "auto": "Pay"}


@dataclass(frozen=True)
class PaymentPage:
    """One visit to one session's page; it opens its own transactions."""

    sandbox: Sandbox
    session_id: str

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
        base, back = self.sandbox.public_url, (session["cancel_url"] or "", "Back to the site")
        if session["status"] == "complete":
            text = "You have already paid on this page, and you were charged once."
            link = (checkout.success_url(session), "Continue")
            return note(base, "You’re all done here", text, link=link)
        if session["status"] == "expired":
            text = "The time to pay on this page is over. Nothing was charged; start again from the site."
            return note(base, "This link has expired", text, link=back if back[0] else None)
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
        problems = self._problems(session, form)
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

    def _payer(self, session: Json, form: dict[str, str]) -> checkout.Payer:
        return checkout.Payer(
            email=known_email(session) or form.get("email", "").strip(),
            name=form.get("name", "").strip(),
            country=form.get("country", ""),
            postal_code=form.get("postal_code", "").strip(),
            agreed=bool(form.get("terms")),
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
        body = html(
            "<h1>Confirm your payment</h1><p>Your bank asks whether it is really you who pays {amount}. "
            "This is the test page of 3-D Secure.</p>"
            '<form method="post" class="stack"><button class="button" name="answer" value="complete">Complete</button>'
            '<button class="button quiet" name="answer" value="fail">Fail</button></form>',
            amount=money(checkout.due_today(self.sandbox, session), session["currency"]),
        )
        return page(self.sandbox.public_url, "Confirm your payment", body, leads_to=self._exits(session))

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

    # The page

    def _exits(self, session: Json) -> tuple[str | None, ...]:
        return (session["success_url"], session["cancel_url"])

    def _form(self, session: Json, values: dict[str, str], problems: dict[str, str]) -> Reply:
        title = self.sandbox.business
        body = html(
            '<div class="columns">{summary}{form}</div>',
            summary=self._summary(session, values, problems),
            form=self._fields(session, values, problems),
        )
        status = 402 if "card" in problems else 422 if problems else 200
        return page(
            self.sandbox.public_url, f"Pay {title}", body, kind="wide", status=status, leads_to=self._exits(session)
        )

    def _summary(self, session: Json, values: dict[str, str], problems: dict[str, str]) -> Html:
        due = checkout.due_today(self.sandbox, session)
        lines = checkout.line_items(self.sandbox, session)
        back = html('<a class="back" href="{url}">Back</a>', url=session["cancel_url"]) if session["cancel_url"] else ""
        return html(
            '<section class="summary" aria-label="Your order"><p class="merchant">{back}<span>{name}</span></p>'
            '<h1>{verb} {name}</h1><p class="amount">{amount}<span>{rhythm}</span></p>'
            '<ul class="lines">{lines}</ul><dl class="sums">{sums}</dl>{code}</section>',
            back=back,
            name=self.sandbox.business,
            verb="Subscribe to" if session["mode"] == "subscription" else "Pay",
            amount=money(due, session["currency"]),
            rhythm=self._rhythm(session, lines),
            lines=join(_line(line) for line in lines),
            sums=self._sums(session, due),
            code=self._code(session, values, problems),
        )

    def _rhythm(self, session: Json, lines: list[Json]) -> str:
        rhythm = every(lines[0]["price"]["recurring"])
        end = checkout.trial_end(self.sandbox, session) if session["mode"] == "subscription" else None
        later = money(session["amount_total"], session["currency"])
        return f"until {date(end)}, then {later} {rhythm}" if end else rhythm

    def _sums(self, session: Json, due: int) -> Html:
        rows = [("Subtotal", session["amount_subtotal"])]
        if session["total_details"]["amount_discount"]:
            rows.append(("Discount", -session["total_details"]["amount_discount"]))
        credit = session["amount_total"] - due
        if session["mode"] == "subscription" and credit and not checkout.trial_end(self.sandbox, session):
            rows.append(("Your balance", -credit))
        rows.append(("Total due today", due))
        return join(
            html("<div><dt>{label}</dt><dd>{amount}</dd></div>", label=label, amount=money(amount, session["currency"]))
            for label, amount in rows
        )

    def _code(self, session: Json, values: dict[str, str], problems: dict[str, str]) -> Html:
        if not session["allow_promotion_codes"]:
            return Html("")
        if session["discounts"]:
            code = self.sandbox.require("promotion_code", session["discounts"][0]["promotion_code"])
            return html(
                '<form class="code" method="post" action="{url}/promotion"><p class="applied">Code '
                "<strong>{code}</strong> applied</p>"
                '<button class="button quiet" name="remove" value="1">Remove</button></form>',
                url=self.address,
                code=code["code"],
            )
        field = text_input("code", "Promotion code", values, problems, autocomplete="off")
        return html(
            '<form class="code" method="post" action="{url}/promotion">{field}'
            '<button class="button quiet">Apply</button></form>',
            url=self.address,
            field=field,
        )

    def _fields(self, session: Json, values: dict[str, str], problems: dict[str, str]) -> Html:
        needs_card = checkout.needs_card(self.sandbox, session)
        values = values or {"name": (session["customer_details"] or {}).get("name") or ""}
        alert = html('<p class="alert" role="alert">{text}</p>', text=problems["card"]) if "card" in problems else ""
        return html(
            '<section class="pay" aria-label="Payment"><h2>Payment details</h2>{alert}'
            '<form method="post" action="{url}" class="stack" novalidate>{email}{card}{terms}{text}'
            '<button class="button">{button}</button></form>{advice}</section>',
            alert=alert,
            url=self.address,
            email=_email(session, values, problems),
            card=_methods(session, values, problems) if needs_card else "",
            terms=_terms(self.sandbox, session, problems),
            text=_text(session, "submit"),
            button=self._button(session),
            advice=advice() if needs_card else "",
        )

    def _button(self, session: Json) -> str:
        due = checkout.due_today(self.sandbox, session)
        if session["mode"] == "subscription":
            return "Start trial" if checkout.trial_end(self.sandbox, session) else "Subscribe"
        verb = BUTTONS[session["submit_type"] or "pay"]
        return f"{verb} {money(due, session['currency'])}" if due else "Complete order"


def known_email(session: Json) -> str:
    return str((session["customer_details"] or {}).get("email") or session["customer_email"] or "")


def terms_required(session: Json) -> bool:
    return (session["consent_collection"] or {}).get("terms_of_service") == "required"


def _line(line: Json) -> Html:
    quantity = f"Qty {line['quantity']}" if line["quantity"] > 1 else every(line["price"]["recurring"])
    return html(
        "<li><span>{name}<small>{quantity}</small></span><span>{amount}</span></li>",
        name=line["description"],
        quantity=quantity,
        amount=money(line["amount_subtotal"], line["currency"]),
    )


def _email(session: Json, values: dict[str, str], problems: dict[str, str]) -> Html:
    known = known_email(session)
    if known:
        return html('<p class="known"><span>Email</span> <strong>{email}</strong></p>', email=known)
    return text_input(
        "email",
        "Email",
        values,
        problems,
        type="email",
        autocomplete="email",
        required=True,
    )


def takes_debits(session: Json) -> bool:
    return "sepa_debit" in session["payment_method_types"]


def _methods(session: Json, values: dict[str, str], problems: dict[str, str]) -> Html:
    """The card's fields, and a choice where there is one; which fields show follows the choice by style alone."""
    card = card_fields(values, problems)
    if not takes_debits(session):
        return card
    debit = values.get("method") == "sepa_debit"
    choices = [
        html(
            '<label><input type="radio" name="method" value="{value}"{checked}> {label}</label>',
            value=value,
            label=label,
            checked=Html(" checked") if (value == "sepa_debit") == debit else "",
        )
        for value, label in (("card", "Card"), ("sepa_debit", "SEPA Direct Debit"))
    ]
    return html(
        '<fieldset class="methods"><legend>Payment method</legend>{choices}</fieldset>'
        '<div class="by-card stack">{card}</div><div class="by-debit stack">{iban}</div>',
        choices=join(choices),
        card=card,
        iban=iban_field(values, problems),
    )


def _terms(sandbox: Sandbox, session: Json, problems: dict[str, str]) -> Html:
    if not terms_required(session):
        return Html("")
    told = (session["custom_text"]["terms_of_service_acceptance"] or {}).get("message")
    problem = problems.get("terms", "")
    return html(
        '<div class="field check"><input type="checkbox" id="terms" name="terms" value="1"{invalid}>'
        '<label for="terms">{told}</label> <a href="{url}">Terms of service</a>{problem}</div>',
        invalid=Html(' aria-invalid="true" aria-describedby="terms-problem"') if problem else "",
        told=told or "I agree to the terms of service.",
        url=sandbox.knobs.terms_url,
        problem=html('<p class="problem" id="terms-problem">{p}</p>', p=problem) if problem else "",
    )


def _text(session: Json, name: str) -> Html:
    told = session["custom_text"][name]
    return html('<p class="hint">{text}</p>', text=told["message"]) if told else Html("")


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
