"""manage.py stripe_setup: what Stripe must know of this site. May run again; nothing is doubled."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from subscriptions import checkout, gateway, stripe_account
from subscriptions.models import Offer


class Command(BaseCommand):
    help = "Make the prices, the customer portal and the webhook endpoint at Stripe. May run again; nothing is doubled."

    def handle(self, *args: Any, **options: Any) -> None:
        if not gateway.is_open():
            raise CommandError("STRIPE_SECRET_KEY is not set: there is no Stripe account to set up.")
        try:
            self._set_up()
        except gateway.GatewayError as error:
            raise CommandError(f"Stripe did not do it: {error}. What was made stays; run the command again.") from None

    def _set_up(self) -> None:
        subscriptions = Offer.objects.on_sale().filter(kind=Offer.Kind.SUBSCRIPTION).select_related("journal")
        prices = []
        for offer in subscriptions:
            prices.append(checkout.price_at_stripe(offer))
            self.stdout.write(f"Price {offer.price} a {offer.interval}: {prices[-1]}")
        self.stdout.write(f"Customer portal: {stripe_account.ensure_portal(tuple(prices))}")
        url = stripe_account.webhook_url()
        secret = stripe_account.ensure_webhook(url)
        self.stdout.write(f"Webhooks go to {url}.")
        if settings.STRIPE_TAX:
            status, _ = stripe_account.tax_status()
            told = f"new prices are {settings.STRIPE_TAX} of tax ({settings.STRIPE_TAX_CODE})"
            self.stdout.write(f"Stripe Tax is {status}; {told}.")
        if secret:
            self.stdout.write(f"Put this into .env now, Stripe tells it only once:\nSTRIPE_WEBHOOK_SECRETS={secret}")
