"""What the hosted payment page shows: what is bought, what it costs, how it is paid. No script, several languages."""

from __future__ import annotations

from dataclasses import dataclass

from .. import checkout
from ..blank import Json
from ..sandbox import Sandbox
from .card_fields import advice, card_fields, iban_field
from .markup import Html, Reply, html, join, page, text_input
from .words import Words

BUTTONS = {
    "pay": "Pay {amount}",
    "book": "Book {amount}",
    "donate": "Donate {amount}",
    "subscribe": "Subscribe {amount}",
    "auto": "Pay {amount}",
}
TITLES = {"payment": "Pay {name}", "subscription": "Subscribe to {name}", "setup": "Save a payment method for {name}"}


@dataclass(frozen=True)
class PaymentForm:
    """One rendering of one session's page: `values` as typed, `problems` by field."""

    sandbox: Sandbox
    session: Json
    values: dict[str, str]
    problems: dict[str, str]
    say: Words

    @property
    def address(self) -> str:
        return f"{self.sandbox.public_url}/c/pay/{self.session['id']}"

    def page(self) -> Reply:
        title = self.say(TITLES[self.session["mode"]], name=self.sandbox.business)
        body = html('<div class="columns">{summary}{form}</div>', summary=self._summary(title), form=self._fields())
        status = 402 if "card" in self.problems else 422 if self.problems else 200
        exits = (self.session["success_url"], self.session["cancel_url"])
        base, say = self.sandbox.public_url, self.say
        return page(base, title, body, kind="wide", status=status, leads_to=exits, say=say)

    # What is bought

    def _summary(self, title: str) -> Html:
        back = self.session["cancel_url"]
        return html(
            '<section class="summary" aria-label="{label}"><p class="merchant">{back}<span>{name}</span></p>'
            "<h1>{title}</h1>{sale}</section>",
            label=self.say("Your order"),
            back=html('<a class="back" href="{url}">{back}</a>', url=back, back=self.say("Back")) if back else "",
            name=self.sandbox.business,
            title=title,
            sale=self._sale() if self.session["mode"] != "setup" else "",
        )

    def _sale(self) -> Html:
        due = checkout.due_today(self.sandbox, self.session)
        lines = checkout.line_items(self.sandbox, self.session)
        return html(
            '<p class="amount">{amount}<span>{rhythm}</span></p>'
            '<ul class="lines">{lines}</ul><dl class="sums">{sums}</dl>{tax}{code}',
            amount=self.say.money(due, self.session["currency"]),
            rhythm=self._rhythm(lines),
            lines=join(self._line(line) for line in lines),
            sums=self._sums(due),
            tax=self._tax_hint(),
            code=self._code(),
        )

    def _line(self, line: Json) -> Html:
        rhythm, count = self.say.every(line["price"]["recurring"]), line["quantity"]
        return html(
            "<li><span>{name}<small>{quantity}</small></span><span>{amount}</span></li>",
            name=line["description"],
            quantity=self.say("Qty {count}", count=count) if count > 1 else rhythm,
            amount=self.say.money(line["amount_subtotal"], line["currency"]),
        )

    def _rhythm(self, lines: list[Json]) -> str:
        recurring = next((line["price"]["recurring"] for line in lines if line["price"]["recurring"]), None)
        rhythm = self.say.every(recurring)
        end = checkout.trial_end(self.sandbox, self.session) if recurring else None
        later = self.say.money(self.session["amount_total"], self.session["currency"])
        told = "until {date}, then {amount} {rhythm}"
        return self.say(told, date=self.say.date(end), amount=later, rhythm=rhythm) if end else rhythm

    def _sums(self, due: int) -> Html:
        session, details = self.session, self.session["total_details"]
        rows = [("Subtotal", session["amount_subtotal"])]
        if details["amount_discount"]:
            rows.append(("Discount", -details["amount_discount"]))
        if details["amount_tax"]:
            added = session["amount_total"] > session["amount_subtotal"] - details["amount_discount"]
            rows.append(("Tax" if added else "Tax, included", details["amount_tax"]))
        credit = session["amount_total"] - due
        if session["mode"] == "subscription" and credit and not checkout.trial_end(self.sandbox, session):
            rows.append(("Your balance", -credit))
        rows.append(("Total due today", due))
        return join(
            html(
                "<div><dt>{label}</dt><dd>{amount}</dd></div>",
                label=self.say(label),
                amount=self.say.money(amount, session["currency"]),
            )
            for label, amount in rows
        )

    def _tax_hint(self) -> Html:
        waits = self.session["automatic_tax"]["status"] == "requires_location_inputs"
        text = self.say("Tax is worked out from your country.")
        return html('<p class="hint">{text}</p>', text=text) if waits else Html("")

    def _code(self) -> Html:
        if not self.session["allow_promotion_codes"]:
            return Html("")
        applied = self.session["discounts"]
        field = self._applied(applied[0]) if applied else self._code_field()
        name, label = ("remove", "Remove") if applied else ("apply", "Apply")
        return html(
            '<form class="code" method="post" action="{url}/promotion">{field}'
            '<button class="button quiet" name="{name}" value="1">{label}</button></form>',
            url=self.address,
            field=field,
            name=name,
            label=self.say(label),
        )

    def _applied(self, discount: Json) -> Html:
        code = self.sandbox.require("promotion_code", discount["promotion_code"])
        return html('<p class="applied">{told}</p>', told=self.say("Code {code} applied", code=code["code"]))

    def _code_field(self) -> Html:
        return text_input("code", self.say("Promotion code"), self.values, self.problems, autocomplete="off")

    # How it is paid

    def _fields(self) -> Html:
        needs_card = checkout.needs_card(self.sandbox, self.session)
        told = self.problems.get("card") or self.problems.get("notice")
        return html(
            '<section class="pay" aria-label="{label}"><h2>{heading}</h2>{alert}'
            '<form method="post" action="{url}" class="stack" novalidate>{shown}{email}{card}{vat}{terms}{text}'
            '<button class="button">{button}</button></form>{advice}</section>',
            label=self.say("Payment"),
            heading=self.say("Payment details"),
            alert=html('<p class="alert" role="alert">{text}</p>', text=self.say(told)) if told else "",
            url=self.address,
            shown=self._shown(),
            email=self._email(),
            card=self._methods() if needs_card else "",
            vat=self._vat(),
            terms=self._terms(),
            text=self._text("submit"),
            button=self._button(),
            advice=advice(self.say) if needs_card else "",
        )

    def _shown(self) -> Html:
        """The total this page shows; when tax changes it, the payer is asked again."""
        if not self.session["automatic_tax"]["enabled"]:
            return Html("")
        total = str(self.session["amount_total"])
        return html('<input type="hidden" name="shown_total" value="{total}">', total=total)

    def _email(self) -> Html:
        known, label = known_email(self.session), self.say("Email")
        if known:
            return html('<p class="known"><span>{label}</span> <strong>{e}</strong></p>', label=label, e=known)
        said = self._said()
        return text_input("email", label, self.values, said, type="email", autocomplete="email", required=True)

    def _said(self) -> dict[str, str]:
        return {field: self.say(problem) for field, problem in self.problems.items()}

    def _methods(self) -> Html:
        """The card's fields, and a choice where there is one; which show follows the choice by style alone."""
        values = self.values or {"name": (self.session["customer_details"] or {}).get("name") or ""}
        card = card_fields(values, self._said(), self.say)
        if not takes_debits(self.session):
            return card
        return html(
            '<fieldset class="methods"><legend>{legend}</legend>{choices}</fieldset>'
            '<div class="by-card stack">{card}</div><div class="by-debit stack">{iban}</div>',
            legend=self.say("Payment method"),
            choices=join(self._choice(value, label) for value, label in METHODS),
            card=card,
            iban=iban_field(values, self._said(), self.say),
        )

    def _choice(self, value: str, label: str) -> Html:
        chosen = (self.values.get("method") or "card") == value
        return html(
            '<label><input type="radio" name="method" value="{value}"{checked}> {label}</label>',
            value=value,
            label=self.say(label),
            checked=Html(" checked") if chosen else "",
        )

    def _vat(self) -> Html:
        if not (self.session.get("tax_id_collection") or {}).get("enabled"):
            return Html("")
        return text_input("vat", self.say("VAT number (optional)"), self.values, self._said(), autocomplete="off")

    def _terms(self) -> Html:
        if not terms_required(self.session):
            return Html("")
        told = (self.session["custom_text"]["terms_of_service_acceptance"] or {}).get("message")
        problem = self._said().get("terms", "")
        return html(
            '<div class="field check"><input type="checkbox" id="terms" name="terms" value="1"{checked}{invalid}>'
            '<label for="terms">{told}</label> <a href="{url}">{link}</a>{problem}</div>',
            checked=Html(" checked") if self.values.get("terms") else "",
            invalid=Html(' aria-invalid="true" aria-describedby="terms-problem"') if problem else "",
            told=told or self.say("I agree to the terms of service."),
            url=self.sandbox.knobs.terms_url,
            link=self.say("Terms of service"),
            problem=html('<p class="problem" id="terms-problem">{p}</p>', p=problem) if problem else "",
        )

    def _text(self, name: str) -> Html:
        told = self.session["custom_text"][name]
        return html('<p class="hint">{text}</p>', text=told["message"]) if told else Html("")

    def _button(self) -> str:
        if self.session["mode"] == "setup":
            return self.say("Save card")
        due = checkout.due_today(self.sandbox, self.session)
        if self.session["mode"] == "subscription":
            return self.say("Start trial" if checkout.trial_end(self.sandbox, self.session) else "Subscribe")
        told = BUTTONS[self.session["submit_type"] or "pay"] if due else "Complete order"
        return self.say(told, amount=self.say.money(due, self.session["currency"]))


METHODS = (("card", "Card"), ("sepa_debit", "SEPA Direct Debit"))


def known_email(session: Json) -> str:
    return str((session["customer_details"] or {}).get("email") or session["customer_email"] or "")


def terms_required(session: Json) -> bool:
    return (session["consent_collection"] or {}).get("terms_of_service") == "required"


def takes_debits(session: Json) -> bool:
    return "sepa_debit" in session["payment_method_types"]
