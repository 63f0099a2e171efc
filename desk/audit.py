"""Writing the audit log: by the desk's actions, by every page of the admin that logs a change, and for downloads."""

import uuid
from collections.abc import Callable
from typing import Any

from allauth.core import context as of_request
from django.contrib import admin
from django.contrib.admin.actions import delete_selected
from django.contrib.admin.models import LogEntry
from django.core.exceptions import ObjectDoesNotExist
from django.db.models import Model
from django.db.models.signals import post_save
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from accounts.models import User
from desk.models import AuditEntry

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
    if isinstance(row, User) or row is None or not deep:
        return row if isinstance(row, User) else None
    found = (getattr(row, name, None) for name in WAYS_TO_A_PERSON)
    return next((person for one in found if isinstance(one, Model) and (person := person_of(one, deep - 1))), None)


# --- every change in the admin ---------------------------------------------------------------------------------------


def watch() -> None:
    post_save.connect(copy_admin_log, sender=LogEntry, dispatch_uid="desk.audit")
    admin.site.disable_action("delete_selected")
    admin.site.add_action(delete_and_record, "delete_selected")


def copy_admin_log(*, instance: LogEntry, created: bool, raw: bool = False, **_: Any) -> None:
    """What any page of the admin logs stands here, too, where nobody can change it."""
    if raw or not created:
        return
    model = instance.content_type.model_class() if instance.content_type else None
    try:
        row = instance.get_edited_object() if model else None
    except ObjectDoesNotExist:
        row = None  # it was deleted
    verb, noun = FLAGS.get(instance.action_flag, "change"), str(model._meta.verbose_name) if model else "row"
    record(
        f"{verb} {noun}"[:40], by=instance.user, person=person_of(row), thing=row, about=instance.object_repr,
        effect=instance.get_change_message(),
    )  # fmt: skip


def delete_and_record(model_admin: Any, request: HttpRequest, queryset: Any) -> Any:
    """Django's own, which writes its log in one statement for all, unseen by the signal above."""
    rows = [str(row)[:100] for row in queryset[:100]] if request.POST.get("post") else []
    answer = delete_selected(model_admin, request, queryset)
    if len(rows) > 1 and answer is None:
        noun = str(model_admin.opts.verbose_name_plural)
        record(f"delete {noun}"[:40], by=request.user, about=f"{len(rows)} {noun}", effect="; ".join(rows))  # type: ignore[arg-type]
    return answer


delete_and_record.short_description = delete_selected.short_description  # type: ignore[attr-defined]
delete_and_record.allowed_permissions = ("delete",)  # type: ignore[attr-defined]


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
            record("download", by=request.user, about=name, effect=request.get_full_path()[:1000])  # type: ignore[arg-type]
        return response
