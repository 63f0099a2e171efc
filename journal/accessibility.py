# ruff: noqa: E501  (a row is a line, as in the table it becomes)
"""What the accessibility page says of each success criterion of WCAG 2.2, levels A and AA, in the words of a VPAT.

`SUPPORTS` stands only where a test or a look at every kind of page shows it; the remark says which. Content that a
publisher supplies (figures without descriptions, scanned PDFs) is beyond what software can promise, and is said so.
"""

from typing import NamedTuple

SUPPORTS, PARTLY, NONE_SUCH = "Supports", "Partially supports", "Not applicable"


class Criterion(NamedTuple):
    number: str
    name: str
    level: str
    verdict: str
    remark: str


_AXE = "Checked on every kind of page with axe-core, in light and dark."
_KEYS = "Each way a reader goes is tried with the keyboard alone."
_NO_MEDIA = "The pages hold no sound and no moving pictures of their own."

CRITERIA = [
    Criterion("1.1.1", "Non-text Content", "A", PARTLY, "Every picture has a text alternative. Where a publisher's article describes no figure, its label and caption stand for it."),
    Criterion("1.2.1", "Audio-only and Video-only (Prerecorded)", "A", NONE_SUCH, _NO_MEDIA + " Supplements are files to download."),
    Criterion("1.2.2", "Captions (Prerecorded)", "A", NONE_SUCH, _NO_MEDIA),
    Criterion("1.2.3", "Audio Description or Media Alternative (Prerecorded)", "A", NONE_SUCH, _NO_MEDIA),
    Criterion("1.2.4", "Captions (Live)", "AA", NONE_SUCH, _NO_MEDIA),
    Criterion("1.2.5", "Audio Description (Prerecorded)", "AA", NONE_SUCH, _NO_MEDIA),
    Criterion("1.3.1", "Info and Relationships", "A", SUPPORTS, "Headings, lists, header cells, labels and notes are marked up; one h1, no level skipped. " + _AXE),
    Criterion("1.3.2", "Meaningful Sequence", "A", SUPPORTS, "The order of the source is the order of reading, also at 320 pixels."),
    Criterion("1.3.3", "Sensory Characteristics", "A", SUPPORTS, "No instruction names a place, shape or color."),
    Criterion("1.3.4", "Orientation", "AA", SUPPORTS, "Nothing is bound to one orientation."),
    Criterion("1.3.5", "Identify Input Purpose", "AA", SUPPORTS, "Fields about the reader have their autocomplete tokens."),
    Criterion("1.4.1", "Use of Color", "A", SUPPORTS, "Access marks, states and right answers are said in words; links are underlined."),
    Criterion("1.4.2", "Audio Control", "A", NONE_SUCH, _NO_MEDIA),
    Criterion("1.4.3", "Contrast (Minimum)", "AA", SUPPORTS, "Text holds 4.5 to 1 in both themes; a journal's own color that does not is refused. " + _AXE),
    Criterion("1.4.4", "Resize Text", "AA", SUPPORTS, "Works at 200 %; the article's text has three sizes besides."),
    Criterion("1.4.5", "Images of Text", "AA", PARTLY, "The first page of an article is shown as a picture beside the same words as text. Formulas that a publisher supplies as pictures only stay pictures."),
    Criterion("1.4.10", "Reflow", "AA", SUPPORTS, "Works at 320 pixels; only wide tables, formulas and code scroll, in their own region."),
    Criterion("1.4.11", "Non-text Contrast", "AA", SUPPORTS, "Borders of fields, marks of focus and icons hold 3 to 1."),
    Criterion("1.4.12", "Text Spacing", "AA", SUPPORTS, "Nothing is cut off with the spacing of the criterion."),
    Criterion("1.4.13", "Content on Hover or Focus", "AA", SUPPORTS, "Help and citations stay while pointed at and close with Esc."),
    Criterion("2.1.1", "Keyboard", "A", SUPPORTS, _KEYS),
    Criterion("2.1.2", "No Keyboard Trap", "A", SUPPORTS, "Dialogs close with Esc and give the focus back. " + _KEYS),
    Criterion("2.1.4", "Character Key Shortcuts", "A", NONE_SUCH, "There are none."),
    Criterion("2.2.1", "Timing Adjustable", "A", SUPPORTS, "Answers of a test are saved as you go; a session's end keeps what was typed. The time of a rental is what is sold, and its end is said beforehand."),
    Criterion("2.2.2", "Pause, Stop, Hide", "A", NONE_SUCH, "Nothing moves by itself."),
    Criterion("2.3.1", "Three Flashes or Below Threshold", "A", SUPPORTS, "Nothing flashes."),
    Criterion("2.4.1", "Bypass Blocks", "A", SUPPORTS, "“Skip to the content” is the first link of every page."),
    Criterion("2.4.2", "Page Titled", "A", SUPPORTS, _AXE),
    Criterion("2.4.3", "Focus Order", "A", SUPPORTS, _KEYS),
    Criterion("2.4.4", "Link Purpose (In Context)", "A", SUPPORTS, _AXE),
    Criterion("2.4.5", "Multiple Ways", "AA", SUPPORTS, "Issues, topics, authors, collections, search and a site map."),
    Criterion("2.4.6", "Headings and Labels", "AA", SUPPORTS, "An article's own headings are its publisher's."),
    Criterion("2.4.7", "Focus Visible", "AA", SUPPORTS, _KEYS),
    Criterion("2.4.11", "Focus Not Obscured (Minimum)", "AA", SUPPORTS, "Nothing sticks over the page."),
    Criterion("2.5.1", "Pointer Gestures", "A", SUPPORTS, "The viewer's zoom has buttons."),
    Criterion("2.5.2", "Pointer Cancellation", "A", SUPPORTS, "Everything happens when the pointer is let go."),
    Criterion("2.5.3", "Label in Name", "A", SUPPORTS, _AXE),
    Criterion("2.5.4", "Motion Actuation", "A", NONE_SUCH, "Nothing is done by moving the device."),
    Criterion("2.5.7", "Dragging Movements", "AA", SUPPORTS, "Boxes are arranged by dragging or by buttons."),
    Criterion("2.5.8", "Target Size (Minimum)", "AA", SUPPORTS, "24 by 24 pixels, or with the distance; citations within a sentence are exempt."),
    Criterion("3.1.1", "Language of Page", "A", SUPPORTS, _AXE),
    Criterion("3.1.2", "Language of Parts", "AA", SUPPORTS, "Abstracts and texts in another language are marked where the publisher's XML says so."),
    Criterion("3.2.1", "On Focus", "A", SUPPORTS, "Nothing happens by focus alone."),
    Criterion("3.2.2", "On Input", "A", SUPPORTS, "Choices take effect by a button, or say so."),
    Criterion("3.2.3", "Consistent Navigation", "AA", SUPPORTS, "Head and foot are the same on every page."),
    Criterion("3.2.4", "Consistent Identification", "AA", SUPPORTS, "One word for each thing, on every page and in every mail."),
    Criterion("3.2.6", "Consistent Help", "A", SUPPORTS, "The service center stands in the foot of every page."),
    Criterion("3.3.1", "Error Identification", "A", SUPPORTS, "Errors name the field and are listed at the head of the form, which gets the focus."),
    Criterion("3.3.2", "Labels or Instructions", "A", SUPPORTS, _AXE),
    Criterion("3.3.3", "Error Suggestion", "AA", SUPPORTS, "Errors say what would be right."),
    Criterion("3.3.4", "Error Prevention (Legal, Financial, Data)", "AA", SUPPORTS, "Orders, withdrawals, cancellations and erasure are shown before they are done."),
    Criterion("3.3.7", "Redundant Entry", "A", SUPPORTS, "What was typed in one step is there in the next."),
    Criterion("3.3.8", "Accessible Authentication (Minimum)", "AA", SUPPORTS, "Passwords may be pasted; a mailed code, a passkey or ORCID do without one. No puzzles."),
    Criterion("4.1.2", "Name, Role, Value", "A", SUPPORTS, _AXE),
    Criterion("4.1.3", "Status Messages", "AA", SUPPORTS, "“Saved”, errors and moved boxes are announced."),
]  # fmt: skip
