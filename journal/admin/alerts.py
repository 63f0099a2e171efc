"""Alerts that were sent, or not: what support looks at when a reader misses one."""

from django.contrib import admin

from accounts.admin_pages import ReadOnlyAdmin, ReadOnlyInline, column
from journal.alerts import words_of
from journal.reader_models import Alert, AlertMail, Recipient


class Alerts(ReadOnlyInline):
    model = Alert
    fields = ("about", "created_at")

    @column("about")
    def about(self, alert: Alert) -> str:
        return words_of(alert)


@admin.register(Recipient)
class RecipientAdmin(ReadOnlyAdmin):
    list_display = ("email", "rhythm", "confirmed_at", "created_at")
    search_fields = ("email",)
    fields = ("email", "user", "rhythm", "confirmed_at", "created_at")
    inlines = (Alerts,)


@admin.register(AlertMail)
class AlertMailAdmin(ReadOnlyAdmin):
    list_display = ("recipient", "articles", "created_at", "claimed_at", "sent_at", "error")
    list_select_related = ("recipient",)
    search_fields = ("recipient__email",)
    fields = ("key", "recipient", "created_at", "claimed_at", "sent_at", "error")

    @column("articles")
    def articles(self, mail: AlertMail) -> int:
        return sum(len(part["entries"]) for part in mail.parts)
