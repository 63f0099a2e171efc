"""Static files: CSS bundled into one file, names with a hash of the content, compressed once."""

import re
from pathlib import Path
from typing import Any

from django.core.files.base import ContentFile
from whitenoise.storage import CompressedManifestStaticFilesStorage

ENTRY = "css/site.css"
IMPORT = re.compile(r"""@import\s+(?:url\()?["']([^"']+)["']\)?\s*(layer\([\w.-]+\))?\s*;""")


class BundledStaticFilesStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]  # not typed
    """The stylesheet is written as one file a component and sent as one: its @imports are put in their place."""

    manifest_strict = False

    def post_process(self, paths: dict[str, Any], dry_run: bool = False, **options: Any) -> Any:
        if ENTRY in paths and not dry_run:
            storage, name = paths[ENTRY]
            source = Path(storage.path(name))
            self.delete(ENTRY)
            self._save(ENTRY, ContentFile(bundle(source).encode()))
            paths = {**paths, ENTRY: (self, ENTRY)}
        yield from super().post_process(paths, dry_run, **options)


def bundle(entry: Path) -> str:
    """The text of `entry` with each `@import "x.css" layer(y);` replaced by the file's text (in `@layer y { }`)."""

    def inline(match: re.Match[str]) -> str:
        path, layer = match.groups()
        text = (entry.parent / path).read_text(encoding="utf-8")
        return f"@{layer.replace('(', ' ').rstrip(')')} {{\n{text}\n}}" if layer else text

    return IMPORT.sub(inline, entry.read_text(encoding="utf-8"))
