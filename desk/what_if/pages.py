"""Looking before saving: a change page whose Save leads to what the change would do, when it does something."""

from typing import Any

from django.contrib import messages
from django.contrib.admin.utils import flatten_fieldsets, unquote
from django.forms.formsets import all_valid
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse

from accounts.admin_pages import ModelAdmin
from desk.what_if.effect import Effect, Group

LOOKED_AT = "looked_at"
TEMPLATE = "admin/desk/overview_effect.html"


class LooksFirst(ModelAdmin):
    """`effect_of` says what saving would do, from the row before and the valid form; None: it is saved at once."""

    def effect_of(self, before: Any, form: Any, formsets: list[Any]) -> Effect | None:
        raise NotImplementedError

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        page = self._look(request, object_id) if request.method == "POST" else None
        return page or super().change_view(request, object_id, form_url, extra_context)

    def _look(self, request: HttpRequest, object_id: str) -> HttpResponse | None:
        before, row = (self.get_object(request, unquote(object_id)) for _ in range(2))
        if before is None or not self.has_change_permission(request, before):
            return None
        form_class = self.get_form(
            request, row, change=True, fields=flatten_fieldsets(self.get_fieldsets(request, row))
        )
        form = form_class(request.POST, request.FILES, instance=row)
        formsets, _ = self._create_formsets(request, row, change=True)  # type: ignore[attr-defined]
        if not (form.is_valid() and all_valid(formsets)):
            return None  # the change page says what is wrong
        effect = self.effect_of(before, form, formsets)
        looked_at = request.POST.get(LOOKED_AT)
        if effect is None or looked_at == effect.digest:
            return None
        if looked_at:
            messages.warning(request, "Nothing was saved: what it would do has changed since you looked. Look again.")
        return page(self, request, effect, before, "Save it", {LOOKED_AT: effect.digest})


def page(
    model_admin: Any, request: HttpRequest, effect: Effect, original: Any, verb: str, told: dict[str, str],
    back: str = "",
) -> HttpResponse:  # fmt: skip
    """The difference, with what was typed carried along and the button that does it."""
    opts = model_admin.opts
    context = {
        **model_admin.admin_site.each_context(request), "title": "What this changes", "opts": opts,
        "original": original, "effect": seen_by(request, effect), "verb": verb,
        "list_url": reverse(f"admin:{opts.app_label}_{opts.model_name}_changelist"),
        "back": back or request.get_full_path(),
        "carried": [*carried(request, *told), *told.items()],
    }  # fmt: skip
    return TemplateResponse(request, TEMPLATE, context)


def carried(request: HttpRequest, *without: str) -> list[tuple[str, str]]:
    """What was sent, for hidden fields of the next page."""
    left_out = ("csrfmiddlewaretoken", *without)
    return [(name, str(one)) for name, sent in request.POST.lists() for one in sent if name not in left_out]


def seen_by(request: HttpRequest, effect: Effect) -> Effect:
    """Without the names this staff member may not read."""

    def cut(groups: list[Group]) -> list[Group]:
        return [group if _may_see(request, group) else group.without_names() for group in groups]

    return Effect(effect.said, cut(effect.gains), cut(effect.loses), cut(effect.keeps), effect.limits)


def _may_see(request: HttpRequest, group: Group) -> bool:
    return not group.permission or request.user.has_perm(group.permission)
