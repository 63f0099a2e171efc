"""What staff can do for a person: one file an action, one frame for all (frame.py), listed on the person's page."""

from collections.abc import Iterable, Iterator

from django.http import HttpRequest
from django.urls import reverse

from accounts.models import User
from desk.actions.addressing import ChangeEmail
from desk.actions.canceling import Cancel
from desk.actions.frame import Action, Impossible
from desk.actions.holding import Hold, Release
from desk.actions.merging import Merge
from desk.actions.papers import Refund, Reread, Resend
from desk.actions.replying import Reply
from desk.actions.rights import Complimentary, ExtendRental, GiveBack, Revoke
from desk.actions.sessions import EndSessions
from desk.actions.viewing import ViewAs
from desk.models.audit import TITLES

#: In the order in which they are asked for on the telephone.
GROUPS: dict[str, tuple[Action, ...]] = {
    "Answer": (Reply(), ViewAs()),
    "Access": (Complimentary(), ExtendRental(), Revoke(), GiveBack()),
    "Money and papers": (Reread(), Resend(), Refund(), Cancel()),
    "Account": (EndSessions(), ChangeEmail(), Merge(), Hold(), Release()),
}
ACTIONS: dict[str, Action] = {action.name: action for actions in GROUPS.values() for action in actions}
TITLES.update({name: action.title.rstrip("…") for name, action in ACTIONS.items()})


def actions_for(request: HttpRequest, person: User) -> Iterable[tuple[str, str, str]]:
    """(words of the link, address, group) of what this member of the staff may do for `person`, group by group.

    Asks the database nothing but the permissions.
    """
    for group, actions in GROUPS.items():
        for action in _possible(actions, person):
            if request.user.has_perm(action.permission):
                yield action.title, address_of(action, person), group


def address_of(action: Action, person: User) -> str:
    return reverse("admin:desk:act", args=[person.pk, action.name])


def _possible(actions: Iterable[Action], person: User) -> Iterator[Action]:
    for action in actions:
        try:
            action.check(person)
        except Impossible:
            continue
        yield action
