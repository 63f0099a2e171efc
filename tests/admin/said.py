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


def look_and_save(client: Any, address: str, data: dict[str, Any], **how: Any) -> Any:
    """Save a form of the admin; where that shows what it would change, go on as the page's button does."""
    answer = client.post(address, data, **how)
    return client.post(address, typed_on(answer), **how) if is_look(answer) else answer


def is_look(answer: Any) -> bool:
    """Whether this is the page that says what saving would change."""
    return (
        answer.status_code == 200 and bool(answer.context) and "effect" in answer.context and "verb" in answer.context
    )


def typed_on(answer: Any) -> dict[str, list[str]]:
    """The hidden fields of such a page."""
    typed: dict[str, list[str]] = {}
    for name, value in answer.context["carried"]:
        typed.setdefault(name, []).append(value)
    return typed
