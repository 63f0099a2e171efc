"""What Django's check says about selling before the site starts."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register

from subscriptions.institutions import saml


@register
def stripe_settings(**_: Any) -> list[CheckMessage]:
    key, base = settings.STRIPE_SECRET_KEY, settings.STRIPE_API_BASE
    found: list[CheckMessage] = []
    local = base != "https://api.stripe.com"
    if local and not key.startswith("sk_test_sim_"):
        message = "STRIPE_API_BASE is not Stripe's, but STRIPE_SECRET_KEY is no local key (sk_test_sim_…)."
        found.append(Error(message, hint="Remove STRIPE_API_BASE to use Stripe itself.", id="subscriptions.E001"))
    if key.startswith("sk_test_sim_") and not local:
        message = "STRIPE_SECRET_KEY is a local Stripe's key, but STRIPE_API_BASE does not name the local Stripe."
        found.append(Error(message, hint="Set STRIPE_API_BASE to its address.", id="subscriptions.E002"))
    if key.startswith(("sk_live_", "rk_live_")) != settings.STRIPE_LIVEMODE:
        message = "STRIPE_LIVEMODE and the kind of STRIPE_SECRET_KEY do not agree."
        found.append(
            Error(
                message, hint="Set STRIPE_LIVEMODE=1 with a live key, and 0 with a test key.", id="subscriptions.E003"
            )
        )
    if key and not settings.STRIPE_WEBHOOK_SECRETS:
        message = "STRIPE_SECRET_KEY is set without STRIPE_WEBHOOK_SECRETS, so Stripe's webhooks are refused."
        found.append(
            Error(message, hint="Run manage.py stripe_setup; it prints the secret once.", id="subscriptions.E004")
        )
    if not 10 <= settings.PRICE_NOTICE_DAYS <= 30:
        message = "PRICE_NOTICE_DAYS must lie between 10 and 30: the law wants a new price told 7 to 30 days before."
        found.append(Error(message, hint="Leave it at 30.", id="subscriptions.E005"))
    if not key:
        message = "No STRIPE_SECRET_KEY: nothing can be bought, and the pages say so."
        found.append(Warning(message, id="subscriptions.W001"))
    return found


@register
def saml_library(**_: Any) -> list[CheckMessage]:
    if saml.is_available():
        return []
    message = "xmlsec cannot be loaded, so nobody can sign in through an institution (SAML); the pages say so."
    hint = "Install lxml and xmlsec in the versions of requirements.txt: both must know the same libxml2."
    return [Warning(message, hint=hint, id="subscriptions.W002")]
