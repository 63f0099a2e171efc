"""From the article to a certificate that anyone can verify, by keyboard alone, and every page on the way for axe."""

import re
from typing import Any

from playwright.sync_api import Locator, Page, expect
from pypdfium2 import PdfDocument

from cme import publishing
from cme.models import Attempt, Credit
from journal.models import Article
from tests.browser.conftest import DESKTOP, PHONE, Tabs
from tests.browser.steps import already_signed_in, heading
from tests.browser.test_pages import ALL_RULES, COLOR_RULES, NARROW, WIDER_THAN_THE_SCREEN, Inspection
from tests.chromium import Complaints
from tests.cme.make import make_activity, make_requirement
from tests.make import make_right, make_user


class Glance(Inspection):
    """Two looks with axe (a phone in the light, a wide screen in the dark) and one for what scrolls sideways."""

    def of(self, name: str) -> None:
        self.complaints.be_deaf_until_the_next_page()
        self._set(NARROW, "light")
        if wide := self.tab.evaluate(WIDER_THAN_THE_SCREEN):
            self.found.append(f"{name} scrolls sideways, {wide}")
        self._axe(f"{name}, light", ALL_RULES)
        self._set(DESKTOP, "dark")
        self._axe(f"{name}, dark", COLOR_RULES)


def reach(tab: Page, wanted: Locator) -> None:
    """Tab until the focus is there: what the mouse would have pointed at."""
    expect(wanted).to_be_visible()
    for _ in range(150):
        if wanted.evaluate("element => element === document.activeElement"):
            return
        tab.keyboard.press("Tab")
    raise AssertionError(f"The keyboard does not reach {wanted}")


def press(tab: Page, role: Any, name: str | re.Pattern[str]) -> None:
    reach(tab, tab.get_by_role("main").get_by_role(role, name=name).first)
    tab.keyboard.press("Enter")


def choose(tab: Page, question: str, answer: int) -> None:
    """Tab into the group, then arrows, as radio buttons are chosen by keyboard."""
    group = tab.get_by_role("group", name=question)
    reach(tab, group.get_by_role("radio").first)
    tab.keyboard.press("Space")
    for _ in range(answer):
        tab.keyboard.press("ArrowDown")
    expect(group.get_by_role("radio").nth(answer)).to_be_checked()


def type_into(tab: Page, label: str, text: str) -> None:
    reach(tab, tab.get_by_label(label, exact=True))
    tab.keyboard.press("ControlOrMeta+A")
    tab.keyboard.type(text)


def test_from_the_article_to_the_verified_certificate_by_keyboard(
    tab: Page, new_tab: Tabs, trial: Article, site: str, complaints: Complaints
) -> None:
    activity = make_activity(trial, number=3, publish=False)
    activity.questions.update(passage="a-s2-3")
    assert publishing.publish(activity) == []
    make_requirement(activity)
    reader = make_user("lena@example.org", name="Lena Learner")
    make_right(reader, trial)
    already_signed_in(tab, reader, site)
    pages = Glance(tab, complaints)

    tab.goto(trial.get_absolute_url())
    pages.of("article with an activity")
    press(tab, "link", "About this activity, and the test")
    expect(tab.get_by_role("heading", name="Ready for the test")).to_be_visible()
    pages.of("activity")
    press(tab, "button", "Begin the test")
    expect(heading(tab)).to_contain_text("Test:")
    pages.of("test")

    for number in (1, 2):
        choose(tab, f"Question of herons {number}?", 1)
    expect(tab.get_by_role("status").filter(has_text="Saved at")).to_be_visible()
    press(tab, "button", "Hand in the test")
    expect(tab.get_by_text("The test is not handed in yet.")).to_be_visible()
    pages.of("test with gaps")
    press(tab, "link", "Question 3")
    expect(tab.get_by_role("group", name="Question of herons 3?")).to_be_focused()

    phone = new_tab(java_script_enabled=False, viewport=PHONE)
    already_signed_in(phone, reader, site)
    answer_the_rest_without_scripts(phone)

    tab.reload()
    expect(tab.get_by_text("3 answers saved")).to_be_visible()
    reach(tab, tab.get_by_label("I have read the full text of this article"))
    tab.keyboard.press("Space")
    press(tab, "button", "Hand in the test")
    expect(heading(tab)).to_have_text("You have passed")
    expect(tab.get_by_text("Your answer, preferred")).to_have_count(3)
    pages.of("passed")
    claim(tab, pages)
    verify(tab, new_tab(), complaints, site)
    assert pages.found == []


def answer_the_rest_without_scripts(phone: Page) -> None:
    """On another device: everything is there, and the last answer is given and saved."""
    phone.goto(Attempt.objects.get().get_absolute_url())
    assert phone.get_by_role("radio", checked=True).count() == 2
    phone.get_by_role("group", name="Question of herons 3?").get_by_role("radio").nth(1).check()
    phone.get_by_role("button", name="Save answers").click()
    expect(phone.get_by_text("3 answers saved")).to_be_visible()


def claim(tab: Page, pages: Inspection) -> None:
    press(tab, "link", "Claim your credit")
    expect(heading(tab)).to_have_text("Claim your credit")
    pages.of("claim")
    press(tab, "button", "Claim the credit")
    expect(tab.get_by_role("alert")).to_contain_text("Were the learning objectives met?")
    pages.of("claim with gaps")
    choose(tab, "Were the learning objectives met?", 0)
    choose(tab, "Was the activity balanced and free of commercial bias?", 0)
    choose(tab, "Your profession", 0)
    type_into(tab, "Your name, as it shall stand on the certificate", "Lena Learner, MD")
    type_into(tab, "A change you mean to make", "Rehearse the checklist")
    press(tab, "button", "Claim the credit")
    expect(heading(tab)).to_have_text("My CME")
    pages.of("transcript")
    tab.goto(f"/cme/credits/{Credit.objects.get().number}/commitment/")
    pages.of("commitment")


def verify(tab: Page, board: Page, complaints: Complaints, site: str) -> None:
    """The learner takes the certificate along; the board, in a browser that knows nothing, types its number."""
    credit = Credit.objects.get()
    certificate = tab.request.get(f"{site}{credit.get_absolute_url()}")
    assert credit.number in PdfDocument(certificate.body())[0].get_textpage().get_text_range()
    board.goto("/cme/verify/")
    checked = Glance(board, complaints)
    checked.of("check a certificate")
    type_into(board, "Number of the certificate", credit.number.lower())
    board.keyboard.press("Enter")
    expect(heading(board)).to_have_text(f"Certificate {credit.number}")
    expect(board.get_by_role("main")).to_contain_text("Lena Learner, MD")
    checked.of("certificate")
    board.goto("/cme/")
    checked.of("activities")
    board.goto(credit.activity.get_absolute_url())
    checked.of("activity for a visitor")
    assert checked.found == []
