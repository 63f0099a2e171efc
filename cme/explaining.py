"""Whether somebody can take part in an article's CME activity, for subscriptions/explaining.py."""

from cme.models import Activity
from cme.standing import Step, standing
from journal.access import Access
from subscriptions.explaining import Part, Question

OPEN = {Step.START, Step.CONTINUE, Step.RETAKE, Step.CLAIM, Step.CLAIMED}
WORDS = {
    Step.SIGN_IN: ("taking part needs an account.", "Ask them to sign in or register."),
    Step.NOT_RELEASED: ("the activity has not been released yet.", "They can take part from its release date on."),
    Step.ENDED: ("the activity is over.", "Credit cannot be earned any more; what was saved is kept."),
    Step.CLAIM_ENDED: (
        "they passed, and the time to claim is over.",
        "Education decides whether to make an exception.",
    ),
    Step.NO_RIGHT: ("taking part needs the full text, which they cannot read.", ""),
    Step.RENTERS_READ: ("renters read, and this activity is not for them.", "To take part they buy or subscribe."),
    Step.NETWORKS_READ: (
        "whoever reads by their network cannot take part.",
        "They need a right of their own, or a seat.",
    ),
    Step.SUBSCRIBERS: ("the activity is for subscribers.", "To take part they subscribe."),
    Step.FEE: ("the activity has a fee of its own, which is not paid.", "They pay it on the activity's page."),
    Step.OPEN_FIRST: (
        "they have not opened the full text yet.",
        "Ask them to open the article signed in, then the test.",
    ),
    Step.WAIT: (
        "they did not pass, and wait for the next attempt.",
        "The activity's page says from when they may retake.",
    ),
    Step.NO_MORE: ("all attempts are used up.", "Education decides whether to make an exception."),
}


def judge(question: Question, access: Access) -> Part:
    activity = Activity.objects.filter(article=question.article, status=Activity.Status.PUBLISHED).first()
    if activity is None:
        return Part(False, "the article has no CME activity.", "Nothing: no credit is offered for it.")
    if question.at:
        return Part(access.granted, "", "For a past moment only reading is known, not how the test stood.")
    step = standing(activity, question.user, access).step
    return Part(True) if step in OPEN else Part(False, *WORDS[step])
