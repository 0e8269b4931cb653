"""The colours of both themes can be read: WCAG 2.2, level AA, computed from the tokens."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable

import pytest

from app.settings.board import ROOT

Oklab = tuple[float, float, float]
WHITE: Oklab = (1.0, 0.0, 0.0)

THEMES = {"light": 0, "dark": 1}
GROUNDS = ("paper", "surface", "sunken", "raised", "hover", "pick")
TEXTS = ("ink", "muted", "link", "run", "wait", "stop")
TINTS = ("link", "run", "wait", "stop")
SIGNS = ("edge", "done", "run", "wait", "stop")

SHEETS = (ROOT / "static/css/tokens.css").read_text() + (
    ROOT / "static/css/highlight.css"
).read_text()
COLOUR = r"(#fff|oklch\([^)]*\))"
PAIRS = re.findall(rf"--([\w-]+): light-dark\({COLOUR}, {COLOUR}\);", SHEETS)
MIXES = re.findall(
    r"--([\w-]+): color-mix\(in oklab, var\(--([\w-]+)\) (\d+)%, var\(--([\w-]+)\)\);", SHEETS
)


@pytest.fixture(scope="module", params=THEMES)
def colours(request: pytest.FixtureRequest) -> dict[str, Oklab]:
    """Every token of one theme."""
    side = THEMES[request.param]
    found = {name: parse((light, dark)[side]) for name, light, dark in PAIRS}
    for name, over, percent, under in MIXES:
        share = int(percent) / 100
        mixed = [
            a * share + b * (1 - share) for a, b in zip(found[over], found[under], strict=True)
        ]
        found[name] = (mixed[0], mixed[1], mixed[2])
    return found


@pytest.mark.parametrize("ground", GROUNDS)
def test_text_can_be_read_on_every_ground(colours: dict[str, Oklab], ground: str) -> None:
    assert not too_faint(colours, TEXTS, ground, 4.5)


@pytest.mark.parametrize("tint", TINTS)
def test_text_can_be_read_on_its_own_tint(colours: dict[str, Oklab], tint: str) -> None:
    assert not too_faint(colours, (tint, "ink", "muted"), f"{tint}-soft", 4.5)


@pytest.mark.parametrize("ground", ["ink", "stop"])
def test_paper_can_be_read_on_filled_buttons(colours: dict[str, Oklab], ground: str) -> None:
    assert not too_faint(colours, ("paper", "surface"), ground, 4.5)


@pytest.mark.parametrize("ground", ["sunken", "surface"])
def test_code_can_be_read(colours: dict[str, Oklab], ground: str) -> None:
    inks = [name for name in colours if name.startswith("hl-")]
    assert len(inks) == 4
    assert not too_faint(colours, inks, ground, 4.5)


@pytest.mark.parametrize("ground", ["paper", "surface"])
def test_edges_and_signs_can_be_seen(colours: dict[str, Oklab], ground: str) -> None:
    assert not too_faint(colours, SIGNS, ground, 3)


def too_faint(
    colours: dict[str, Oklab], inks: Iterable[str], ground: str, least: float
) -> dict[str, str]:
    """The inks that don't stand out enough from a ground, and by how much."""
    found = {ink: contrast(colours[ink], colours[ground]) for ink in inks}
    return {ink: f"{ratio:.2f} on {ground}" for ink, ratio in found.items() if ratio < least}


def contrast(one: Oklab, other: Oklab) -> float:
    """WCAG's contrast ratio."""
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def luminance(colour: Oklab) -> float:
    """Relative luminance of what an sRGB screen shows."""
    lightness, a, b = colour
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3
    red = 4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short
    green = -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short
    blue = -0.0041960863 * long - 0.7034186147 * medium + 1.707614701 * short
    red, green, blue = (min(1.0, max(0.0, channel)) for channel in (red, green, blue))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def parse(text: str) -> Oklab:
    """`oklch(50% .12 65)` as lightness, a, b."""
    if text == "#fff":
        return WHITE
    lightness, chroma, hue = (float(part.rstrip("%")) for part in text[6:-1].split())
    angle = math.radians(hue)
    return (lightness / 100, chroma * math.cos(angle), chroma * math.sin(angle))
