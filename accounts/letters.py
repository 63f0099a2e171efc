"""The HTML form of a mail, made from its text: one text to write, check and translate, two forms to read.

In the text templates a code stands alone, indented by four spaces; an address to open stands alone in its paragraph;
what follows the line `--` is the signature, which the HTML frame has of its own.
"""

import re

from django.http import HttpRequest
from django.template.loader import render_to_string

Parts = list[tuple[str, str]]


def parts_of(text: str) -> Parts:
    """(kind, words) of each paragraph after the journal's name; kind is text, code or link."""
    body = text.partition("\n-- \n")[0].partition("\n--\n")[0]
    paragraphs = [paragraph.strip("\n") for paragraph in re.split(r"\n\s*\n", body) if paragraph.strip()]
    return [(_kind(paragraph), paragraph.strip()) for paragraph in paragraphs[1:]]


def _kind(paragraph: str) -> str:
    if re.fullmatch(r" {4}\S+", paragraph):
        return "code"
    return "link" if re.fullmatch(r"https?://\S+", paragraph.strip()) else "text"


def html_of(subject: str, text: str, request: HttpRequest | None) -> str:
    told = {"subject": subject, "parts": parts_of(text)}
    return render_to_string("account/email/_message.html", told, request)
