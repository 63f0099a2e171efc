"""Tables that staff bring from spreadsheets and take to them: CSV in UTF-8, with a sentence for every wrong line.

Reading: columns by name, in any order, separated by comma, semicolon or tab. Writing: with a byte order mark, so that
spreadsheets know the letters, and with nothing that they would take for a formula.
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.http import HttpResponse
from django.utils.text import get_valid_filename

MOST_ERRORS = 50
FORMULA = ("=", "+", "-", "@", "\t", "\r")
HIDDEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2060\ufeff]")
BYTE_ORDER_MARK = "\ufeff"
_LINE = re.compile(r"Line (\d+)")


# --- reading ---------------------------------------------------------------------------------------------------------


def text_of(raw: bytes, most_bytes: int) -> str:
    """The file's text: UTF-8, or UTF-16 when it says so itself. ValueError names the line that is neither."""
    if len(raw) > most_bytes:
        raise ValueError(f"The file is larger than {most_bytes // 1_000_000} MB.")
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        try:
            return raw.decode("utf-16")
        except UnicodeDecodeError:
            raise ValueError("The file begins like UTF-16, but is cut off. Save it as “CSV UTF-8”.") from None
    if b"\0" in raw:
        line = raw.count(b"\n", 0, raw.index(0)) + 1
        raise ValueError(f"Line {line} holds a zero byte, which cannot be seen. Is the file a CSV?")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        found = f"byte 0x{raw[error.start]:02X}"
        raise ValueError(
            f"Line {line} is not UTF-8 ({found}). Save the file as “CSV UTF-8” and upload it again."
        ) from None


@dataclass
class Sheet:
    """The lines of a table as {column: value}, with the mistakes found so far. Whoever reads adds its own."""

    needed: Sequence[str]
    known: Sequence[str]
    most_rows: int
    rows: str = "rows"
    columns: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def lines(self, text: str) -> Iterator[tuple[int, dict[str, str]]]:
        """(number of the line, its values). Ends early when there is too much of it, or too much wrong with it."""
        text = text.removeprefix(BYTE_ORDER_MARK)
        delimiter = max(",;\t", key=text.split("\n", 1)[0].count)
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
        try:
            self.columns = [name.strip().lower() for name in next(reader, [])]
            if wrong := self._wrong_columns():
                self.errors.append(wrong)
                return
            yield from self._lines(reader)
        except csv.Error as error:
            self.errors.append(f"Line {reader.line_num}: {error}. Perhaps a quotation mark is not closed.")

    def _wrong_columns(self) -> str:
        missing = [name for name in self.needed if name not in self.columns]
        if missing:
            return f"Line 1 must name the columns; missing: {', '.join(missing)}. Known are {', '.join(self.known)}."
        twice = [name for name in self.known if self.columns.count(name) > 1]
        return f"Line 1 names the column {twice[0]} twice." if twice else ""

    def _lines(self, reader: Any) -> Iterator[tuple[int, dict[str, str]]]:
        count = 0
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            surplus = len(cells) - len(self.columns)
            values = dict(zip(self.columns, cells, strict=False))
            if surplus > 0:
                self.wrong(
                    reader.line_num,
                    f"{surplus} more value(s) than columns; a value with the separator in it needs quotation marks.",
                )
            elif HIDDEN.search("".join(values.values())):
                self.wrong(reader.line_num, "it holds characters that cannot be seen. Type it anew.")
            else:
                yield reader.line_num, values
                count += 1
            if len(self.errors) >= MOST_ERRORS:
                self.errors.append(f"After {MOST_ERRORS} errors the rest was not looked at.")
                return
            if count > self.most_rows:
                self.errors.append(f"More than {self.most_rows:,} {self.rows}: divide the file.")
                return

    def wrong(self, line: int, sentence: str) -> None:
        self.errors.append(f"Line {line}: {sentence}")

    def sort_errors(self) -> None:
        """By line, and no more than anybody reads, where rows were judged after all had been read."""
        self.errors.sort(key=lambda sentence: int(found[1]) if (found := _LINE.match(sentence)) else 0)
        if len(self.errors) > MOST_ERRORS:
            more = len(self.errors) - MOST_ERRORS
            self.errors[MOST_ERRORS:] = [f"And {more:,} more lines with errors."]


# --- writing ---------------------------------------------------------------------------------------------------------


def harmless(value: Any) -> Any:
    """Text that a spreadsheet would take for a formula is put behind an apostrophe; numbers are what they are."""
    if isinstance(value, str) and value.lstrip(" ").startswith(FORMULA):
        return f"'{value}"
    return value


def restored(value: str) -> str:
    """A cell as it was before `harmless`, so that what was exported can be imported."""
    return value[1:] if value.startswith("'") and value[1:].lstrip(" ").startswith(FORMULA) else value


def answer(name: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> HttpResponse:
    """A table to be saved under this name."""
    response = HttpResponse(BYTE_ORDER_MARK, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{get_valid_filename(name)}.csv"'
    response["Cache-Control"] = "private, no-store"
    writer = csv.writer(response)
    writer.writerow(columns)
    writer.writerows([harmless(value) for value in row] for row in rows)
    return response
