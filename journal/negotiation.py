"""What an article's address answers with: its page, or what a program asked for in `Accept`.

RFC 9110, 12.5.1, and the types of DOI content negotiation (crosscite.org). All of it is metadata and for everybody: the
decision is not asked, and nothing from behind the wall is at hand here.
"""

import json
import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.cache import patch_cache_control

from journal import schema_org
from journal.access import public_reason
from journal.citation import bibtex, csl, ris
from journal.citation.bibliography import bibliography
from journal.models import Article
from journal.records import facts_of, front_of

HTML = "text/html"
Parameters = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Range:
    """One part of an Accept header: `text/*;q=0.5`. Parameters beside the weight do not narrow what is offered."""

    kind: str
    parameters: Parameters
    weight: float

    def specificity(self, offered: str) -> int:
        """How exactly it names a type: 2 by name, 1 by its group, 0 by `*/*`, -1 not at all."""
        group = f"{offered.partition('/')[0]}/*"
        return {offered: 2, group: 1, "*/*": 0}.get(self.kind, -1)


_RANGE = re.compile(r'(?:[^,"]|"(?:[^"\\]|\\.)*"?)+')
_PARAMETER = re.compile(r';\s*([\w!#$%&\'*+.^`|~-]+)\s*=\s*("(?:[^"\\]|\\.)*"|[^;\s"]*)')


def ranges(accept: str) -> list[Range]:
    """The parts of an Accept header in its order; what is not of the form `type/subtype` is passed over."""
    found = []
    for text in _RANGE.findall(accept):
        kind = text.partition(";")[0].strip().lower()
        if re.fullmatch(r"[^\s/]+/[^\s/]+", kind):
            parameters = {name.lower(): value.strip('"') for name, value in _PARAMETER.findall(text)}
            found.append(Range(kind, parameters, _weight(parameters.pop("q", "1"))))
    return found


def _weight(text: str) -> float:
    """0 to 1; a weight that is none counts as if it were not there."""
    try:
        weight = float(text)
    except ValueError:
        return 1.0
    return min(max(weight, 0.0), 1.0) if math.isfinite(weight) else 1.0


def preferred(accept: str, offered: Iterable[str]) -> tuple[str, Parameters] | None:
    """The offered type the client likes best, with the parameters it asked for; None when it wants none of them.

    For each offer the most exact part of the header decides; of equals the heavier one. Between offers that weigh the
    same, ours come in our order.
    """
    wanted = ranges(accept) if accept.strip() else [Range("*/*", {}, 1.0)]
    best: tuple[float, str, Parameters] | None = None
    for kind in offered:
        matching = [found for found in wanted if found.specificity(kind) >= 0]
        if matching:
            match = max(matching, key=lambda found: (found.specificity(kind), found.weight))
            if match.weight > (best[0] if best else 0):
                best = (match.weight, kind, match.parameters)
    return best[1:] if best else None


def _json(data: object) -> str:
    return json.dumps(data, ensure_ascii=False, indent=1)


def json_ld(article: Article, _parameters: Parameters) -> str:
    is_free = public_reason(article, timezone.localdate()) is not None
    return _json(schema_org.graph(article, facts_of(article)) | schema_org.access(is_free=is_free))


def styled(article: Article, parameters: Parameters) -> str:
    return bibliography(article, parameters.get("style", ""), parameters.get("locale", ""))


#: Media type → what writes it. Empty text: this article has none.
WRITERS: dict[str, Callable[[Article, Parameters], str]] = {
    "application/vnd.citationstyles.csl+json": lambda article, _: _json(csl(article)),
    "application/x-bibtex": lambda article, _: bibtex(article),
    "application/x-research-info-systems": lambda article, _: ris(article),
    "text/x-bibliography": styled,
    "application/ld+json": json_ld,
    "application/vnd.schemaorg.ld+json": json_ld,
    "application/vnd.jats+xml": lambda article, _: front_of(article),
}
OFFERED = (HTML, *WRITERS)


def wants_page(request: HttpRequest) -> bool:
    """Whether the answer is the page. Browsers name it first with full weight: told without counting."""
    return accepts_page(request.META.get("HTTP_ACCEPT", ""))


def accepts_page(accept: str) -> bool:
    if accept.startswith("text/html,") or accept in ("", "*/*", HTML):
        return True
    chosen = preferred(accept, OFFERED)
    return chosen is not None and chosen[0] == HTML


def answer(request: HttpRequest, doi: str) -> HttpResponse:
    """Metadata in the type that was asked for, or 406 with the list of what there is."""
    found = Article.objects.published().by_doi(doi).select_related("journal", "issue", "record").first()
    if found is None:
        raise Http404("No published article has this DOI.")
    chosen = preferred(request.headers.get("Accept", ""), WRITERS)
    text = WRITERS[chosen[0]](found, chosen[1]) if chosen else ""
    if not chosen or not text:
        return _not_acceptable()
    response = HttpResponse(text, content_type=f"{chosen[0]}; charset=utf-8")
    patch_cache_control(response, public=True, max_age=300)
    return response


def _not_acceptable() -> HttpResponse:
    lines = ["This address has none of the types you accept. It has:", *OFFERED]
    lines.append("text/x-bibliography takes style (apa, ama, vancouver, nlm or the name of a CSL style) and locale.")
    return HttpResponse("\n".join(lines) + "\n", status=406, content_type="text/plain; charset=utf-8")
