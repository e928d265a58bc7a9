"""Drawings: phones, tablets, e-readers, power banks, watches."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from generator.ink import Ink, box, dot, eye, hills, line, ring, shadow, shape

Values = Mapping[str, Any]


def phone(ink: Ink, values: Values) -> str:
    """Back and front of a phone; the folding one lies open."""
    if values["type"] == "foldable":
        halves = box(50, 46, 70, 150, 10, ink.dark) + box(120, 46, 70, 150, 10, ink.dark)
        return (
            shadow(204, 80)
            + halves
            + box(56, 52, 64, 138, 5, "url(#s)")
            + box(120, 52, 64, 138, 5, "url(#s)")
            + box(118, 46, 4, 150, 0, "#0004")
        )
    height = round(104 + 12 * values.get("screen_size", 6.5))
    width = round(height * 0.48)
    x, y = 108 - width // 2, 116 - height // 2
    eyes = 3 if values.get("camera_resolution", 0) >= 64 else 2 if values.get("camera_resolution", 0) >= 48 else 1
    front = box(x + 42, y + 8, width, height - 8, 14, "#17181c") + box(
        x + 46, y + 12, width - 8, height - 16, 11, "url(#s)"
    )
    back = box(x, y, width, height, 14, "url(#m)") + box(x + 7, y + 8, 24, 8 + 20 * eyes, 9, ink.dark)
    lenses = "".join(eye(x + 19, y + 22 + 20 * k, 7.5) for k in range(eyes))
    if values["type"] == "rugged":
        lenses += "".join(
            box(x + a * (width - 14) - 3 + a * 6, y - 3 + b * (height - 20), 14, 26, 7, ink.dark)
            for a in (0, 1)
            for b in (0, 1)
        )
    return shadow(y + height + 8, 80) + front + back + lenses


def tablet(ink: Ink, values: Values) -> str:
    """A tablet lying across, with a pen when it takes one."""
    width = min(190, round(70 + 10.4 * values.get("screen_size", 10.4)))
    height = round(width * 0.69)
    x, y = 120 - width // 2, 116 - height // 2
    child = values["type"] == "kids"
    case = (
        box(x - 9, y - 9, width + 18, height + 18, 24, "url(#m)") + box(80, y - 26, 80, 24, 12, ink.dark)
        if child
        else ""
    )
    body = box(x, y, width, height, 12, ink.dark) + box(x + 7, y + 7, width - 14, height - 14, 6, "url(#s)")
    sun = hills(x + 7, y + 7, width - 14, height - 14)
    pen = (
        line(f"M{x + width - 34} {y + height + 16}l48-62", "#f4f5f7", 7)
        + line(f"M{x + width - 37} {y + height + 20}l3-4", "#2b2d33", 5)
        if values.get("stylus")
        else ""
    )
    return shadow(y + height + 20, 90) + case + body + sun + pen


def ereader(ink: Ink, values: Values) -> str:
    """A page of text in a frame."""
    height = round(92 + 8.5 * values.get("screen_size", 7))
    width = round(height * 0.74)
    x, y = 120 - width // 2, 116 - height // 2
    page = box(x, y, width, height, 11, "url(#m)") + box(x + 9, y + 9, width - 18, height - 30, 3, "#f3f0e8")
    rows = "".join(
        box(x + 18, y + 34 + 11 * k, (width - 36) * (0.6 if k % 4 == 3 else 1), 4, 2, "#8d8a84")
        for k in range((height - 75) // 11)
    )
    title = box(x + 18, y + 18, (width - 36) * 0.5, 7, 2, "#4a4843")
    pen = line(f"M{x + width + 12} {y + 22}v{height - 50}", ink.dark, 7) if values.get("stylus") else ""
    return shadow(y + height + 8, 70) + page + title + rows + pen + box(108, y + height - 14, 24, 4, 2, ink.dark)


def powerbank(ink: Ink, values: Values) -> str:
    """A block with lights; solar cells, or a magnetic ring."""
    big = 1 if values.get("battery_capacity", 0) > 18000 else 0
    width, height = 78 + 18 * big, 138 + 14 * big
    x, y = 120 - width // 2, 118 - height // 2
    body = box(x + 8, y + 6, width, height, 16, ink.dark) + box(x, y, width, height, 16, "url(#m)")
    lights = "".join(
        dot(x + width / 2 - 18 + 12 * k, y + height - 18, 3, "#7be0a4" if k < 3 else "#ffffff66") for k in range(4)
    )
    extra = box(x + width / 2 - 10, y - 4, 20, 6, 2, "#0007")
    if values["type"] == "solar":
        extra += box(x + 10, y + 14, width - 20, height - 50, 5, "#1d2f52")
        extra += line(
            "".join(f"M{x + 10} {y + 14 + k * (height - 50) / 4:.0f}h{width - 20}" for k in (1, 2, 3))
            + f"M120 {y + 14}v{height - 50}",
            "#6f8dc4",
            1.5,
        )
    elif values["type"] == "magnetic":
        extra += ring(120, y + 52, 26, "#ffffff99", 5) + line(f"M120 {y + 80}v16", "#ffffff99", 5)
    else:
        extra += shape(f"M124 {y + 34}l-18 30h13l-5 24 20-32h-13z", "#ffffffb0")
    return shadow(y + height + 12, 64) + body + extra + lights


def watch(ink: Ink, values: Values) -> str:
    """Round or square on a strap."""
    kind = values["type"]
    strap = (
        shape("M94 22h52l5 62H89z", ink.dark)
        + shape("M94 218h52l5-62H89z", ink.dark)
        + line("M120 180v26", "#ffffff40", 3)
    )
    if kind in ("classic", "outdoor"):
        case = (
            dot(120, 120, 62, "#9a9fa6" if kind == "classic" else ink.dark)
            + dot(120, 120, 54, "#14161b")
            + dot(120, 120, 48, "url(#s)")
        )
        ticks = "3 19.5" if kind == "outdoor" else "4 63.5"
        marks = ring(120, 120, 43, "#fff", 7, f'stroke-linecap="butt" stroke-dasharray="{ticks}"')
        hands = line("M120 120V88", "#fff", 5) + line("M120 120l22 14", "#ffd9a0", 4) + dot(120, 120, 4, "#fff")
        return strap + case + marks + hands + box(181, 112, 9, 16, 3, ink.dark)
    wide = 88 if kind == "fitness" else 104
    case = box(120 - wide / 2, 64, wide, 112, 28, "url(#m)") + box(128 - wide / 2, 72, wide - 16, 96, 21, "#14161b")
    rings = "".join(
        ring(120, 112, r, c, 6, f'stroke-dasharray="{6.28 * r * part:.0f} 999" transform="rotate(-90 120 112)"')
        for r, c, part in ((26, "#ff7a8a", 0.8), (17, "#8fe3b0", 0.6))
    )
    if kind == "child":
        rings = dot(106, 112, 6, "#fff") + dot(134, 112, 6, "#fff") + line("M102 132q18 16 36 0", "#ffd166", 6)
    return strap + case + rings + box(104, 150, 32, 5, 2, "#ffffff88")


SHAPES = {"phones": phone, "tablets": tablet, "ereaders": ereader, "powerbanks": powerbank, "watches": watch}
