"""Static files: styles and scripts bundled into one file each, names with a hash of the content, compressed once."""

import re
from pathlib import Path
from typing import Any

from django.core.files.base import ContentFile
from whitenoise.storage import CompressedManifestStaticFilesStorage

CSS_IMPORT = re.compile(r"""@import\s+(?:url\()?["']([^"']+)["']\)?\s*(layer\([\w.-]+\))?\s*;""")
JS_IMPORT = re.compile(r"""^import\s+["']([^"']+)["'];$""", re.MULTILINE)


class BundledStaticFilesStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]  # not typed
    """Styles and scripts are written as one file a subject and sent as one: what an entry imports takes its place."""

    manifest_strict = False

    def post_process(self, paths: dict[str, Any], dry_run: bool = False, **options: Any) -> Any:
        for entry, bundle in ENTRIES.items():
            if entry in paths and not dry_run:
                storage, name = paths[entry]
                source = Path(storage.path(name))
                self.delete(entry)
                self._save(entry, ContentFile(bundle(source).encode()))
                paths = {**paths, entry: (self, entry)}
        yield from super().post_process(paths, dry_run, **options)


def bundle(entry: Path) -> str:
    """The text of `entry` with each `@import "x.css" layer(y);` replaced by the file's text (in `@layer y { }`)."""

    def inline(match: re.Match[str]) -> str:
        path, layer = match.groups()
        text = (entry.parent / path).read_text(encoding="utf-8")
        return f"@{layer.replace('(', ' ').rstrip(')')} {{\n{text}\n}}" if layer else text

    return compact(CSS_IMPORT.sub(inline, entry.read_text(encoding="utf-8")))


def compact(css: str) -> str:
    """Without comments and indentation: a quarter of the bytes that remain after compression."""
    return re.sub(r"\s+", " ", re.sub(r"/\*.*?\*/", "", css, flags=re.DOTALL))


def bundle_modules(entry: Path) -> str:
    """The text of `entry` with each `import "./x.js";` replaced by that module in a block, so that names stay its own.

    Enough for modules that neither import nor export (static/js: one behaviour each, none knows another).
    """

    def inline(match: re.Match[str]) -> str:
        return f"{{\n{(entry.parent / match[1]).read_text(encoding='utf-8')}}}"

    return JS_IMPORT.sub(inline, entry.read_text(encoding="utf-8"))


ENTRIES = {"css/site.css": bundle, "css/pages.css": bundle, "css/related.css": bundle, "js/site.js": bundle_modules}
