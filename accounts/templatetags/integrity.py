"""`{% integrity 'js/site.js' %}`: the digest a browser compares a script of ours with before it runs it."""

import base64
import hashlib
from functools import lru_cache

from django import template
from django.conf import settings
from django.contrib.staticfiles.storage import staticfiles_storage
from django.utils.safestring import SafeString, mark_safe

register = template.Library()


@register.simple_tag
def integrity(name: str) -> SafeString:
    """The attribute, where collected files have their content in their names; while developing there is none."""
    stored_name = getattr(staticfiles_storage, "stored_name", None)
    return SafeString() if settings.DEBUG or stored_name is None else _attribute(stored_name(name))


@lru_cache(maxsize=64)
def _attribute(stored_name: str) -> SafeString:
    if not staticfiles_storage.exists(stored_name):
        return SafeString()
    with staticfiles_storage.open(stored_name) as file:
        digest = base64.b64encode(hashlib.sha256(file.read()).digest()).decode()
    return mark_safe(f'integrity="sha256-{digest}"')  # noqa: S308  (base64)
