"""Staff: edith the editor, sam of support, bea of business, and root."""

from pathlib import Path

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts.models import ServiceCenter, SignInIncident, User
from cme.claiming import Learner
from journal.models import Article, ArticleFile, ArticleSource, ImportBatch, Relation, Section
from subscriptions.models import (
    DownloadQuestion,
    InstitutionSignIn,
    Order,
    OutgoingMail,
    Payment,
    PriceChange,
    PriceNotice,
    Receipt,
    SiteLicense,
    StripeCustomer,
    StripeEvent,
    Subscription,
    SyncTarget,
)
from subscriptions.tasks import sweep, sync_target
from tests.cme.make import make_credit
from tests.conftest import signed_in
from tests.journal.jats.build import make_xml
from tests.make import (
    PASSWORD,
    make_article,
    make_institution,
    make_issue,
    make_journal,
    make_offer,
    make_right,
    make_user,
)

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Django's own admin templates ask for variables that are not always there; ours are few and looked at."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.ignore_template_errors)


@pytest.fixture
def edith(db: None) -> Client:
    return signed_in(make_user("edith@example.org", groups=["Editor"], is_staff=True, name="Edith"))


@pytest.fixture
def sam(db: None) -> Client:
    return signed_in(make_user("sam@example.org", groups=["Support"], is_staff=True, name="Sam"))


@pytest.fixture
def bea(db: None) -> Client:
    return signed_in(make_user("bea@example.org", groups=["Business"], is_staff=True, name="Bea"))


@pytest.fixture
def ella(db: None) -> Client:
    return signed_in(make_user("ella@example.org", groups=["Education"], is_staff=True, name="Ella"))


@pytest.fixture
def root(db: None) -> Client:
    return signed_in(User.objects.create_superuser("root@example.org", PASSWORD))


@pytest.fixture
def everything(db: None) -> None:
    """One of each thing the admin shows."""
    now, journal = timezone.now(), make_journal()
    ServiceCenter.objects.create(name="Reader services", phone="+1 212 555 0100", notice="Closed on Monday")
    dan, issue = make_user("dan@example.org"), make_issue()
    section = Section.objects.create(journal=journal, name="Research")
    article = make_article(issue=issue, section=section)
    make_article(status="draft", doi=None, has_full_text=False, problems=["line 3: no DOI"])
    file = {"size": 3, "sha256": "0" * 64, "content_type": "image/webp"}
    ArticleFile.objects.create(article=article, kind="figure", name="f1.webp", **file)
    for version, xml in enumerate((make_xml("<p>One.</p>"), make_xml("<p>Two.</p>")), start=1):
        source = {"version": version, "name": "a.xml", "xml": xml, "sha256": str(version) * 64, "renderer": "1"}
        ArticleSource.objects.create(article=article, **source)
    Article.objects.filter(pk=article.pk).update(version=2)
    batch = ImportBatch.objects.create(by=dan)
    for status in ("updated", "draft", "rejected", "waiting"):
        noted = [f"line {n}: a remark" for n in range(12)]
        about = article if status == "updated" else None
        batch.items.create(name="a.xml", size=3, status=status, article=about, errors=noted[:1], warnings=noted)
    Relation.objects.create(article=article, kind="companion", target_doi="10.5555/x")
    offer = make_offer()
    order = Order.objects.create(
        user=dan, offer=offer, kind="purchase", article=article, journal=journal, amount=3000, currency="usd",
        description="An article", state="paid", paid_at=now, session_id="cs_1", payment_intent_id="pi_1",
    )  # fmt: skip
    make_right(dan, article, source=f"order:{order.pk}")
    make_right(dan, journal, "complimentary", source="staff:1")
    institution = make_institution()
    make_right(institution, journal)
    institution.proposals.create(proposed_by=dan, listed="8.8.8.0/24")
    DownloadQuestion.objects.create(
        reader="d" * 32, user=dan, institution=institution, texts=160, hours=24, purpose="review", open_until=now
    )
    institution.memberships.create(user=dan, way="seat")
    sign_in = {"slug": "heron", "entity_id": "https://idp.example/", "sso_url": "https://idp.example/sso"}
    InstitutionSignIn.objects.create(institution=institution, certificates=["MIIB"], **sign_in)
    term = {"starts_on": now.date(), "ends_on": now.date(), "amount": 250_000}
    SiteLicense.objects.create(institution=institution, journal=journal, **term)
    subscription = Subscription.objects.create(
        stripe_id="sub_1", user=dan, journal=journal, status="active", synced_at=now
    )
    change = PriceChange.objects.create(offer=offer)
    PriceNotice.objects.create(
        change=change, subscription=subscription, old_amount=900, amount=1200, currency="usd", applies_at=now
    )
    payment = Payment.objects.create(
        charge_id="ch_1", payment_intent_id="pi_1", user=dan, order=order, subscription=subscription, amount=3000,
        currency="usd", paid_at=now,
    )  # fmt: skip
    Receipt.objects.create(payment=payment, user=dan, description="An article")
    StripeCustomer.objects.create(user=dan, stripe_id="cus_1")
    SyncTarget.objects.create(kind="order", key=str(order.pk), dirty=2, dead=True, last_error="No such session")
    OutgoingMail.objects.create(key="receipt:ch_1", template="x", to=dan.email, user=dan)
    event = {
        "type": "charge.succeeded",
        "object_type": "charge",
        "livemode": False,
        "created": now,
        "payload": {"a": 1},
    }
    StripeEvent.objects.create(id="evt_1", **event)
    SignInIncident.objects.create(reference="E2-7KQ4M", stage="E2", user=dan, path="/", happened="timeout")
    make_credit(commitment="Wait", learner=Learner("L", "L", "04-27", "FL", "ME 1"))
    _make_jobs()


def _make_jobs() -> None:
    """A job that waits and one that failed, in procrastinate's own tables, as its worker leaves them."""
    sweep.configure(priority=3).defer(timestamp=0)
    failed = sync_target.configure(lock="order:1").defer(kind="order", key="1")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE procrastinate_jobs SET status = 'failed', attempts = 2 WHERE id = %s", [failed])
