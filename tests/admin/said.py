"""What a page of the admin told its reader."""

import html
import re
from typing import Any

from django.contrib.messages import get_messages


def text_of(response: Any) -> str:
    """The words of a page, without its tags."""
    words = re.sub(r"<(script|style)\b.*?</\1>|<[^>]+>", " ", response.content.decode(), flags=re.DOTALL)
    return re.sub(r"\s+", " ", html.unescape(words))


def messages_of(response: Any) -> str:
    return " | ".join(str(message) for message in get_messages(response.wsgi_request))


def errors_of(response: Any) -> dict[str, list[str]]:
    """The errors of an admin form: {field: sentences}."""
    assert response.status_code == 200, "the form was accepted"
    return {field: list(found) for field, found in response.context["adminform"].form.errors.items()}
