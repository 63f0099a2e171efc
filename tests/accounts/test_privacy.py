"""A copy of everything, and being forgotten: what goes, what the law keeps, and fourteen days to think again."""

import csv
import io
import json
import re
import zipfile
from datetime import timedelta
from importlib import import_module

import pypdfium2
import pytest
from django.apps import apps
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.core import mail
from django.core.files.base import ContentFile
from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts import privacy
from accounts.forms import seen
from accounts.models import Erasure, Export, User
from accounts.tasks import look_after_privacy, make_export
from journal.models import Article
from subscriptions.counter import recording
from subscriptions.models import (
    Consent,
    Entitlement,
    Order,
    OutgoingMail,
    Payment,
    Receipt,
    StripeEvent,
    Subscription,
    TraineeProof,
    UsageEvent,
)
from tests.accounts.steps import by_password, is_signed_in, set_up_totp
from tests.conftest import signed_in
from tests.make import SECRET_SENTENCE, make_offer, make_right, make_user


@pytest.fixture
def payer(dan: User, article: Article) -> User:
    """Dan has bought an article, with everything that comes of it."""
    User.objects.filter(pk=dan.pk).update(name="Дан Ω")
    now = timezone.now()
    order = Order.objects.create(
        user=dan, offer=make_offer(), kind="purchase", article=article, journal=article.journal, amount=3000,
        currency="usd", description="=HYPERLINK(1)", state="paid", paid_at=now, consented_at=now,
    )  # fmt: skip
    Consent.objects.create(order=order, kind="immediate", text="I ask for access at once.", given_at=now, page="Order")
    payment = Payment.objects.create(
        charge_id="ch_1", payment_intent_id="pi_1", user=dan, order=order, amount=3000, currency="usd", paid_at=now
    )
    Receipt.objects.create(payment=payment, user=dan, description="An article")
    make_right(dan, article, source=f"order:{order.pk}")
    OutgoingMail.objects.create(key="receipt:ch_1", template="x", to=dan.email, user=dan)
    StripeEvent.objects.create(
        id="evt_1", type="charge.succeeded", object_type="charge", livemode=False, created=now,
        payload={"billing_details": {"email": dan.email}},
    )  # fmt: skip
    Order.objects.update(params={"customer_email": dan.email})
    LogEntry.objects.create(
        user=dan, content_type=ContentType.objects.get_for_model(User), object_id=str(dan.pk), object_repr=dan.email,
        action_flag=CHANGE,
    )  # fmt: skip
    proof = TraineeProof(user=dan, program="Neurology", ends_on=now.date())
    proof.document.save("a.pdf", ContentFile(b"%PDF-proof"))
    dan.refresh_from_db()
    return dan


def done_by_the_worker() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT args FROM procrastinate_jobs WHERE task_name = 'accounts.make_export'")
        ((args,),) = cursor.fetchall()
    make_export(**json.loads(args) if isinstance(args, str) else args)


def test_a_copy_holds_everything_as_json_tables_and_invoices(payer: User) -> None:
    browser = Client()
    by_password(browser, payer.email)
    page = browser.post("/account/privacy/copy/", follow=True)
    assert "is being made" in page.content.decode()
    browser.post("/account/privacy/copy/")
    done_by_the_worker()
    export = Export.objects.get()
    answer = browser.get(f"/account/privacy/copy/{export.pk}/everything.zip")
    archive = zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content)))
    told = json.loads(archive.read("everything.json"))
    assert told["account"][0]["name"] == "Дан Ω"
    assert told["consents"][0]["text"] == "I ask for access at once."
    assert {"rights", "orders", "payments", "receipts", "sessions", "mails", "training"} <= set(told)
    assert "password" not in json.dumps(told).lower()
    (row,) = csv.DictReader(io.StringIO(archive.read("orders.csv").decode("utf-8-sig")))
    assert row["description"] == "'=HYPERLINK(1)"
    invoice = pypdfium2.PdfDocument(archive.read("invoices/invoice-1001.pdf"))
    assert payer.email in invoice[0].get_textpage().get_text_range()
    assert [name for name in archive.namelist() if name.startswith("training/")]


def test_a_copy_is_for_its_owner_who_shows_it_and_gone_after_a_week(payer: User) -> None:
    export = Export.objects.create(user=payer)
    path = f"/account/privacy/copy/{export.pk}/everything.zip"
    make_export(export.pk)
    assert "/accounts/reauthenticate/" in signed_in(payer).get(path)["Location"]
    stranger = Client()
    by_password(stranger, make_user("eve@example.org").email)
    assert stranger.get(path).status_code == 404
    Export.objects.update(asked_at=timezone.now() - timedelta(days=8))
    look_after_privacy(0)
    assert Export.objects.count() == 0


def test_an_account_is_erased_after_fourteen_days_and_its_papers_stay_as_they_were(
    payer: User, article: Article
) -> None:
    set_up_totp(payer)
    browser = signed_in(payer)
    session = browser.session
    session["account_authentication_methods"] = [{"method": "password", "at": timezone.now().timestamp()}]
    session["account_authentication_methods_user"] = str(payer.pk)
    session.save()
    page = browser.get("/account/privacy/erase/").content.decode()
    assert "tax law has us keep them" in page
    assert "three years after the contract" in page
    browser.post("/account/privacy/erase/")
    assert is_signed_in(browser)
    look_after_privacy(0)
    assert User.objects.filter(email=payer.email).exists()
    Erasure.objects.update(due_at=timezone.now())
    look_after_privacy(0)
    assert not is_signed_in(browser)
    gone = User.objects.get(pk=payer.pk)
    assert (gone.email, gone.name, gone.is_active) == (f"erased-{payer.pk}@invalid.invalid", "", False)
    assert Receipt.objects.get().buyer == ["Дан Ω", "dan@example.org"]
    assert Entitlement.objects.in_force().count() == 0
    assert OutgoingMail.objects.filter(to="dan@example.org").count() == 0
    assert len(Erasure.objects.get().kept) == 3
    with connection.cursor() as cursor:  # nowhere in any table in the clear
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        for (table,) in cursor.fetchall():
            cursor.execute(f'SELECT count(*) FROM "{table}" t WHERE t::text LIKE %s', ["%dan@example.org%"])  # noqa: S608
            assert cursor.fetchone() == (0,), table
    anew = Client().post("/accounts/signup/", {"email": "dan@example.org", "password1": "a new sentence of mine"})
    assert anew.status_code == 302


def test_who_thinks_again_keeps_everything(payer: User) -> None:
    privacy.ask_to_erase(payer)
    browser = signed_in(payer)
    assert "will be erased on" in browser.get("/account/privacy/").content.decode()
    browser.post("/account/privacy/keep/")
    Erasure.objects.update(due_at=timezone.now())
    look_after_privacy(0)
    payer.refresh_from_db()
    assert payer.is_active
    assert Erasure.objects.count() == 0


def test_a_running_subscription_and_a_staff_account_are_not_erased(alice: User) -> None:
    now = timezone.now()
    Subscription.objects.create(
        stripe_id="sub_1", user=alice, journal=alice.entitlements.get().journal, status="active", synced_at=now,
        period_end=now + timedelta(days=9),
    )  # fmt: skip
    with pytest.raises(privacy.CannotErase, match="Cancel your subscription first"):
        privacy.ask_to_erase(alice)
    Subscription.objects.update(ends_at=now + timedelta(days=9))
    with pytest.raises(privacy.CannotErase, match="runs until the end"):
        privacy.ask_to_erase(alice)
    with pytest.raises(privacy.CannotErase, match="administrator"):
        privacy.ask_to_erase(make_user(is_staff=True))


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("  Ada   Lovelace ", "Ada Lovelace"), ("王小明", "王小明"), ("محمد‌رضا", "محمد‌رضا"),
        ("Zoë O’Hara-Łuczak", "Zoë O’Hara-Łuczak"),
        ("Eve\u202emoc.live", "Evemoc.live"), ("A\r\nBcc: x@y.z", "A Bcc: x@y.z"),
        ("নীলা", "নীলা"), ("\u200bBob\ufeff", "Bob"),
    ],
)  # fmt: skip
def test_a_profile_takes_names_of_every_script_and_nothing_that_hides(dan: User, typed: str, kept: str) -> None:
    signed_in(dan).post("/account/profile/", {"name": typed, "degrees": "MD", "profession": "physician"})
    dan.refresh_from_db()
    assert (dan.name, dan.degrees) == (kept, "MD")
    assert seen(kept) == kept


HOSTILE_ADDRESSES = (
    "a@b", "a b@example.org", "a@example.org\nBcc: x@example.org", "a@ex ample.org", "@example.org",
    "a@example..org", '"<script>"@example', "a\x00@example.org", "admin@exаmple", "a@example.org, b@example.org",
)  # fmt: skip


@pytest.mark.parametrize("address", HOSTILE_ADDRESSES)
def test_hostile_addresses_are_refused_in_words_at_every_door(article: Article, address: str) -> None:
    for path, form in (
        ("/accounts/signup/", {"email": address, "password1": "a sentence of mine"}),
        ("/accounts/login/code/", {"email": address}),
        ("/accounts/password/reset/", {"email": address}),
        ("/purchases/find/", {"email": address}),
    ):
        answer = Client().post(path, form)
        assert answer.status_code == 200, path
        assert answer.context["form"].errors["email"], path


def test_an_address_that_only_looks_like_anothers_opens_nothing(dan: User, article: Article) -> None:
    """`dаn@example.org` with a Cyrillic а, which never leads to dan's account or mail."""
    lookalike = "dаn@example.org"
    Client().post("/accounts/login/code/", {"email": lookalike})
    assert all(letter.to != [dan.email] for letter in mail.outbox)
    assert (
        Client().post("/accounts/login/", {"login": lookalike, "password": "correct horse battery staple"}).status_code
        == 200
    )


STAFF = re.compile(r"by|\w+_by|managers")
FOLLOWS = {  # what goes or stays with a row that has a part
    "accounts.Erasure": "the wish itself",
    "accounts.AccountMerge": "its address is wiped, it stays as a record",
    "subscriptions.StripeCustomer": "Stripe's number of the payer, which stays with the payments",
    "subscriptions.LibraryManager": "deleted through the account",
}


def test_every_table_that_names_a_reader_has_its_part_in_the_copy_or_in_being_forgotten() -> None:
    parts = [
        privacy,
        import_module("journal.privacy"),
        import_module("subscriptions.privacy"),
        import_module("cme.privacy"),
        import_module("desk.privacy"),
    ]
    known = {value for part in parts for value in vars(part).values() if isinstance(value, type)}
    forgotten = {
        f"{model._meta.label}.{field.name}"
        for model in apps.get_models()
        for field in model._meta.get_fields()
        if field.concrete and field.related_model is User and not STAFF.fullmatch(field.name)
        if model.__module__.split(".")[0] in {"accounts", "journal", "subscriptions", "cme", "desk"}
        if model not in known and model._meta.label not in FOLLOWS and not model._meta.auto_created
    }
    assert sorted(forgotten) == []


FIREFOX = {"user-agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"}


def test_what_somebody_reads_is_not_kept_with_the_account(alice: User, article: Article) -> None:
    """There is no history of reading that could be on: usage is counted under a digest, which lasts some weeks."""

    def rows_of_alice() -> dict[str, int]:
        fields = [
            (model, field.name)
            for model in apps.get_models()
            for field in model._meta.get_fields()
            if field.concrete and field.related_model is User and not model._meta.auto_created
        ]
        return {f"{model._meta.label}.{name}": model.objects.filter(**{name: alice}).count() for model, name in fields}

    browser, before = signed_in(alice), rows_of_alice()
    recording.buffer.waiting.clear()
    assert SECRET_SENTENCE in browser.get(article.get_absolute_url(), headers=FIREFOX).content.decode()
    assert recording.buffer.flush() == 1
    assert rows_of_alice() == before
    use = UsageEvent.objects.get()
    assert use.article_id == article.pk
    assert alice.email not in str(vars(use))
    assert use.reader not in (str(alice.pk), browser.session.session_key)
    assert "No list of what you read is kept" in browser.get("/account/privacy/").content.decode()
