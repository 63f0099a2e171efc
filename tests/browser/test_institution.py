"""Through one's university in a real browser: two sites, a form from theirs to ours, and no cookie goes astray."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.sync_api import expect

from subscriptions.institutions import saml
from subscriptions.models import InstitutionSignIn
from tests.browser.conftest import Tabs
from tests.make import PASSWORD, SECRET_SENTENCE, make_article, make_institution, make_right, make_user
from tests.subscriptions.identity_provider import IdentityProvider

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(not saml.is_available(), reason="xmlsec cannot be loaded here"),
]


@pytest.fixture
def idp() -> Iterator[IdentityProvider]:
    """The university's sign-in page, at a site of its own: a button, and the answer goes to us by a form."""
    provider = IdentityProvider()

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if not self.path.startswith("/sso"):  # a browser asks for an icon
                self.send_response(204)
                self.end_headers()
                return
            question = provider.question(f"{provider.sso_url}?{self.path.partition('?')[2]}")
            answer = provider.answer(question, mail="dan@example.org")
            form = f'<form method="post" action="{question["acs"]}"><input type="hidden" name="SAMLResponse"'
            page = f'<title>Heron</title>{form} value="{answer}"><button>Sign in at Heron</button></form>'
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(page.encode())

        def log_message(self, *_: object) -> None:
            """Nothing into the tests' output."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    provider.sso_url = f"http://127.0.0.1:{server.server_address[1]}/sso"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield provider
    server.shutdown()


def test_a_reader_joins_her_account_to_her_university_and_reads(idp: IdentityProvider, new_tab: Tabs) -> None:
    """Not known yet: one more step. The account's sign-in leads back over the choosing page, and on to the article."""
    article = make_article(title="On waiting herons")
    heron = make_institution("198.51.100.0/24", name="Heron University")
    make_right(heron, article.journal)
    entity_id, sso_url, certificates = saml.read_metadata(idp.metadata)
    InstitutionSignIn.objects.create(
        institution=heron, slug="heron", entity_id=entity_id, sso_url=sso_url, certificates=certificates
    )
    make_user("dan@example.org")
    tab = new_tab()
    tab.goto(article.get_absolute_url())
    tab.get_by_role("link", name="sign in through it").click()
    tab.get_by_role("link", name="Heron University").click()
    tab.get_by_role("button", name="Sign in at Heron").click()
    expect(tab.get_by_role("heading", name="One more step")).to_be_visible()
    tab.get_by_role("link", name="Sign in", exact=True).last.click()
    tab.get_by_label("Email").fill("dan@example.org")
    tab.get_by_label("Password").fill(PASSWORD)
    tab.get_by_role("button", name="Sign in", exact=True).click()
    tab.get_by_role("link", name="Continue to Heron University").click()
    tab.get_by_role("button", name="Sign in at Heron").click()
    expect(tab.get_by_text("Access provided by")).to_be_visible()
    expect(tab.get_by_text(SECRET_SENTENCE)).to_be_visible()
