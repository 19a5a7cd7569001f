"""Letters as images: written in a font, perhaps tilted, noisy and compressed, with the place of every word."""

import base64
import io
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

DEJAVU = Path("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf")


@dataclass(frozen=True)
class Scan:
    """The image, and for each drawn word its box before it was tilted."""

    image: Image.Image
    words: tuple[tuple[str, tuple[int, int, int, int]], ...] = ()
    tilt: float = 0

    def content(self, kind: str = "PNG", **more: object) -> bytes:
        out = io.BytesIO()
        self.image.save(out, kind, **more)
        return out.getvalue()

    def base64(self, kind: str = "PNG", **more: object) -> str:
        return base64.b64encode(self.content(kind, **more)).decode()


def letter(
    lines: list[str], font: Path | None = DEJAVU, size: int = 22, tilt: float = 0, noise: float = 0,
    width: int = 1000, paper: int = 255, ink: int = 20,
) -> Scan:  # fmt: skip
    """A page with these lines. tilt: degrees. noise: 0 to 1. font: None for Pillow's own."""
    type_ = ImageFont.load_default(size) if font is None else ImageFont.truetype(str(font), size)
    image = Image.new("L", (width, int(size * 1.5 * (len(lines) + 4))), paper)
    draw = ImageDraw.Draw(image)
    words = []
    for number, line in enumerate(lines):
        x, y = 60.0, size * 2 + number * size * 1.5
        for word in line.split(" "):
            draw.text((x, y), word, font=type_, fill=ink)
            if word:
                words.append((word, tuple(int(edge) for edge in draw.textbbox((x, y), word, font=type_))))
            x += draw.textlength(word + " ", font=type_)
    if tilt:
        image = image.rotate(tilt, resample=Image.Resampling.BICUBIC, fillcolor=paper)
    if noise:
        grain = Image.effect_noise(image.size, 60 * noise).convert("L")
        image = Image.blend(image, grain, 0.15 * noise)
    return Scan(image, tuple(words), tilt)
