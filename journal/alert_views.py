"""Alerts: asking for one, confirming the address by a button, changing them, and stopping them by one click."""

from typing import Any

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt

from accounts.rate_limits import is_allowed, is_allowed_for
from journal import alerts, authors
from journal.models import Article
from journal.reader_models import Alert, Recipient
from journal.topic_models import Collection, Topic

ASKED_AN_HOUR, CONFIRMATIONS_A_DAY = 30, 3
K = Alert.Kind


class AlertForm(forms.Form):
    email = forms.EmailField(label=gettext_lazy("Email address"))
    kind = forms.MultipleChoiceField(label=gettext_lazy("Tell me about"), widget=forms.CheckboxSelectMultiple)
    rhythm = forms.ChoiceField(
        label=gettext_lazy("How often"), choices=Recipient.Rhythm.choices, widget=forms.RadioSelect
    )


def _about(asked: Any) -> tuple[list[Alert.Kind], dict[str, Any], str]:
    """What the address asks about: the kinds that make sense, the thing itself, and its name."""
    if doi := asked.get("doi", ""):
        article = get_object_or_404(Article.objects.published().by_doi(doi))
        kinds = [K.CITING, K.CORRECTION, *([] if article.access_type == "open" else [K.FREE])]
        return kinds, {"article": article}, article.title
    if slug := asked.get("topic", ""):
        topic = get_object_or_404(Topic, slug=slug)
        return [K.TOPIC], {"topic": topic}, topic.name
    if slug := asked.get("collection", ""):
        collection = get_object_or_404(Collection, slug=slug, is_shown=True)
        return [K.COLLECTION], {"collection": collection}, collection.title
    if key := asked.get("author", ""):
        name = authors.name_of(key)
        if not name:
            raise Http404("Nobody of this name has written in this journal.")
        return [K.AUTHOR], {"author_key": key}, name
    return [K.ISSUE, K.ONLINE, K.SAVED], {}, ""


@never_cache
def ask(request: HttpRequest) -> HttpResponse:
    """A form for what the address is about. Signed in, *Corrections of what is mine* is among the choices."""
    kinds, about, name = _about(request.GET)
    user = request.user if request.user.is_authenticated else None
    kinds = [kind for kind in kinds if kind != K.SAVED or user]
    initial = {"email": user.email if user else "", "kind": kinds[:1], "rhythm": Recipient.Rhythm.DAILY}
    form = AlertForm(request.POST or None, initial=initial)
    form.fields["kind"].choices = [(kind, K(kind).label) for kind in kinds]  # type: ignore[attr-defined]
    if request.method == "POST" and form.is_valid():
        if is_allowed(request, "alerts", most=ASKED_AN_HOUR, seconds=3600):
            return _asked(request, form.cleaned_data, about, user, name)
        form.add_error(None, _("Too many alerts were set up in a short time. Please try again later."))
    own = Recipient.objects.filter(user=user).first() if user else None
    return render(request, "journal/alerts_ask.html", {"form": form, "name": name, "about": about, "own": own})


def _asked(request: HttpRequest, said: dict[str, Any], about: dict[str, Any], user: Any, name: str) -> HttpResponse:
    """The same words whether the address is known or not: nobody learns from them who has alerts."""
    email, is_waiting, alert = said["email"].lower(), True, None
    try:
        for kind in said["kind"]:
            if kind == K.SAVED and (not user or user.email.lower() != email):
                continue  # what an account has saved is told to its own address only
            alert, is_waiting = alerts.ask(email, user, kind, said["rhythm"], **about)
    except alerts.TooMany:
        return render(request, "journal/alerts_asked.html", {"too_many": alerts.MOST_ALERTS})
    own = alert.recipient if alert and user and alert.recipient.user_id == user.pk else None
    if (
        alert
        and (is_waiting or not own)
        and is_allowed_for(email, "alert-mail", most=CONFIRMATIONS_A_DAY, seconds=86_400)
    ):
        alerts.send_confirmation(alert.recipient, name)
    context = {"email": email, "is_waiting": is_waiting or not own, "recipient": own if not is_waiting else None}
    return render(request, "journal/alerts_asked.html", context)


@never_cache
def alerts_of(request: HttpRequest, token: str) -> HttpResponse:
    """An address's alerts. Opening the link changes nothing (mail scanners open links); the buttons do."""
    recipient = get_object_or_404(Recipient, token=token)
    if request.method == "POST":
        _changed(recipient, request.POST)
        return redirect(recipient)
    rows = [
        (alert, alerts.words_of(alert)) for alert in recipient.alerts.select_related("topic", "collection", "article")
    ]
    context = {"recipient": recipient, "rows": rows, "rhythms": Recipient.Rhythm.choices}
    return render(request, "journal/alerts_of.html", context)


def _changed(recipient: Recipient, asked: Any) -> None:
    if "confirm" in asked:
        alerts.confirm(recipient)
    elif asked.get("remove", "").isdigit():
        recipient.alerts.filter(pk=asked["remove"][:18]).delete()
    elif asked.get("rhythm") in Recipient.Rhythm.values:
        recipient.rhythm = asked["rhythm"]
        recipient.save(update_fields=["rhythm"])


@csrf_exempt
@never_cache
def stop(request: HttpRequest, token: str) -> HttpResponse:
    """RFC 8058: a mail program posts here, without cookies. A person who follows the link finds a button."""
    recipient = get_object_or_404(Recipient, token=token)
    if request.method == "POST":
        recipient.alerts.all().delete()
    context = {"recipient": recipient, "is_stopped": not recipient.alerts.exists()}
    return render(request, "journal/alerts_stop.html", context)
