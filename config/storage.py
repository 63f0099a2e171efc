"""Where files lie: in folders under VAR_DIR, or in one S3 bucket, each kind under a prefix of its own."""

from importlib.util import find_spec
from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured

from config.environment import Environment

#: kind → (folder or prefix, whether the name is the content, so that writing again changes nothing)
KINDS = {
    "default": ("media", False),
    "articles": ("articles", True),
    "imports": ("imports", False),
    "exports": ("exports", False),  # what readers asked for of their own data: private, kept for a week
    "proofs": ("proofs", False),  # what trainees send: private, for staff to look at
}


def storages(env: Environment, var: Path) -> dict[str, dict[str, Any]]:
    bucket = env.text("S3_BUCKET")
    return _in_bucket(env, bucket) if bucket else _in_folders(var)


def _in_folders(var: Path) -> dict[str, dict[str, Any]]:
    """`default` takes its place from MEDIA_ROOT, as Django has it."""
    backend = "django.core.files.storage.FileSystemStorage"
    private = {
        kind: {"BACKEND": backend, "OPTIONS": {"location": var / folder, "base_url": None}}
        for kind, (folder, _) in KINDS.items()
        if kind != "default"
    }
    return {"default": {"BACKEND": backend}, **private}


def _in_bucket(env: Environment, bucket: str) -> dict[str, dict[str, Any]]:
    """Nothing is public, and no address of the bucket is ever given out: the site sends the file itself."""
    if not (find_spec("storages") and find_spec("boto3")):
        raise ImproperlyConfigured("S3_BUCKET needs django-storages: bin/setup requirements-s3.txt installs it.")
    common = {
        "bucket_name": bucket, "region_name": env.text("S3_REGION") or None,
        "endpoint_url": env.text("S3_ENDPOINT") or None, "access_key": env.text("S3_ACCESS_KEY") or None,
        "secret_key": env.text("S3_SECRET_KEY") or None, "default_acl": None, "signature_version": "s3v4",
        "max_memory_size": 8 << 20,
    }  # fmt: skip
    return {
        kind: {
            "BACKEND": "storages.backends.s3.S3Storage",
            "OPTIONS": {**common, "location": prefix, "file_overwrite": overwrite},
        }
        for kind, (prefix, overwrite) in KINDS.items()
    }
