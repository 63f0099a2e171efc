"""A rise of E1 and E2: every page says that signing in is disturbed, and since when, so that nobody tries in vain.

Kept on the service center's row, which every page reads anyway.
"""

from datetime import timedelta

from django.utils import timezone

from accounts.models import ServiceCenter, SignInIncident

STAGES = ("E1", "E2")
WITHIN = timedelta(minutes=10)
FROM = 5  # incidents within that time; one reader who presses again and again makes one or two
OVER_AFTER = timedelta(minutes=15)  # without a further one


def look(stage: str) -> None:
    """After an incident: is this the one that makes it a disturbance?"""
    if stage not in STAGES:
        return
    since = timezone.now() - WITHIN
    recent = SignInIncident.objects.filter(stage__in=STAGES, is_rise=True, created_at__gte=since).order_by("created_at")
    moments = list(recent.values_list("created_at", flat=True)[:FROM])
    if len(moments) == FROM and not ServiceCenter.objects.filter(disturbed_since__isnull=False).exists():
        center = ServiceCenter.current()
        center.disturbed_since = moments[0]
        center.save()


def end_if_over() -> bool:
    """Each minute: take the banner down when nothing has happened for a while."""
    since = timezone.now() - OVER_AFTER
    if SignInIncident.objects.filter(stage__in=STAGES, is_rise=True, created_at__gte=since).exists():
        return False
    center = ServiceCenter.objects.filter(disturbed_since__isnull=False).first()
    if center is None:
        return False
    center.disturbed_since = None
    center.save(update_fields=["disturbed_since"])
    return True
