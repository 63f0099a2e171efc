"""A person's page, and the explanation of access that is asked from it."""

from collections import Counter
from itertools import groupby
from typing import Any

from django.db.models import Count, Max, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404

from accounts.models import User
from desk import asking, person, timeline
from desk.actions import actions_for
from desk.explain_forms import ExplainForm
from desk.note_views import NoteForm, notes_of
from desk.pages import desk_page, page
from subscriptions.models import Entitlement, Subscription
from subscriptions.support import moment, subscription_in_words

MOST_COUNTED = 1000  # of rights to single articles and issues: somebody may hold fifty thousand
MAY_SEE = ("accounts.view_user", "subscriptions.view_entitlement")


@desk_page(*MAY_SEE)
def show(request: HttpRequest, user_id: int) -> HttpResponse:
    """Everything about one person: two statements for all parts and the timeline, however much there is."""
    found = get_object_or_404(User, pk=user_id)
    only, before = request.GET.get("source", ""), timeline.read_before(request.GET.get("before", ""))
    may = request.user.has_perm
    answers = asking.in_one({**questions_about(found), **person.questions(found, may)})
    context: dict[str, Any] = {
        "title": found.get_full_name(), "person": found, "parts": person.shown(found, answers),
        "subscription": subscription_of(answers), "reads": reads_of([*answers["wide"], *answers["reads"]]),
        "facts": facts_of(found, answers),
        "timeline": timeline.page_of(found, may, only if only in timeline.SOURCES else "", before),
        "sources": timeline.choices(may), "only": only, "before": before, "explain_form": ExplainForm(),
        "actions": grouped_actions(request, found),
        "notes": notes_of(found), "note_form": NoteForm(),
    }  # fmt: skip
    return page(request, "admin/desk/person.html", context)


def grouped_actions(request: HttpRequest, found: User) -> list[tuple[str, list[tuple[str, str]]]]:
    """What can be done, group by group, in the order in which `desk.actions` tells it."""
    told = groupby(actions_for(request, found), key=lambda action: action[2])
    return [(group, [(words, address) for words, address, _ in actions]) for group, actions in told]


def questions_about(found: User) -> dict[str, Any]:
    """What the head of the page says: what is open, by kind, and how the person signs in."""
    from allauth.account.models import EmailAddress  # noqa: PLC0415
    from allauth.mfa.models import Authenticator  # noqa: PLC0415

    rights = Entitlement.objects.in_force().filter(user=found)
    newest = rights.filter(journal=None).order_by("-created_at").values("pk")[:MOST_COUNTED]
    return {
        "wide": _by_kind(rights.filter(journal__isnull=False)),
        "reads": _by_kind(Entitlement.objects.filter(pk__in=newest)),
        "addresses": EmailAddress.objects.filter(user=found).order_by("-primary", "email").values("email", "verified"),
        "factors": Authenticator.objects.filter(user=found).order_by("type").values("type"),
    }  # fmt: skip


def _by_kind(rights: Any) -> Any:
    counted = rights.values("kind").annotate(
        many=Count("pk"), until=Max("ends_at"), endless=Count("pk", filter=Q(ends_at=None)),
        journals=Count("journal"), issues=Count("issue"),
    )  # fmt: skip
    return counted.order_by("kind")


def subscription_of(answers: dict[str, list[asking.Row]]) -> str:
    """The state of the subscription in one sentence: of the one that runs, else of the newest."""
    rows = answers.get("subscriptions") or []
    if not rows:
        return "No subscription."
    row = next((row for row in rows if row["status"] in Subscription.LIVE), rows[0])
    fields = {name: value for name, value in row.items() if name not in ("title", "right", "pk")}
    right = Entitlement(**row["right"]) if row["right"] else None
    more = f" ({len(rows) - 1} more below.)" if len(rows) > 1 else ""
    return f"{row['title']}: {subscription_in_words(Subscription(**fields), right)}{more}"


THINGS = {
    "purchase": "article|articles bought", "rental": "rental running|rentals running",
    "complimentary": "complimentary access|complimentary accesses", "access_code": "access code|access codes",
    "membership": "membership of the society|memberships of the society", "subscription": "subscription|subscriptions",
    "cme": "CME activity paid for|CME activities paid for", "gift": "gift|gifts",
}  # fmt: skip


def reads_of(rows: list[asking.Row]) -> list[str]:
    """`3 articles bought, without end`: what they can read now, and until when."""
    said = []
    for row in rows:
        one, _, many = THINGS.get(row["kind"], f"{row['kind']}|{row['kind']}").partition("|")
        wide = (
            ", the whole journal" if row["journals"] else f", {row['issues']} of them issues" if row["issues"] else ""
        )
        until = "without end" if row["endless"] else f"until {moment(row['until'])}"
        number = f"{row['many']:,}{' or more' if row['many'] >= MOST_COUNTED else ''}"
        said.append(f"{number} {one if row['many'] == 1 else many}{wide}, {until}")
    return said


def facts_of(found: User, answers: dict[str, list[asking.Row]]) -> list[tuple[str, str]]:
    """Who it is, as far as the account says."""
    addresses = [f"{row['email']}{'' if row['verified'] else ' (not confirmed)'}" for row in answers["addresses"]]
    factors = Counter(row["type"] for row in answers["factors"])
    profession = ", ".join(word for word in (found.degrees, found.get_profession_display()) if word)
    facts = [
        ("State", "Active" if found.is_active else f"Cannot sign in: {found.get_held_for_display() or 'not active'}"),
        ("Addresses", ", ".join(addresses) or f"{found.email} (not confirmed)"),
        ("Profession", profession),
        ("Registered", moment(found.date_joined)),
        ("Last sign-in", moment(found.last_login) if found.last_login else "Never"),
        ("Second factor", ", ".join(FACTORS.get(kind, kind) for kind in factors) or "None"),
        ("Staff", "Yes" if found.is_staff else ""),
    ]
    return [(name, told) for name, told in facts if told]


FACTORS = {"totp": "Authenticator app", "webauthn": "Passkey", "recovery_codes": "Recovery codes"}
