"""Photos for the tour, of nothing that is anywhere."""

from __future__ import annotations

import io

from PIL import Image, ImageDraw

SIZE = (640, 480)


def photo(number: int = 0, quality: int = 90) -> bytes:
    """A picture with something on it; of one number the same thing, whatever its quality."""
    picture = Image.new("RGB", SIZE, (235, 235, 235))
    pen = ImageDraw.Draw(picture)
    for n in range(30):
        x, y = (number * 7919 + n * 104729) % 560, (number * 15485863 + n * 32452843) % 400
        pen.rectangle((x, y, x + 80, y + 80), fill=((n * 37 + number * 53) % 200,) * 3)
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=quality)
    return out.getvalue()
