"""Puts the sample journal of `sample/` into the database: identity, issues, articles, prices, people. May run again."""

import io
import tomllib
import zipfile
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.models import Group
from django.core.files import File
from django.db import transaction
from django.utils import timezone
from django.utils.text import slugify

from accounts.models import Member, ServiceCenter, User
from journal.browsing import learn_topics_of_all
from journal.importing import ImportRecord, import_source
from journal.models import Article, Issue, Journal, Section
from journal.publishing import publish
from journal.search.folding import fold
from journal.topic_models import Collection, CollectionEntry, Topic, draw_paths
from subscriptions.models import Offer

FOLDER = settings.BASE_DIR / "sample"
PASSWORD = "first-page-demo"  # noqa: S105  (printed for everybody: it opens invented accounts)
MEMBER = "P1001"
ROLES = {"support": "Support", "editor": "Editor", "education": "Education"}

Progress = Callable[[str, int, int], None]


def load(progress: Progress = lambda *_: None) -> list[ImportRecord]:
    """Load everything; returns a record for each article. `progress` is told the step, how many, of how many."""
    data = tomllib.loads((FOLDER / "journal.toml").read_text(encoding="utf-8"))
    with transaction.atomic():
        journal = _journal(data)
        _service_center(data["service_center"])
        _offers(journal, data["offers"])
    records = _articles(progress)
    with transaction.atomic():
        _issues(journal, data["issues"])
    _publish(records)
    with transaction.atomic():
        _topics(data["topics"])
        _collections(data["collections"])
    for person in data["people"]:
        _person(person)
    _member(data["people"][0]["name"])
    return records


def _journal(data: dict[str, Any]) -> Journal:
    identity, colors = data["journal"], data["colors"]
    fields = {
        "abbreviation": identity["abbreviation"], "tagline": identity["tagline"], "about": identity["description"],
        "publisher": identity["publisher"], "issn_print": identity["issn_print"],
        "issn_online": identity["issn_electronic"], "contact_email": identity["email"], "is_sample": True,
        "accent": colors["sea"], "accent_dark": colors["sky"],
        "citation_styles": ["chicago-author-date", "harvard-cite-them-right", "modern-language-association"],
    }  # fmt: skip
    journal, _ = Journal.objects.get_or_create(title=identity["title"], defaults=fields)
    return journal


def _service_center(data: dict[str, Any]) -> None:
    phones = [telephone["number"] for telephone in data.get("telephones", [])] + ["", ""]
    defaults = {
        "name": data["name"], "email": data["email"], "hours": data["hours"], "phone": phones[0],
        "phone_toll_free": phones[1],
    }  # fmt: skip
    ServiceCenter.objects.get_or_create(pk=1, defaults=defaults)


def _offers(journal: Journal, offers: list[dict[str, Any]]) -> None:
    for position, offer in enumerate(offers):
        thing = {"journal": journal, "kind": offer["kind"], "interval": offer.get("interval", "")}
        if not Offer.objects.filter(**thing).exists():
            price = {"amount": offer["amount"], "currency": offer["currency"].lower()}
            Offer.objects.create(**thing, **price, rental_hours=offer.get("hours", 48), position=position)


def article_folders() -> list[Path]:
    return sorted(path.parent for path in (FOLDER / "articles").glob("*/article.xml"))


def _articles(progress: Progress) -> list[ImportRecord]:
    folders = article_folders()
    records = []
    for done, folder in enumerate(folders, start=1):
        progress("articles", done, len(folders))
        records.append(import_source(_package(folder), f"{folder.name}.zip"))
    return records


def _package(folder: Path) -> bytes:
    """The folder as the zip a publisher would send."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(folder.iterdir()):
            archive.write(file, file.name)
    return buffer.getvalue()


def _issues(journal: Journal, issues: list[dict[str, Any]]) -> None:
    for data in issues:
        issue, created = Issue.objects.get_or_create(
            journal=journal, volume=str(data["volume"]), number=str(data["number"]),
            defaults={"year": data["year"], "published_on": _date(data["date"]), "title": data.get("title", "")},
        )  # fmt: skip
        if created and data.get("cover"):
            issue.cover_alt = data.get("cover_alt", "")
            with (FOLDER / data["cover"]).open("rb") as cover:
                issue.cover.save(Path(data["cover"]).name, File(cover))
        for place, section in enumerate(data["sections"]):
            _section(issue, place, section)


def _section(issue: Issue, place: int, data: dict[str, Any]) -> None:
    section, _ = Section.objects.get_or_create(journal=issue.journal, name=data["title"], defaults={"position": place})
    for position, slug in enumerate(data["articles"]):
        article = Article.objects.filter(sources__name=f"{slug}.zip").first()
        if article and article.issue_id is None:
            article.issue, article.section, article.position = issue, section, position
            article.save(update_fields=["issue", "section", "position"])


def _topics(topics: list[dict[str, Any]]) -> None:
    made: dict[str, Topic] = {}
    for data in topics:
        defaults = {"slug": slugify(data["name"]), "keywords": data["keywords"]}
        made[data["name"]], _ = Topic.objects.get_or_create(name=data["name"], defaults=defaults)
    for data in topics:
        made[data["name"]].parents.add(*(made[parent] for parent in data.get("parents", [])))
    draw_paths()
    learn_topics_of_all()


def _collections(collections: list[dict[str, Any]]) -> None:
    for position, data in enumerate(collections):
        said: dict[str, Any] = {name: data[name] for name in ("title", "description", "on_home") if name in data}
        fields: dict[str, Any] = {**said, "rule_words": data.get("words", ""), "position": position}
        collection, created = Collection.objects.get_or_create(slug=slugify(fold(data["title"])), defaults=fields)
        for place, slug in enumerate(data.get("articles", []) if created else []):
            article = Article.objects.filter(sources__name=f"{slug}.zip").first()
            if article:
                CollectionEntry.objects.create(collection=collection, article=article, position=place)


def _publish(records: list[ImportRecord]) -> None:
    """The sample is published at once; an article with problems stays a draft, as everywhere."""
    imported = [record.doi.lower() for record in records if record.status == "imported" and record.doi]
    ready = Article.objects.filter(doi_key__in=imported, status=Article.Status.DRAFT, published_online__isnull=False)
    for article in ready.select_related("journal", "issue"):
        publish(article)


def _person(data: dict[str, Any]) -> None:
    if User.objects.filter(email=data["email"]).exists():
        return
    is_staff = data["role"] in ROLES
    user = User.objects.create_user(data["email"], PASSWORD, name=data["name"], is_staff=is_staff)
    user.emailaddress_set.create(email=user.email, verified=True, primary=True)  # type: ignore[attr-defined]
    if is_staff:
        user.groups.add(*Group.objects.filter(name=ROLES[data["role"]]))


def _member(name: str) -> None:
    """One line of a society's roster, to activate as the sample reader."""
    until = timezone.localdate() + timedelta(days=365)
    Member.objects.get_or_create(number=MEMBER, defaults={"name": name, "valid_until": until})


def _date(value: Any) -> date:
    return value if isinstance(value, date) else date.fromisoformat(str(value))


def people() -> list[dict[str, Any]]:
    data = tomllib.loads((FOLDER / "journal.toml").read_text(encoding="utf-8"))
    return list(data["people"])
