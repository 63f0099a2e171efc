"""SVG to PNG through Typst, so that figures use the same fonts as the pages."""

from __future__ import annotations

import io
import re
from pathlib import Path
from tempfile import TemporaryDirectory

import typst
from PIL import Image

from sample.build.typeset import FONTS

WIDTH = 1500  # pixels


def png(svg: str, width: int = WIDTH, colors: int = 96) -> bytes:
    """The drawing as a palette PNG of `width` pixels."""
    image = raster(svg, width).quantize(colors, dither=Image.Dither.NONE)
    out = io.BytesIO()
    image.save(out, "PNG", optimize=True)
    return out.getvalue()


def raster(svg: str, width: int) -> Image.Image:
    units = float(re.search(r'viewBox="0 0 ([\d.]+)', svg)[1])  # type: ignore[index]
    with TemporaryDirectory() as folder:
        (Path(folder) / "drawing.svg").write_text(svg, encoding="utf-8")
        source = f'#set page(width: {units}pt, height: auto, margin: 0pt)\n#image("drawing.svg", width: 100%)'
        (Path(folder) / "main.typ").write_text(source, encoding="utf-8")
        compiler = typst.Compiler(font_paths=FONTS, root=folder)
        made = compiler.compile(str(Path(folder) / "main.typ"), format="png", ppi=72 * width / units)
    return Image.open(io.BytesIO(made)).convert("RGB")  # type: ignore[arg-type]
