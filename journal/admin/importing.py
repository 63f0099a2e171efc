"""Uploading articles: the form, and the page that says what became of each file, also while it is still happening."""

import logging
from collections import Counter
from typing import TYPE_CHECKING, Any, cast

from django import forms
from django.contrib import admin
from django.core.files.uploadedfile import UploadedFile
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.utils import timezone

from accounts.admin_pages import ReadOnlyAdmin, admin_url, column, refused
from journal import batches
from journal.archives import MAX_TOTAL
from journal.models import ImportBatch, ImportItem

if TYPE_CHECKING:
    from accounts.models import User
    from journal.admin.articles import ArticleAdmin

    Upload = UploadedFile[Any]
else:
    Upload = UploadedFile

log = logging.getLogger(__name__)
MOST_BYTES = MAX_TOTAL
MEGABYTE = 1024 * 1024
#: The page looks again after so many seconds while something is under way.
LOOK_AGAIN = 2
#: After so many seconds without anything done, the page says that jobs need a worker.
PATIENCE = 30


class ManyFilesInput(forms.ClearableFileInput):
    allow_multiple_selected = True


class ManyFilesField(forms.FileField):
    """One or more files, in the order in which they were chosen."""

    widget = ManyFilesInput(attrs={"multiple": True, "accept": ".xml,.nxml,.zip,.tar,.tgz,.gz"})

    def clean(self, data: Any, initial: Any = None) -> list[Upload]:
        return [super(ManyFilesField, self).clean(file, initial) for file in data or [None]]


class ImportForm(forms.Form):
    uploads = ManyFilesField(
        label="JATS files or packages",
        help_text=(
            "XML files, or packages (zip, tar.gz, MECA) with the XML, its PDF and its pictures. One article a package,"
            f" at most {MOST_BYTES // MEGABYTE} MB each."
        ),
        error_messages={
            "required": "Choose at least one XML file or package.",
            "empty": "One of these files is empty. Choose the files again without it.",
        },
    )

    def clean_uploads(self) -> list[Upload]:
        files: list[Upload] = self.cleaned_data["uploads"]
        large = [file for file in files if (file.size or 0) > MOST_BYTES]
        if large:
            raise forms.ValidationError(
                f"{large[0].name} has {(large[0].size or 0) / MEGABYTE:,.1f} MB; {MOST_BYTES / MEGABYTE:,.0f} MB a file"
                " is the most, and nothing was imported. Leave large supplements out of the package."
            )
        return files


def import_page(model_admin: "ArticleAdmin", request: HttpRequest) -> HttpResponse:
    """The form. What is uploaded is kept and imported by a job; its page says how far that is."""
    form = ImportForm(request.POST, request.FILES) if request.method == "POST" else ImportForm()
    if form.is_valid() and (batch := _started(request, form)):
        return redirect(admin_url(batch))
    context = {
        **model_admin.admin_site.each_context(request),
        "title": "Import articles",
        "opts": model_admin.opts,
        "form": form,
        "recent": _counted(ImportBatch.objects.all())[:5],
    }
    return TemplateResponse(request, "admin/journal/article/import.html", context)


def _started(request: HttpRequest, form: ImportForm) -> ImportBatch | None:
    """The batch; None when the disk would not take the files, which the form then says."""
    try:
        return batches.start(cast("User", request.user), form.cleaned_data["uploads"])
    except OSError as error:
        log.exception("An upload could not be stored.")
        reason = error.strerror or type(error).__name__
        form.add_error("uploads", f"The server could not store the files ({reason}). Nothing was imported.")
        return None


def _counted(found: "QuerySet[ImportBatch]") -> "QuerySet[ImportBatch]":
    still_open = Q(items__status__in=ImportItem.OPEN)
    return found.select_related("by").annotate(
        files=Count("items"),
        open=Count("items", filter=still_open),
        rejected=Count("items", filter=Q(items__status="rejected")),
    )


@admin.register(ImportBatch)
class ImportBatchAdmin(ReadOnlyAdmin):
    """What was uploaded, by whom, and what became of each file."""

    list_display = ("when", "uploaded_by", "file_count", "state")
    list_select_related = ("by",)
    show_full_result_count = False

    def get_queryset(self, request: HttpRequest) -> "QuerySet[ImportBatch]":
        return _counted(super().get_queryset(request))

    @column("uploaded", ordering="pk")
    def when(self, batch: ImportBatch) -> Any:
        return batch.created_at

    @column("by")
    def uploaded_by(self, batch: ImportBatch) -> str | None:
        return str(batch.by) if batch.by else None

    @column("files")
    def file_count(self, batch: Any) -> int:
        return int(batch.files)

    @column("result")
    def state(self, batch: Any) -> str:
        if batch.open:
            return f"{batch.open} to do"
        return f"Done, {batch.rejected} rejected" if batch.rejected else "Done"

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if not self.has_view_permission(request):
            return refused(self, request, "Editor")
        batch = get_object_or_404(ImportBatch.objects.select_related("by"), pk=object_id)
        context = {**self.admin_site.each_context(request), "title": str(batch), "opts": self.opts, **_progress(batch)}
        return TemplateResponse(request, "admin/journal/importbatch/progress.html", context)


def _progress(batch: ImportBatch) -> dict[str, Any]:
    """How far a batch is: its items, how many of each result, and whether the page should look again."""
    items = list(batch.items.select_related("article"))
    counted = Counter(item.status for item in items)
    waiting = sum(counted[status] for status in ImportItem.OPEN)
    idle = waiting == len(items) and not counted[ImportItem.Status.WORKING]
    return {
        "batch": batch,
        "items": items,
        "counts": [(ImportItem.Status(status), counted[status]) for status in ImportItem.Status if counted[status]],
        "done": len(items) - waiting,
        "look_again": LOOK_AGAIN if waiting else None,
        "needs_worker": idle and (timezone.now() - batch.created_at).total_seconds() > PATIENCE,
    }
