"""The upload page: one or more JATS files or packages in, a line for each out."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from journal.importing import import_source
from journal.models import Article

if TYPE_CHECKING:
    from journal.admin.articles import ArticleAdmin

    Upload = UploadedFile[Any]
else:
    Upload = UploadedFile

MOST_BYTES = 50 * 1024 * 1024


class ManyFilesInput(forms.ClearableFileInput):
    allow_multiple_selected = True


class ManyFilesField(forms.FileField):
    """One or more files, in the order in which they were chosen."""

    widget = ManyFilesInput(attrs={"multiple": True, "accept": ".xml,.zip"})

    def clean(self, data: Any, initial: Any = None) -> list[Upload]:
        return [super(ManyFilesField, self).clean(file, initial) for file in data or [None]]


class ImportForm(forms.Form):
    uploads = ManyFilesField(
        label="JATS files or packages",
        help_text="XML files, or zip packages with the XML, its PDF and its pictures. At most 50 MB at a time.",
        error_messages={
            "required": "Choose at least one XML or zip file.",
            "empty": "One of these files is empty. Choose the files again without it.",
        },
    )

    def clean_uploads(self) -> list[Upload]:
        files: list[Upload] = self.cleaned_data["uploads"]
        total = sum(file.size or 0 for file in files)
        if total > MOST_BYTES:
            raise forms.ValidationError(
                f"These files have {total / 1024 / 1024:.1f} MB together; 50 MB at a time is the most, and nothing was"
                " imported. Upload them in parts, or use manage.py import_articles on the server."
            )
        return files


def import_page(model_admin: "ArticleAdmin", request: HttpRequest) -> HttpResponse:
    form = ImportForm(request.POST, request.FILES) if request.method == "POST" else ImportForm()
    results = [_import(model_admin, request, file) for file in form.cleaned_data["uploads"]] if form.is_valid() else []
    context = {
        **model_admin.admin_site.each_context(request),
        "title": "Import articles",
        "opts": model_admin.opts,
        "form": form,
        "results": results,
    }
    return TemplateResponse(request, "admin/journal/article/import.html", context)


def _import(model_admin: "ArticleAdmin", request: HttpRequest, file: Upload) -> dict[str, Any]:
    """Import one file and say in the log who did it. What was rejected has changed nothing."""
    name = file.name or "unnamed"
    record = import_source(file.read(), name)
    article = Article.objects.filter(pk=record.article_id).first() if record.article_id else None
    if article and record.status not in ("rejected", "unchanged"):
        model_admin.log_change(request, article, f"Imported from {name}: {record.status}.")
    return {"record": record, "article": article}
