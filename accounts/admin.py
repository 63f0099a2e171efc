"""Staff's pages for accounts, the service center and what went wrong at signing in."""

from typing import Any

from allauth.account.adapter import get_adapter as get_account_adapter
from allauth.mfa.models import Authenticator
from allauth.mfa.signals import authenticator_removed
from allauth.socialaccount.models import SocialAccount, SocialApp, SocialToken
from allauth.usersessions.models import UserSession
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.forms import AdminUserCreationForm
from django.forms import CheckboxSelectMultiple
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from accounts import incidents, roster_admin  # noqa: F401  (registers its pages)
from accounts.admin_pages import ModelAdmin, OneRowAdmin, PlainChoices, ReadOnlyAdmin, column, link_to
from accounts.models import AccountMerge, Erasure, ServiceCenter, SignInIncident, User


class NewAccountForm(AdminUserCreationForm):  # type: ignore[type-arg]
    """An account made by staff. The person confirms the address with a code at the first sign-in."""

    class Meta:
        model = User
        fields = ("email", "name")


class AccountAdmin(PlainChoices, UserAdmin):  # type: ignore[type-arg]
    """An account. Staff with the permission to change it also give roles; the email is the reader's own to change."""

    add_form = NewAccountForm
    ordering = ("email",)
    list_display = ("email", "name", "roles", "is_active", "last_login", "date_joined")
    list_filter = ("is_active", "is_staff", "groups")
    search_fields = ("email", "name")
    search_help_text = "Email address or name"
    readonly_fields = ("last_login", "date_joined")
    add_fieldsets = ((None, {"fields": ("email", "name", "usable_password", "password1", "password2")}),)
    show_full_result_count = False

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).prefetch_related("groups")

    def formfield_for_manytomany(self, db_field: Any, request: Any, **kwargs: Any) -> Any:
        return super().formfield_for_manytomany(
            db_field, request, widget=CheckboxSelectMultiple, help_text="", **kwargs
        )

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is None:
            return self.add_fieldsets
        person = ("email", "name", "last_login", "date_joined")
        if not self.has_change_permission(request, obj):
            return ((None, {"fields": (*person, "is_active", "held_for")}),)
        staff = ("is_active", "held_for", "is_staff", "is_superuser", "groups")
        return ((None, {"fields": (*person, "password")}), ("What this account may do", {"fields": staff}))

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        fields = super().get_readonly_fields(request, obj)
        own = ("email",) if obj else ()
        return (*fields, *own, *(() if request.user.is_superuser else ("is_superuser",)))

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and not _is_above(obj, request.user)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_delete_permission(request, obj) and not _is_above(obj, request.user)

    @column("staff")
    def roles(self, user: User) -> str:
        names = [group.name for group in user.groups.all()]
        return ", ".join(["Everything"] if user.is_superuser else names)


def _is_above(person: Any, staff: Any) -> bool:
    """A superuser's account, its password and factors are for superusers: who gives roles must not become one by it."""
    return bool(person is not None and person.is_superuser and not staff.is_superuser)


admin.site.register(User, AccountAdmin)


@admin.register(ServiceCenter)
class ServiceCenterAdmin(OneRowAdmin):
    """Whom readers call: shown in the footer, on error pages and in emails."""

    readonly_fields = ("as_readers_see_it",)
    fieldsets = (
        (None, {"fields": ("name", "email", "phone", "phone_toll_free", "hours", "notice")}),
        ("Preview", {"fields": ("as_readers_see_it",), "description": "As it was saved last."}),
    )

    @column("as readers see it")
    def as_readers_see_it(self, center: ServiceCenter) -> SafeString:
        return render_to_string("admin/accounts/servicecenter/_preview.html", {"service_center": center})


@admin.register(SignInIncident)
class SignInIncidentAdmin(ReadOnlyAdmin):
    """What really happened behind the reference a reader reads out, for example E2-7KQ4M."""

    list_display = ("reference", "stage", "person", "happened", "path", "request_id", "created_at")
    list_filter = ("stage", "created_at")
    list_select_related = ("user",)
    search_fields = ("reference", "user__email", "path", "request_id")
    search_help_text = "Reference (E2-7KQ4M), email address, path or request id"
    date_hierarchy = "created_at"

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """What was kept in files while the database was away is written first, so that support finds it at once."""
        incidents.catch_up()
        return super().changelist_view(request, extra_context)

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> Any:
        """`e2 7kq4m`, as it is said on the telephone, is E2-7KQ4M."""
        spoken = incidents.spoken(search_term)
        return super().get_search_results(request, queryset, spoken or search_term)

    @column("person")
    def person(self, incident: SignInIncident) -> str:
        return link_to(incident.user)


@admin.register(LogEntry)
class LogEntryAdmin(ReadOnlyAdmin):
    """Who of the staff did what: also what changed nothing, such as a preview."""

    list_display = ("action_time", "user", "content_type", "object_repr", "said")
    list_filter = ("action_flag", "content_type")
    list_select_related = ("user", "content_type")
    search_fields = ("user__email", "object_repr", "change_message")
    search_help_text = "Staff member's email address, object or message"
    date_hierarchy = "action_time"

    @column("what")
    def said(self, entry: LogEntry) -> str:
        return entry.get_change_message() or entry.get_action_flag_display()


@admin.register(AccountMerge)
class AccountMergeAdmin(ReadOnlyAdmin):
    """Which account went into which."""

    list_display = ("other_email", "kept", "merged_at")
    list_select_related = ("kept", "other")
    search_fields = ("other_email", "kept__email")
    search_help_text = "Email address of either account"


@admin.register(Erasure)
class ErasureAdmin(ReadOnlyAdmin):
    """Who asked to be erased, and what the law kept."""

    list_display = ("user", "asked_at", "due_at", "done_at")
    list_filter = (("done_at", admin.EmptyFieldListFilter),)
    list_select_related = ("user",)
    search_fields = ("user__email",)


class FactorAdmin(ModelAdmin):
    """A lost phone: an administrator deletes the factor, having made sure who calls. No secret is shown."""

    list_display = ("user", "type", "created_at", "last_used_at")
    list_filter = ("type",)
    list_select_related = ("user",)
    search_fields = ("user__email",)
    search_help_text = "Email address"
    fields = readonly_fields = ("user", "type", "created_at", "last_used_at")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_delete_permission(request, obj) and not (obj and _is_above(obj.user, request.user))

    def delete_model(self, request: HttpRequest, obj: Authenticator) -> None:
        super().delete_model(request, obj)
        _tell_removed(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: Any) -> None:
        removed = list(queryset.select_related("user"))
        super().delete_queryset(request, queryset)
        for factor in removed:
            _tell_removed(request, factor)

    def get_queryset(self, request: HttpRequest) -> Any:
        """Also for deleting several at once: a superuser's are not among them."""
        found = super().get_queryset(request)
        return found if request.user.is_superuser else found.filter(user__is_superuser=False)


REMOVED = {Authenticator.Type.TOTP: "totp_deactivated", Authenticator.Type.WEBAUTHN: "webauthn_removed"}


def _tell_removed(request: HttpRequest, factor: Authenticator) -> None:
    """The owner is told, whoever talked an administrator into it, and the log says it as of every removal."""
    authenticator_removed.send(sender=Authenticator, request=request, user=factor.user, authenticator=factor)
    if name := REMOVED.get(factor.type):
        get_account_adapter(request).send_notification_mail(f"mfa/email/{name}", factor.user)


def take_over(site: admin.AdminSite) -> None:
    """After every app has registered its pages: allauth's show secrets, or search by a user name we don't have."""
    for theirs in (Authenticator, UserSession, SocialAccount, SocialApp, SocialToken):
        site.unregister(theirs)
    site.register(Authenticator, FactorAdmin)
