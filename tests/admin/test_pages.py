"""Every page of the admin: it opens, it holds nothing inline, and no role is shown a link it may not follow."""

import re
from collections.abc import Iterator
from urllib.parse import urljoin

import pytest
from django.test import Client

INLINE = re.compile(
    r"""<script(?![^>]*\bsrc=)(?![^>]*application/)|<style\b|\sstyle=["']|\son[a-z]+=["']|javascript:"""
)
LINK = re.compile(r'href="([^"#]+)')
SAME = re.compile(r"\d+|[0-9a-f-]{36}|evt_\w+|(?<=/do/)\w+")
FILE = re.compile(r"/(?:article\.(?:xml|zip)|certificate\.pdf|audit-log\.csv)$")
SKIP = ("/admin/logout", "/admin/jsi18n", "/admin/password_change")


def addresses_in(html: str, page: str) -> Iterator[str]:
    for link in LINK.findall(html):
        address = urljoin(page, link.replace("&amp;", "&"))
        plain = "?" not in address or "as=" in address or "user=" in address
        if address.startswith("/admin/") and plain and not address.startswith(SKIP) and not FILE.search(address):
            yield address


def crawl(client: Client) -> dict[str, str]:
    """{address: html} of every kind of page that can be reached by links from the start."""
    found: dict[str, str] = {}
    waiting, kinds = ["/admin/"], {"/admin/": 1}
    while waiting:
        page = waiting.pop(0)
        answer = client.get(page, follow=True)
        assert answer.status_code == 200, f"{page} answers {answer.status_code}"
        found[page] = answer.content.decode()
        for address in addresses_in(found[page], page):
            kind = SAME.sub("1", address)
            kinds[kind] = kinds.get(kind, 0) + 1
            if kinds[kind] <= 2 and address not in found and address not in waiting:
                waiting.append(address)
    return found


def test_every_page_opens_and_holds_nothing_inline(root: Client, everything: None) -> None:
    pages = crawl(root)
    assert len(pages) > 60
    broken = {page: INLINE.findall(html) for page, html in pages.items() if INLINE.search(html)}
    assert broken == {}


@pytest.mark.parametrize("role", ["edith", "sam", "bea", "ella"])
def test_every_link_a_role_is_shown_opens_for_it(role: str, everything: None, request: pytest.FixtureRequest) -> None:
    assert len(crawl(request.getfixturevalue(role))) > 8
