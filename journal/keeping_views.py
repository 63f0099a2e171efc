"""What a reader does with an article beside reading it: save, share, mail it to a colleague, ask for permissions."""

import logging
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from accounts.models import ServiceCenter
from accounts.rate_limits import is_allowed, is_allowed_for
from journal.alerts import letter
from journal.metadata import absolute
from journal.models import Article
from journal.reader_models import Folder, SavedArticle
from journal.records import facts_of
from journal.views import listed, marked

log = logging.getLogger(__name__)
MOST_SAVED, MOST_FOLDERS = 2000, 50
MAILS_AN_HOUR, MAILS_TO_ONE_A_DAY = 10, 5


def _article(doi: str) -> Article:
    found: Article = get_object_or_404(
        Article.objects.published().by_doi(doi).select_related("journal", "issue", "record")
    )
    return found


def _account(request: HttpRequest) -> Any:
    """Behind `login_required` there is one."""
    return request.user


# --- saving ----------------------------------------------------------------------------------------------------------


class SaveForm(forms.Form):
    folder = forms.ModelChoiceField(
        Folder.objects.none(), label=gettext_lazy("Folder"), required=False, empty_label=gettext_lazy("No folder")
    )
    new_folder = forms.CharField(label=gettext_lazy("Or a new folder"), required=False, max_length=80)

    def __init__(self, user: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        self.folders = Folder.objects.filter(user=user)
        folder: Any = self.fields["folder"]
        folder.queryset = self.folders

    def clean_new_folder(self) -> str:
        name = " ".join(self.cleaned_data["new_folder"].split())
        if name and self.folders.count() >= MOST_FOLDERS and not self.folders.filter(name=name).exists():
            raise forms.ValidationError(
                _("%(most_folders)s folders are the most. Remove one first.") % {"most_folders": MOST_FOLDERS}
            )
        return name

    def save(self, article: Article) -> SavedArticle:
        folder, name = self.cleaned_data["folder"], self.cleaned_data["new_folder"]
        if name:
            folder, _ = Folder.objects.get_or_create(user=self.user, name=name)
        kept, _ = SavedArticle.objects.update_or_create(user=self.user, article=article, defaults={"folder": folder})
        return kept


@login_required
def save(request: HttpRequest, doi: str) -> HttpResponse:
    """Save an article to a folder, or move it to another."""
    article, user = _article(doi), _account(request)
    kept = SavedArticle.objects.filter(user=user, article=article).first()
    form = SaveForm(user, request.POST or None, initial={"folder": kept.folder_id if kept else None})
    if request.method == "POST" and form.is_valid():
        if not kept and SavedArticle.objects.filter(user=user).count() >= MOST_SAVED:
            form.add_error(
                None,
                _("%(most_saved)s articles are the most that can be saved. Remove some first.")
                % {"most_saved": f"{MOST_SAVED:,}"},
            )
        else:
            form.save(article)
            messages.success(request, _("Saved. You find it under Saved articles."))
            return redirect(article)
    return render(request, "journal/save.html", {"article": article, "form": form, "kept": kept})


@login_required
@require_safe
def saved(request: HttpRequest) -> HttpResponse:
    """The reader's saved articles, by folder, with their marks."""
    folders = list(Folder.objects.filter(user=_account(request)))
    chosen = next((folder for folder in folders if str(folder.pk) == request.GET.get("folder", "")), None)
    rows = SavedArticle.objects.filter(user=_account(request))
    rows = rows.filter(folder=chosen) if chosen else rows
    order = list(rows.values_list("article", flat=True)[:MOST_SAVED])
    items = {item["article"].pk: item for item in marked(request, listed().filter(pk__in=order))}
    context = {"folders": folders, "chosen": chosen, "items": [items[pk] for pk in order if pk in items]}
    return render(request, "journal/saved.html", context)


@login_required
@require_POST
def remove(request: HttpRequest) -> HttpResponse:
    """Take an article off the list, or remove a folder; its articles stay saved."""
    if request.POST.get("folder", "").isdigit():
        Folder.objects.filter(user=_account(request), pk=request.POST["folder"]).delete()
        return redirect("journal:saved")
    SavedArticle.objects.filter(user=_account(request), article__doi_key=request.POST.get("doi", "").lower()).delete()
    messages.success(request, _("Removed from your saved articles."))
    return redirect("journal:saved")


# --- sharing ---------------------------------------------------------------------------------------------------------


class ColleagueForm(forms.Form):
    """Words of one's own only from an account: a form that mails anybody's words to anybody would be used for spam."""

    name = forms.CharField(label=gettext_lazy("Your name"), max_length=80)
    to = forms.EmailField(label=gettext_lazy("Your colleague’s email address"))
    note = forms.CharField(
        label=gettext_lazy("A few words"), required=False, max_length=500, widget=forms.Textarea(attrs={"rows": 3})
    )

    def __init__(self, user: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if user.is_authenticated:
            self.fields["name"].initial = user.get_full_name()
        else:
            del self.fields["note"]

    def clean_name(self) -> str:
        name = " ".join(self.cleaned_data["name"].split())
        if any(sign in name for sign in ("://", "www.", "@")):
            raise forms.ValidationError(_("Please give a name, not an address."))
        return name


def share(request: HttpRequest, doi: str) -> HttpResponse:
    """The article's link to copy or pass on, and a mail to a colleague."""
    article = _article(doi)
    form = ColleagueForm(request.user, request.POST or None)
    if request.method == "POST" and form.is_valid():
        to = form.cleaned_data["to"].lower()
        allowed = is_allowed(request, "colleague", most=MAILS_AN_HOUR, seconds=3600)
        if allowed and is_allowed_for(to, "colleague-to", most=MAILS_TO_ONE_A_DAY, seconds=86_400):
            if _mail(article, form.cleaned_data, to):
                return render(request, "journal/shared.html", {"article": article, "to": to})
            form.add_error(None, _("The email could not be sent right now. Please try again later, or copy the link."))
        else:
            form.add_error(None, _("Too many emails in a short time. Please try again later, or copy the link."))
    context = {"article": article, "form": form, "link": f"https://doi.org/{article.doi}"}
    return render(request, "journal/share.html", context, status=200 if form.is_valid() or not form.is_bound else 400)


def _mail(article: Article, said: dict[str, Any], to: str) -> bool:
    """Whether it went out. It is not kept for later, because we say that the address is not."""
    context = {
        "article": article, "url": absolute(article.get_absolute_url()), "journal": article.journal,
        "name": said["name"], "note": said.get("note", ""), "site_url": settings.SITE_URL,
        "service_center": ServiceCenter.current(),
    }  # fmt: skip
    try:
        letter("journal/email/colleague", to, context).send()
    except OSError as error:
        log.error("A mail to a colleague did not go out: %s", error)
        return False
    return True


@require_safe
def permissions(request: HttpRequest, doi: str) -> HttpResponse:
    """What may be done with the article without asking, and whom to ask for more."""
    article = _article(doi)
    context = {"article": article, "copyright": facts_of(article).get("copyright", "")}
    return render(request, "journal/permissions.html", context)
