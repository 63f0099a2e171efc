"""The local Stripe: a program of its own that speaks Stripe's API, shows its payment page and sends its webhooks.

No money moves. The product does not import it and it imports nothing of the product: they meet over HTTP only,
so that the same product code talks to Stripe itself when real keys are set. See docs/local-stripe.md.
"""
