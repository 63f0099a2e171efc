"""The jobs of the background worker: procrastinate's own page without the inline style that our policy refuses."""

from django.contrib import admin
from django.utils.safestring import SafeString
from procrastinate.contrib.django.admin import ProcrastinateJobAdmin
from procrastinate.contrib.django.models import ProcrastinateJob

from accounts.admin_pages import column
from subscriptions.admin.stripe import as_json

LONGEST_ARGUMENTS = 2000

admin.site.unregister(ProcrastinateJob)


@admin.register(ProcrastinateJob)
class JobAdmin(ProcrastinateJobAdmin):
    """Read only, with the library's actions to retry, cancel and abort."""

    @column("arguments")
    def pretty_args(self, instance: ProcrastinateJob) -> SafeString:
        return as_json(instance.args, longest=LONGEST_ARGUMENTS)
