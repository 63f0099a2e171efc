"""An article as OpenURL 1.0 (ANSI/NISO Z39.88-2004, key/encoded-value): what a library's link resolver reads."""

from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.utils.translation import gettext_lazy

from journal.access import Access
from journal.models import Article, Journal

LABEL = gettext_lazy("Find it at my library")
MOST_LINKS = 3


def open_url(base: str, article: Article, journal: Journal | None) -> str:
    """The resolver's address with the article's data behind it. Asks the database nothing."""
    told = {
        "url_ver": "Z39.88-2004",
        "url_ctx_fmt": "info:ofi/fmt:kev:mtx:ctx",
        "rft_val_fmt": "info:ofi/fmt:kev:mtx:journal",
        "rft.genre": "article",
        "rft_id": f"info:doi/{article.doi}" if article.doi else "",
        "rft.atitle": article.title[:300],
        "rft.jtitle": journal.title if journal else "",
        "rft.issn": journal.issn_print if journal else "",
        "rft.eissn": journal.issn_online if journal else "",
        "rft.date": f"{article.published_online:%Y-%m-%d}" if article.published_online else "",
        "rfr_id": f"info:sid/{urlsplit(settings.SITE_URL).hostname}",
    }
    joint = "&" if "?" in base else "?"
    return f"{base}{'' if base.endswith(('?', '&')) else joint}{urlencode({k: v for k, v in told.items() if v})}"


def links(access: Access, article: Article, journal: Journal | None) -> list[dict[str, str]]:
    """A link for each of the reader's institutions that has a resolver."""
    return [
        {"url": open_url(one.resolver_url, article, journal), "label": one.resolver_label or str(LABEL)}
        for one in access.institutions[:MOST_LINKS]
        if one.resolver_url
    ]
