"""The sentences that are prescribed: accreditation, designation, what a certificate says. Made from data, never typed.

The AMA asks for its phrase in italics with its mark (AMA PRA booklet, “AMA Credit Designation Statement”); `AMA_MARK`
marks where it stands, and the page and the certificate set it.
"""

from typing import Any

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from cme.models import Activity, Credit
from cme.scoring import in_words

PHRASE = "AMA PRA Category 1 Credit"
MARK = "™"
COMMENSURATE = (
    "Physicians should claim only the credit commensurate with the extent of their participation in the activity."
)
NO_SUPPORT = "There is no commercial support for this activity."
FORMATS = {Activity.Format.JOURNAL: "journal-based CME activity", Activity.Format.ENDURING: "enduring material"}


def phrase(quarters: int) -> str:
    """`AMA PRA Category 1 Credits™`; the singular up to one."""
    return f"{PHRASE}{'' if quarters <= 4 else 's'}{MARK}"


def _the(name: str) -> str:
    """Both statements are prescribed with the article: “The American Medical Association designates …”."""
    return name if name.startswith("The ") else f"The {name}"


def accreditation(activity: Activity) -> str:
    provider = activity.provider
    if activity.joint_with:
        return (
            "This activity has been planned and implemented in accordance with the accreditation requirements and"
            f" policies of the {provider.accreditor} through the joint providership of {provider.name} and"
            f" {activity.joint_with}. {_the(provider.name)} is accredited by the {provider.accreditor} to provide"
            " continuing medical education for physicians."
        )
    return (
        f"{_the(provider.name)} is accredited by the {provider.accreditor} to provide continuing medical education for"
        " physicians."
    )


def designation(activity: Activity) -> str:
    kind = FORMATS[Activity.Format(activity.format)]
    most = f"{in_words(activity.quarters)} {phrase(activity.quarters)}"
    return f"{_the(activity.provider.name)} designates this {kind} for a maximum of {most}. {COMMENSURATE}"


def support(activity: Activity) -> str:
    return activity.commercial_support.strip() or NO_SUPPORT


def with_phrase(text: str) -> SafeString:
    """The text for a page, with the AMA's phrase in italics."""
    safe = str(escape(text))
    for words in (f"{PHRASE}s{MARK}", f"{PHRASE}{MARK}"):
        safe = safe.replace(words, f"<i>{words}</i>")
    return mark_safe(safe)  # noqa: S308  (escaped above)


def snapshot(activity: Activity) -> dict[str, Any]:
    """What a certificate says of its activity, as it stands on the day of the claim."""
    article = activity.article
    return {
        "title": article.title, "doi": article.doi or "", "provider": activity.provider.name,
        "format": FORMATS[Activity.Format(activity.format)], "most": activity.quarters,
        "accreditation": accreditation(activity), "designation": designation(activity),
        "released_on": activity.released_on.isoformat(), "expires_on": activity.expires_on.isoformat(),
        "requirements": [
            {"state": one.state, "board": one.board, "topic": one.topic, "hours": one.hours}
            for one in activity.requirements.all()
        ],
    }  # fmt: skip


def award(credit: Credit) -> str:
    """What the certificate certifies. Only physicians are awarded the AMA's credit; others took part."""
    told = credit.statements
    if credit.is_physician:
        return (
            f"has participated in the {told['format']} titled “{told['title']}” and is awarded"
            f" {credit.credit} {phrase(credit.quarters)}."
        )
    hours = "hour" if credit.quarters == 4 else "hours"
    return (
        f"has participated in the {told['format']} titled “{told['title']}” for {credit.credit} {hours}. The activity"
        f" was designated for {in_words(told['most'])} {phrase(told['most'])}."
    )
