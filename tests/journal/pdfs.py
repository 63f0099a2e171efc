"""PDFs written by hand: one line of text a page."""

from collections.abc import Callable
from io import BytesIO
from typing import Any

import pikepdf
import pypdfium2


def make_pdf(pages: list[str], width: int = 595, height: int = 842) -> bytes:
    """A PDF of these pages; sizes in points. Raises nothing, holds no fonts but Helvetica."""
    count = len(pages)
    kids = " ".join(f"{4 + 2 * n} 0 R" for n in range(count))
    objects = ["<</Type/Catalog/Pages 2 0 R>>", f"<</Type/Pages/Kids[{kids}]/Count {count}>>"]
    objects.append("<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>")
    for number, text in enumerate(pages):
        stream = f"BT /F1 24 Tf 50 {height - 80} Td ({text}) Tj ET"
        box, font = f"/MediaBox[0 0 {width} {height}]", "/Resources<</Font<</F1 3 0 R>>>>"
        objects.append(f"<</Type/Page/Parent 2 0 R{box}{font}/Contents {5 + 2 * number} 0 R>>")
        objects.append(f"<</Length {len(stream)}>>stream\n{stream}\nendstream")
    out, places = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += f"{number} 0 obj\n{body}\nendobj\n".encode()
    table = "".join(f"{place:010d} 00000 n \n" for place in places)
    end = f"trailer<</Size {len(objects) + 1}/Root 1 0 R>>\nstartxref\n{len(out)}\n%%EOF\n"
    return out + f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}".encode() + end.encode()


def changed(data: bytes, change: Callable[[pikepdf.Pdf], object], **saving: Any) -> bytes:
    """The PDF after `change`, for example with other boxes, turned, scripted or encrypted."""
    stream = BytesIO()
    with pikepdf.open(BytesIO(data)) as document:
        change(document)
        document.save(stream, **saving)
    return stream.getvalue()


def page_texts(data: bytes) -> list[str]:
    with pypdfium2.PdfDocument(data) as document:
        return [page.get_textpage().get_text_range() for page in document]
