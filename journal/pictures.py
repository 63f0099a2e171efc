"""Pictures of an article, decoded and encoded anew: nothing of a supplied file but its pixels reaches a page."""

import io
import warnings
from dataclasses import dataclass

from PIL import Image, ImageOps

MAX_PIXELS = 80_000_000
#: Widths in pixels: the column of text, and the large view (or a dense screen).
WIDTHS = (800, 1600)
FORMATS = ("JPEG", "PNG", "GIF", "TIFF", "WEBP", "BMP")
QUALITY, METHOD = 82, 4
Image.MAX_IMAGE_PIXELS = MAX_PIXELS


class PictureError(Exception):
    """The picture cannot be used; the message is a sentence for an editor."""


@dataclass(frozen=True, slots=True)
class Encoded:
    """One WebP, sizes in pixels."""

    width: int
    height: int
    data: bytes


def encode(data: bytes) -> tuple[Encoded, ...]:
    """The picture as WebP in one or two widths, smallest first. Raises `PictureError`."""
    picture = _decode(data)
    widths = [width for width in WIDTHS if width < picture.width]
    if len(widths) < len(WIDTHS):
        widths.append(picture.width)
    return tuple(webp(picture, width) for width in widths)


def fitted(data: bytes, width: int, height: int) -> Encoded:
    """The picture as one WebP no larger than this, its transparency kept. Raises `PictureError`."""
    picture = _decode(data)
    scale = min(1, width / picture.width, height / picture.height)
    return webp(picture, max(1, round(picture.width * scale)))


def _decode(data: bytes) -> Image.Image:
    """First frame, upright, in RGB or RGBA. Checked, then loaded: `verify` leaves a picture that cannot be used."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(data), formats=FORMATS) as probe:
                probe.verify()
            picture = Image.open(io.BytesIO(data), formats=FORMATS)
            picture.load()
        return _in_color(ImageOps.exif_transpose(picture))
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        raise PictureError(f"It has too many pixels; {MAX_PIXELS // 10**6} million are the most.") from error
    except Exception as error:  # Pillow's decoders raise whatever broken bytes lead them to
        raise PictureError(f"It cannot be decoded ({type(error).__name__}).") from error


def _in_color(picture: Image.Image) -> Image.Image:
    if picture.mode in ("I;16", "I;16B", "I;16L", "I", "F"):
        low, high = picture.getextrema()  # 16-bit scans: the range they use, spread over what a screen shows
        spread = 255 / max(1, high - low)  # type: ignore[operator]
        picture = picture.point(lambda value: (value - low) * spread).convert("L")
    if picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info:
        return picture.convert("RGBA")
    return picture.convert("RGB")


def webp(picture: Image.Image, width: int) -> Encoded:
    """The picture in this width as WebP."""
    height = max(1, round(picture.height * width / picture.width))
    shown = (
        picture if width == picture.width else picture.resize((width, height), Image.Resampling.LANCZOS, reducing_gap=3)
    )
    stream = io.BytesIO()
    shown.save(stream, "WEBP", quality=QUALITY, method=METHOD)
    return Encoded(shown.width, shown.height, stream.getvalue())
