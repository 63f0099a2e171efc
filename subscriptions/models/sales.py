"""What is offered, ordered, paid and subscribed to. Stripe holds the truth of money; these rows mirror what we need."""

import secrets
import uuid
from collections.abc import Sequence
from datetime import timedelta
from functools import cache
from typing import Any, ClassVar

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import connection, models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.incidents import SPEAKABLE
from accounts.languages import spoken
from accounts.models import User
from journal.models import Article, Issue, Journal
from subscriptions import intervals
from subscriptions.money import MINIMUM, Money, step

RENTAL_HOURS = 48
RENTAL_OPEN_DAYS = 30
PLUS_TAX = gettext_lazy("plus tax")


def new_order_number() -> str:
    """What a reader can say on the phone and nobody can guess or count: `7KQ4-9ACM`."""
    letters = [secrets.choice(SPEAKABLE) for _ in range(8)]
    return f"{''.join(letters[:4])}-{''.join(letters[4:])}"


class OfferQuerySet(models.QuerySet["Offer"]):
    def on_sale(self) -> "OfferQuerySet":
        return self.filter(active=True).order_by("position", "amount")

    def on_sale_for(self, article: Article, payer: User | None = None) -> "list[Offer]":
        """`on_sale()` for reading one article, its own prices and the journal's, written out (docs/performance.md).

        `payer`'s own paid order for it that opens nothing (a guest's order of that address, one that staff must look
        at) comes along as `unlinked`, so that the page need not ask apart.
        """
        theirs: list[Any] = [payer.email, payer.pk, article.pk, article.issue_id] if payer else []
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT {_UNLINKED if payer else 'NULL'}, {', '.join(columns())} FROM subscriptions_offer"  # noqa: S608
                " WHERE active AND journal_id = %s AND (article_id IS NULL OR article_id = %s) AND kind <> 'cme'"
                " AND (kind <> 'issue' OR %s::bigint IS NOT NULL AND (issue_id IS NULL OR issue_id = %s))"
                " ORDER BY position, amount",
                [*theirs, article.journal_id, article.pk, article.issue_id, article.issue_id],
            )
            return [of_row(row, self.db) for row in cursor.fetchall()]


_UNLINKED = (
    "(SELECT o.number FROM subscriptions_order o"
    " WHERE (o.user_id IS NULL AND o.guest_email <> '' AND o.guest_email = %s AND o.state = 'paid'"
    " OR o.user_id = %s AND o.state = 'review') AND (o.article_id = %s OR o.issue_id = %s::bigint) LIMIT 1)"
)


@cache
def columns() -> list[str]:
    """Of an offer, as `of_row` takes them."""
    return [field.attname for field in Offer._meta.concrete_fields]


def of_row(row: Sequence[Any], db: str = "default") -> "Offer":
    offer = Offer.from_db(db, columns(), row[1:])
    offer.unlinked = row[0] or ""
    return offer


class Offer(models.Model):
    """A thing for sale. Purchase and rental offers are price lists for every article of the journal."""

    unlinked = ""  # `on_sale_for` fills it in

    class Kind(models.TextChoices):
        PURCHASE = "purchase", "Buy this article"
        RENTAL = "rental", "Rent this article"
        ISSUE = "issue", "Buy the whole issue"
        SUBSCRIPTION = "subscription", "Subscribe"
        CME = "cme", "Take part in the CME activity"

    class Interval(models.TextChoices):
        MONTH = "month", "month"
        YEAR = "year", "year"

    class Audience(models.TextChoices):
        INDIVIDUAL = "", "Everybody"
        TRAINEE = "trainee", "Trainees, with proof"

    journal = models.ForeignKey(Journal, on_delete=models.PROTECT, related_name="offers")
    article = models.ForeignKey(
        Article, null=True, blank=True, on_delete=models.CASCADE, related_name="offers",
        help_text="Empty: the price for every article of the journal. Chosen: this article's own price.",
    )  # fmt: skip
    issue = models.ForeignKey(
        Issue, null=True, blank=True, on_delete=models.CASCADE, related_name="offers",
        help_text="For “Buy the whole issue”. Empty: the price for every issue. Chosen: this issue's own price.",
    )  # fmt: skip
    kind = models.CharField(max_length=15, choices=Kind)
    audience = models.CharField(
        "for whom", max_length=10, choices=Audience, blank=True, default="", db_default="",
        help_text="A trainee's subscription can be ordered when staff have accepted a proof.",
    )  # fmt: skip
    trial_days = models.PositiveSmallIntegerField(
        "free trial (days)", default=0, db_default=0,
        help_text="For subscriptions. Given once to a reader; 0 for none.",
    )  # fmt: skip
    takes_promotion_codes = models.BooleanField(
        "takes promotion codes", default=False, db_default=False,
        help_text="The payment page then asks for a code. Codes are made in Stripe's dashboard.",
    )  # fmt: skip
    interval = models.CharField("renews every", max_length=5, choices=Interval, blank=True)
    amount = models.PositiveIntegerField(help_text="In the currency's minor unit.")
    currency = models.CharField(max_length=3, default="usd")
    tax_note = models.CharField(max_length=100, blank=True, default="Taxes included")
    rental_hours = models.PositiveSmallIntegerField(default=RENTAL_HOURS)
    position = models.PositiveSmallIntegerField(default=0)
    active = models.BooleanField("on sale", default=True)

    objects: ClassVar[models.Manager["Offer"]] = OfferQuerySet.as_manager()

    class Meta:
        ordering = ["position", "amount"]
        constraints = [
            models.CheckConstraint(
                name="subscriptions_renew_and_others_do_not",
                condition=Q(kind="subscription", interval__in=["month", "year"])
                | ~Q(kind="subscription") & Q(interval=""),
                violation_error_message="A subscription renews every month or year; other offers do not renew.",
            ),
            models.CheckConstraint(
                name="offers_cost_something",
                condition=Q(amount__gt=0),
                violation_error_message="A price of 0 is not free access.",
            ),
            models.CheckConstraint(
                name="only_subscriptions_have_trials_and_audiences",
                condition=Q(kind="subscription") | Q(trial_days=0, audience=""),
                violation_error_message="Only a subscription has a trial or is for trainees.",
            ),
            models.CheckConstraint(
                name="only_issue_offers_name_an_issue",
                condition=Q(issue=None) | Q(kind="issue", article=None),
                violation_error_message="Only “Buy the whole issue” is for an issue.",
            ),
            models.CheckConstraint(
                name="cme_offers_name_their_article",
                condition=~Q(kind="cme") | Q(article__isnull=False),
                violation_error_message="Choose the article whose CME activity this is the price of.",
            ),
            models.UniqueConstraint(
                fields=["journal", "article", "issue", "kind", "audience", "interval", "currency"],
                condition=Q(active=True),
                nulls_distinct=False,
                name="one_offer_on_sale_of_a_kind",
                violation_error_message="There is an active offer of this kind already; take that off sale first.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.price}{f' per {self.interval}' if self.interval else ''}"

    @property
    def price(self) -> Money:
        return Money(self.amount, self.currency)

    @property
    def reading_time(self) -> timedelta:
        return timedelta(hours=self.rental_hours)

    def delivers(self, article: Article) -> bool:
        """Whether there is something for the buyer: a rental leaves out the PDF, which may be all there is."""
        return self.kind != Offer.Kind.RENTAL or not article.is_only_pdf

    @property
    def lookup_key(self) -> str:
        """Stripe's name for a recurring price; a changed amount is a new price, so the amount is part of the name."""
        taxed = f"-{settings.STRIPE_TAX}" if settings.STRIPE_TAX else ""
        return f"{settings.SITE_TAG}-{self.journal_id}-{self.interval}-{self.amount}-{self.currency}{taxed}"

    @property
    def interval_word(self) -> str:
        return intervals.in_words(self.interval)

    @property
    def told_price(self) -> str:
        """The price in a sentence: `$9.00`, or `$9.00 plus tax`."""
        return f"{self.price} {PLUS_TAX}" if settings.STRIPE_TAX == "exclusive" else str(self.price)

    @property
    def tax_words(self) -> str:
        """What is said of tax beside the price: with Stripe Tax how it is worked out, else what staff wrote."""
        written = _(self.tax_note) if self.tax_note else ""
        return str({"inclusive": _("Taxes included"), "exclusive": PLUS_TAX}.get(settings.STRIPE_TAX, written))

    def clean(self) -> None:
        smallest = MINIMUM.get(self.currency, 1)
        if self.amount is not None and self.amount < smallest:
            raise ValidationError({"amount": f"Stripe takes no payment below {Money(smallest, self.currency)}."})
        if self.amount is not None and self.amount % step(self.currency):
            least = Money(step(self.currency), self.currency)
            raise ValidationError({"amount": f"Stripe takes this currency in steps of {least} only."})


class Order(models.Model):
    """One reader's wish for one thing, with the price and terms frozen when it was made."""

    class State(models.TextChoices):
        NEW = "new", "New"
        OPEN = "open", "At the payment page"
        PROCESSING = "processing", "Payment is settling"
        PAID = "paid", "Paid"
        EXPIRED = "expired", "Payment page expired"
        FAILED = "failed", "Payment failed"
        REVIEW = "review", "Needs a look: amount differs"
        REFUNDED = "refunded", "Refunded"
        DISPUTED = "disputed", "Disputed"

    UNDECIDED = (State.NEW, State.OPEN, State.PROCESSING)

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    number = models.CharField(max_length=12, unique=True, editable=False, default=new_order_number)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="orders",
        help_text="Empty while a guest's purchase has not been claimed.",
    )  # fmt: skip
    guest_email = models.EmailField(
        "guest's email address", blank=True, default="", db_default="",
        help_text="Where a purchase without an account was confirmed to.",
    )  # fmt: skip
    language = models.CharField(max_length=7, blank=True, default=spoken, db_default="", editable=False)
    claimed_at = models.DateTimeField(null=True, blank=True, help_text="When a guest's purchase came to an account.")
    offer = models.ForeignKey(Offer, on_delete=models.PROTECT, related_name="orders")
    kind = models.CharField(max_length=15, choices=Offer.Kind)
    article = models.ForeignKey(Article, null=True, blank=True, on_delete=models.PROTECT, related_name="orders")
    issue = models.ForeignKey(Issue, null=True, blank=True, on_delete=models.PROTECT, related_name="orders")
    journal = models.ForeignKey(Journal, on_delete=models.PROTECT, related_name="orders")
    return_to = models.CharField(max_length=500, blank=True, help_text="The page the reader came from.")

    description = models.CharField(max_length=500, help_text="As it stands on the payment page and the receipt.")
    amount = models.PositiveIntegerField()
    currency = models.CharField(max_length=3)
    credit = models.PositiveIntegerField(
        default=0, db_default=0, help_text="Of the amount, what earlier payments cover."
    )
    trial_days = models.PositiveSmallIntegerField(default=0, db_default=0)
    audience = models.CharField(max_length=10, blank=True, default="", db_default="")
    interval = models.CharField(max_length=5, blank=True)
    reading_seconds = models.PositiveIntegerField(null=True, blank=True)
    consent_text = models.TextField(blank=True, help_text="What the reader agreed to, word for word.")
    consented_at = models.DateTimeField(null=True, blank=True)

    attempt = models.PositiveSmallIntegerField(default=1)
    params = models.JSONField(default=dict, help_text="The request to Stripe, frozen so that a repeat is the same.")
    session_id = models.CharField(max_length=255, unique=True, null=True, blank=True)
    session_url = models.TextField(blank=True)
    session_expires_at = models.DateTimeField(null=True, blank=True)
    payment_intent_id = models.CharField(max_length=255, unique=True, null=True, blank=True)
    subscription_id = models.CharField(max_length=255, blank=True, db_index=True)

    state = models.CharField(max_length=10, choices=State, default=State.NEW)
    paid_at = models.DateTimeField(null=True, blank=True)
    amount_paid = models.PositiveIntegerField(default=0)
    amount_refunded = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)
    synced_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            # One open checkout for one thing: a second tab or a double click meets the same order.
            models.UniqueConstraint(
                fields=["user", "kind", "article", "issue", "journal", "interval"],
                condition=Q(state__in=["new", "open", "processing"], user__isnull=False),
                nulls_distinct=False,
                name="one_undecided_order_for_one_thing",
            )
        ]
        indexes = [
            models.Index(fields=["user", "article"], name="order_user_article"),
            models.Index(fields=["guest_email"], name="order_guest_email", condition=~Q(guest_email="")),
        ]

    def __str__(self) -> str:
        return f"Order {self.number}"

    @property
    def interval_word(self) -> str:
        return intervals.in_words(self.interval)

    @property
    def price(self) -> Money:
        return Money(self.amount, self.currency)

    @property
    def to_pay(self) -> Money:
        """What the payment page asks for: the price less what earlier payments cover."""
        return Money(self.amount - self.credit, self.currency)

    @property
    def paid(self) -> Money:
        """What was charged: tax on top included, a promotion code taken off."""
        return Money(self.amount_paid, self.currency)

    @property
    def credited(self) -> Money:
        return Money(self.credit, self.currency)

    @property
    def email(self) -> str:
        """Where mail about this order goes."""
        return self.user.email if self.user else self.guest_email

    @property
    def idempotency_key(self) -> str:
        return f"order:{self.id}:{self.attempt}"

    def get_absolute_url(self) -> str:
        return reverse("subscriptions:order_return", args=[self.id])


class Subscription(models.Model):
    """What Stripe says about one subscription, as of `synced_at`."""

    stripe_id = models.CharField(max_length=255, unique=True)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="subscriptions")
    journal = models.ForeignKey(Journal, on_delete=models.PROTECT, related_name="subscriptions")
    order = models.ForeignKey(Order, null=True, blank=True, on_delete=models.PROTECT, related_name="subscriptions")
    status = models.CharField(max_length=25, help_text="Stripe's word.")
    amount = models.PositiveIntegerField(default=0)
    currency = models.CharField(max_length=3, default="usd")
    interval = models.CharField(max_length=5, blank=True)
    period_start = models.DateTimeField(null=True, blank=True)
    period_end = models.DateTimeField(null=True, blank=True)
    ends_at = models.DateTimeField(null=True, blank=True, help_text="Set when it will not renew.")
    ended_at = models.DateTimeField(null=True, blank=True)
    unpaid_since = models.DateTimeField(null=True, blank=True)
    unpaid_invoice_id = models.CharField(max_length=255, blank=True, default="", db_default="")
    paid_until = models.DateTimeField(
        null=True, blank=True, help_text="The last day that a payment (or a trial) covers."
    )
    is_collecting = models.BooleanField(default=True, db_default=True, help_text="Not paused at Stripe.")
    latest_invoice_status = models.CharField(max_length=20, blank=True, default="", db_default="")
    hosted_invoice_url = models.TextField(blank=True, help_text="Where the reader pays an open invoice.")
    plus_tax = models.BooleanField(default=False, db_default=False, help_text="Tax comes on top of the price.")
    created_at = models.DateTimeField(auto_now_add=True)
    synced_at = models.DateTimeField()

    LIVE = ("active", "trialing", "past_due", "unpaid", "paused", "incomplete")

    class Meta:
        ordering = ["-created_at"]
        indexes = [
            models.Index(fields=["user", "journal"], name="subscription_user_journal"),
            models.Index(fields=["unpaid_since"], name="subscription_failing", condition=Q(status="past_due")),
        ]

    def __str__(self) -> str:
        return f"{self.journal} for {self.user}: {self.status}"

    @property
    def interval_word(self) -> str:
        return intervals.in_words(self.interval)

    @property
    def price(self) -> Money:
        return Money(self.amount, self.currency)

    @property
    def told_price(self) -> str:
        """The price as it is told to the reader: `$9.00`, or `$9.00 plus tax`."""
        return self.told(self.price)

    def told(self, price: Money) -> str:
        return f"{price} {PLUS_TAX}" if self.plus_tax else str(price)


class Payment(models.Model):
    """One charge that succeeded at Stripe."""

    charge_id = models.CharField(max_length=255, unique=True)
    payment_intent_id = models.CharField(max_length=255, db_index=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="payments"
    )
    order = models.ForeignKey(Order, null=True, blank=True, on_delete=models.PROTECT, related_name="payments")
    subscription = models.ForeignKey(
        Subscription, null=True, blank=True, on_delete=models.PROTECT, related_name="payments"
    )
    license = models.ForeignKey(
        "SiteLicense", null=True, blank=True, on_delete=models.PROTECT, related_name="payments", db_index=False
    )
    invoice_id = models.CharField(max_length=255, blank=True)
    amount = models.PositiveIntegerField()
    currency = models.CharField(max_length=3)
    amount_refunded = models.PositiveIntegerField(default=0)
    disputed = models.BooleanField(default=False)
    card_brand = models.CharField(max_length=30, blank=True)
    card_last4 = models.CharField(max_length=4, blank=True)
    paid_at = models.DateTimeField()

    class Meta:
        ordering = ["-paid_at"]
        indexes = [
            models.Index(fields=["license"], name="payment_license", condition=Q(license__isnull=False)),
            models.Index(fields=["invoice_id"], name="payment_invoice", condition=~Q(invoice_id="")),
            models.Index(fields=["card_last4", "paid_at"], name="payment_card", condition=~Q(card_last4="")),
            models.Index(fields=["paid_at"], name="payment_paid_at"),
        ]

    def __str__(self) -> str:
        return f"{self.price} on {timezone.localtime(self.paid_at):%Y-%m-%d}"

    @property
    def card_words(self) -> str:
        """`Visa ending in 4242`."""
        return _("%(card)s ending in %(digits)s") % {"card": self.card_brand.title(), "digits": self.card_last4}

    @property
    def price(self) -> Money:
        return Money(self.amount, self.currency)

    @property
    def target(self) -> tuple[str, str]:
        """What is read again when this payment changes: kind and key of a SyncTarget, and the source of its right."""
        if self.subscription:
            return "subscription", self.subscription.stripe_id
        return ("license", str(self.license_id)) if self.license_id else ("order", str(self.order_id))

    @property
    def email(self) -> str:
        """Where mail about this payment goes: the account's address, or a guest's."""
        if self.user:
            return self.user.email
        if self.order:
            return self.order.email
        return self.license.institution.contact_email if self.license else ""

    @property
    def refunded_price(self) -> Money:
        return Money(self.amount_refunded, self.currency)
