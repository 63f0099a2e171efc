"""What a reader confirms before paying."""

from django import forms

from subscriptions.checkout import terms
from subscriptions.models import Offer


class OrderForm(forms.Form):
    consent = forms.BooleanField(
        error_messages={"required": "Please tick the box: without it we may not open the article at once."}
    )

    def __init__(self, *args: object, offer: Offer, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.fields["consent"].label = terms(offer)
