"""HTML from templates that escape what they are given, in one layout with one style sheet and no script."""

from __future__ import annotations

import string
from collections.abc import Iterable
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from .words import ENGLISH, Words

STYLE = Path(__file__).with_name("local-stripe.css")

LAYOUT = """<!doctype html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>{title}</title>
<link rel="stylesheet" href="{base}/assets/local-stripe.css">
<link rel="icon" href="data:,">
</head>
<body>
<header class="bar"><strong>Local Stripe</strong> <span>{bar}</span></header>
<main class="{kind}">
{body}
</main>
</body>
</html>
"""


class Html(str):
    """Text that is markup already."""


def _escaped(value: Any) -> str:
    return value if isinstance(value, Html) else "" if value is None else escape(str(value), quote=True)


def html(template: str, **values: Any) -> Html:
    """`template` with its {names} filled in, escaped unless they are Html."""
    return Html(template.format(**{name: _escaped(value) for name, value in values.items()}))


def join(parts: Iterable[str], between: str = "\n") -> Html:
    return Html(between.join(_escaped(part) for part in parts))


@dataclass(frozen=True)
class Reply:
    """What goes back to a browser (or a script, for the control API)."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)


def origin(url: str | None) -> str:
    parts = urlsplit(url or "")
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""


def page(
    base: str,
    title: str,
    body: str,
    *,
    kind: str = "narrow",
    status: int = 200,
    leads_to: tuple[str | None, ...] = (),
    say: Words = ENGLISH,
) -> Reply:
    """A whole page. `leads_to` are the addresses its forms may end at: browsers hold redirects to form-action too."""
    targets = " ".join(sorted({found for url in leads_to if (found := origin(url))}))
    policy = (
        "default-src 'none'; style-src 'self'; img-src data:; base-uri 'none'; frame-ancestors 'none'; "
        f"form-action 'self' {targets}".strip()
    )
    told = {"language": say.language, "bar": say("No money moves here. Never type a real card.")}
    content = html(LAYOUT, title=title, base=base, kind=kind, body=Html(body), **told)
    return Reply(
        status,
        content.encode(),
        {
            "Content-Type": "text/html; charset=utf-8",
            "Content-Security-Policy": policy,
            "Referrer-Policy": "same-origin",
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "no-store",
        },
    )


def redirect(url: str) -> Reply:
    """303 See Other; characters a header cannot carry are percent-encoded."""
    return Reply(303, b"", {"Location": quote(url, safe=string.punctuation), "Cache-Control": "no-store"})


def note(
    base: str,
    title: str,
    text: str,
    *,
    status: int = 200,
    link: tuple[str, str] | None = None,
    say: Words = ENGLISH,
) -> Reply:
    """A page that says one thing, with a way on if there is one."""
    way = html('<p><a class="button" href="{url}">{label}</a></p>', url=link[0], label=say(link[1])) if link else ""
    body = html("<h1>{title}</h1><p>{text}</p>{way}", title=say(title), text=say(text), way=way)
    return page(base, say(title), body, status=status, say=say)


def style() -> Reply:
    headers = {"Content-Type": "text/css; charset=utf-8", "Cache-Control": "max-age=60"}
    return Reply(200, STYLE.read_bytes(), headers)


def text_input(
    name: str, label: str, values: dict[str, str], problems: dict[str, str], hint: str = "", **attributes: Any
) -> Html:
    """A labelled input; what is wrong with it is tied to it. The first of a form's problems gets the focus."""
    problem = problems.get(name, "")
    described = " ".join([f"{name}-problem"] * bool(problem) + [f"{name}-hint"] * bool(hint))
    extra = {**attributes, **({"aria-describedby": described} if described else {})}
    extra |= {"aria-invalid": "true"} if problem else {}
    extra |= {"autofocus": True} if next(iter(problems), None) == name else {}
    pairs = [
        html("{name}" if item is True else '{name}="{value}"', name=key.replace("_", "-"), value=item)
        for key, item in extra.items()
    ]
    return html(
        '<div class="field"><label for="{name}">{label}</label>'
        '<input id="{name}" name="{name}" value="{value}" {pairs}>{hint}{problem}</div>',
        name=name,
        label=label,
        value=values.get(name),
        pairs=join(pairs, " "),
        hint=html('<p class="hint" id="{name}-hint">{hint}</p>', name=name, hint=hint) if hint else "",
        problem=html('<p class="problem" id="{name}-problem">{text}</p>', name=name, text=problem) if problem else "",
    )
