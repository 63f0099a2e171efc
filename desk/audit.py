"""Writing the audit log: by the desk's actions, by every page of the admin that logs a change, and for downloads."""

import uuid
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from allauth.core import context as of_request
from django.contrib.admin.models import DELETION, LogEntry
from django.core.exceptions import ObjectDoesNotExist
from django.db.models import F, Model, Q
from django.db.models.functions import Coalesce
from django.db.models.signals import post_save
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from accounts.models import User
from desk.models import AuditEntry
from subscriptions.models import SyncTarget

FLAGS = {1: "add", 2: "change", 3: "delete"}
WAYS_TO_A_PERSON = ("person", "user", "giver", "payment", "order", "refund", "receipt", "credit", "subscription")


def record(  # noqa: PLR0913  (the columns of one row)
    action: str,
    *,
    by: User | None,
    person: User | None = None,
    thing: Model | None = None,
    about: str = "",
    reason: str = "",
    effect: str = "",
    undo: dict[str, Any] | None = None,
    key: uuid.UUID | None = None,
    undoes: AuditEntry | None = None,
) -> AuditEntry:
    """Add one entry with the caller's transaction: what is rolled back was not done, and is not in the log."""
    return AuditEntry.objects.create(
        action=action, by=by, person=person, about=(about or str(thing or ""))[:300], thing=name_of(thing),
        reason=reason, effect=effect, undo=undo or {}, key=key or uuid.uuid4(), undoes=undoes, request_id=request_id(),
    )  # fmt: skip


def name_of(row: Model | None) -> str:
    return f"{row._meta.label_lower}:{row.pk}"[:120] if row is not None else ""


def request_id() -> str:
    """The name of the request that is being answered, as it stands in logs and headers; empty in a job."""
    return str(getattr(of_request.request, "request_id", ""))


def person_of(row: Any, deep: int = 3) -> User | None:
    """Whom a row is about: the account itself, its holder, or the holder of what it belongs to."""
    if isinstance(row, SyncTarget):
        from subscriptions.admin import at_a_glance  # noqa: PLC0415  (pages of the admin, when there are any)

        row = at_a_glance.rows_about([row]).get(row.pk)
    if isinstance(row, User) or row is None or not deep:
        return row if isinstance(row, User) else None
    found = (getattr(row, name, None) for name in WAYS_TO_A_PERSON)
    return next((person for one in found if isinstance(one, Model) and (person := person_of(one, deep - 1))), None)


def persons_of(model: type[Model], keys: Iterable[Any]) -> dict[str, int]:
    """{key: account} of many rows, by the same ways in one statement."""
    if issubclass(model, User):
        return {str(key): int(key) for key in keys}
    ways = list(_ways(model))
    if not ways:
        return {}
    whose = Coalesce(*ways) if len(ways) > 1 else F(ways[0])
    found = model._base_manager.filter(pk__in=list(keys)).annotate(whose=whose).order_by()
    return {str(key): account for key, account in found.values_list("pk", "whose") if account}


def of_persons(model: type[Model], accounts: Iterable[int]) -> list[str]:
    """The keys of a model's rows that are about one of these accounts."""
    if issubclass(model, User):
        return [str(account) for account in accounts]
    about = Q(pk__in=[])
    for way in _ways(model):
        about |= Q(**{f"{way}__in": list(accounts)})
    return [str(key) for key in model._base_manager.filter(about).order_by().values_list("pk", flat=True).distinct()]


def _ways(model: type[Model], deep: int = 3) -> Iterator[str]:
    """Columns that lead from a model's rows to an account: `user`, `payment__user`, in the order of `person_of`."""
    if not deep:
        return
    for name in WAYS_TO_A_PERSON:
        field = next((field for field in model._meta.fields if field.name == name), None)
        if field is None or not isinstance(field.related_model, type):
            continue
        if field.related_model is User:
            yield name
        else:
            yield from (f"{name}__{way}" for way in _ways(field.related_model, deep - 1))


# --- every change in the admin ---------------------------------------------------------------------------------------


def watch() -> None:
    """Several rows at once (deleting a selection, a table) are logged by `bulk_create`, which sends no signal."""
    post_save.connect(copy_one, sender=LogEntry, dispatch_uid="desk.audit")
    logging_many = LogEntry.objects.bulk_create

    def bulk_create(entries: Iterable[LogEntry], *args: Any, **options: Any) -> list[LogEntry]:
        kept = logging_many(list(entries), *args, **options)
        copy_many(kept)
        return kept

    LogEntry.objects.bulk_create = bulk_create  # type: ignore[method-assign,assignment]


def copy_one(*, instance: LogEntry, created: bool, raw: bool = False, **_: Any) -> None:
    """What any page of the admin logs stands here, too, where nobody can change it."""
    if raw or not created:
        return
    model = _model_of(instance)
    try:
        row = instance.get_edited_object() if model else None
    except ObjectDoesNotExist:
        row = None
    person = None if row is None or _is_farewell(instance, type(row)) else person_of(row)
    record(
        _verb(instance, model), by=instance.user, person=person, thing=row, about=instance.object_repr,
        effect=instance.get_change_message(),
    )  # fmt: skip


def copy_many(logged: list[LogEntry]) -> None:
    """The same for many, a statement for each kind of row: whoever was touched finds it in their own history."""
    at_once, whose = request_id(), {}
    for model in {model for one in logged if (model := _model_of(one))}:
        keys = [one.object_id for one in logged if _model_of(one) is model and not _is_farewell(one, model)]
        whose[model] = persons_of(model, keys)
    AuditEntry.objects.bulk_create(
        AuditEntry(
            by_id=one.user_id, action=_verb(one, model := _model_of(one)), about=one.object_repr[:300],
            person_id=whose[model].get(str(one.object_id)) if model else None,
            thing=f"{model._meta.label_lower}:{one.object_id}"[:120] if model else "",
            effect=one.get_change_message(), request_id=at_once,
        )
        for one in logged
    )  # fmt: skip


def _is_farewell(entry: LogEntry, model: type[Model]) -> bool:
    """An account that is being deleted at this moment cannot be named any more."""
    return entry.action_flag == DELETION and issubclass(model, User)


def _model_of(entry: LogEntry) -> type[Model] | None:
    return entry.content_type.model_class() if entry.content_type else None


def _verb(entry: LogEntry, model: type[Model] | None) -> str:
    return f"{FLAGS.get(entry.action_flag, 'change')} {model._meta.verbose_name if model else 'row'}"[:40]


# --- what leaves the admin as a file ---------------------------------------------------------------------------------


class DownloadsMiddleware:
    """Lists, reports, documents: whatever a page of the admin hands out as a file is in the log."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        given = response.headers.get("Content-Disposition", "")
        if given.startswith("attachment") and response.status_code == 200 and request.path_info.startswith("/admin/"):
            name = given.partition("filename=")[2].strip('"')
            whom, where = _searched_for(request), request.get_full_path()[:1000]
            record("download", by=request.user, person=whom, about=name, effect=where)  # type: ignore[arg-type]
        return response


def _searched_for(request: HttpRequest) -> User | None:
    """Whom a list was narrowed to before it was taken out: it stands in their history, and goes with them."""
    typed = request.GET.get("q", "").strip().lower()
    return User.objects.filter(email=typed, is_staff=False).first() if "@" in typed else None
