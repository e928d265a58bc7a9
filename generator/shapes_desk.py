"""Drawings: laptops, monitors, keyboards, mice, drives, routers, printers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from generator.ink import Ink, box, dot, hills, line, oval, shadow, shape

Values = Mapping[str, Any]


def _scene(x: float, y: float, width: float, height: float, kind: str) -> str:
    """What is on a screen: rows of text, a game, a picture."""
    if kind == "gaming":
        return line(
            f"M{x + 8} {y + height - 10}l{width * 0.25:.0f}-20 {width * 0.2:.0f} 12 {width * 0.3:.0f}-34", "#7df0c9", 4
        ) + dot(x + width - 18, y + 18, 8, "#ff6b8b")
    if kind == "creator":
        return hills(x, y, width, height)
    return "".join(
        box(x + 12, y + 14 + 13 * k, width * (0.62, 0.44, 0.54, 0.3)[k], 5, 2, "#ffffff66")
        for k in range(4)
        if 20 + 13 * k < height
    )


def laptop(ink: Ink, values: Values) -> str:
    """An open laptop, as wide as its screen; a convertible stands like a tent."""
    width = round(58 + 6.3 * values.get("screen_size", 14))
    height = round(width * 0.64)
    x, y = 120 - width // 2, 168 - height
    kind = values["type"]
    if kind == "2-in-1":
        left = shape(f"M{x} 182L{x + 24} 70h{width - 10}l-24 112z", ink.dark)
        inner = shape(f"M{x + 10} 175L{x + 31} 78h{width - 27}l-21 97z", "url(#s)")
        return shadow(186, width * 0.6) + shape(f"M{x + 24} 70h{width - 10}l24 112h-14z", ink.main) + left + inner
    lid = box(x, y, width, height, 8, ink.dark) + box(x + 6, y + 6, width - 12, height - 12, 4, "url(#s)")
    deck = shape(f"M{x - 16} 176q0 8 8 8h{width + 16}q8 0 8-8l-16-9H{x}z", "url(#m)") + box(
        106, 170, 28, 4, 2, ink.dark
    )
    glow = line(f"M{x - 4} 186h{width + 8}", "#ff5d8f", 3) if kind == "gaming" else ""
    return shadow(190, width * 0.68) + lid + _scene(x + 6, y + 6, width - 12, height - 12, kind) + deck + glow


def monitor(ink: Ink, values: Values) -> str:
    """A screen on its stand; the portable one leans."""
    kind = values["type"]
    width = min(204, round(84 + 3.4 * values.get("screen_size", 27)))
    height = round(width * (0.44 if kind == "ultrawide" else 0.58))
    x, y = 120 - width // 2, 152 - height
    frame = box(x, y, width, height, 6, "#1b1d22") + box(x + 4, y + 4, width - 8, height - 11, 3, "url(#s)")
    stand = shape(f"M112 {y + height}h16l4 36h-24z", ink.dark) + box(82, 186, 76, 8, 4, "url(#m)")
    if kind == "portable":
        stand = shape(f"M{x + 12} {y + height}h{width - 24}l12 26H{x}z", "url(#m)")
    return (
        shadow(194 if kind != "portable" else 184, width * 0.5)
        + stand
        + frame
        + _scene(x + 4, y + 4, width - 8, height - 12, kind)
    )


def keyboard(ink: Ink, values: Values) -> str:
    """Rows of keys, as wide as the layout; the ergonomic one is split."""
    width = {"full-size": 204, "tenkeyless": 178, "75%": 162, "60%": 144}.get(str(values.get("layout")), 190)
    x = 120 - width // 2
    rows = 4 if values.get("layout") == "60%" else 5
    height = 18 * rows + 14
    y = 120 - height // 2
    cap = "#ffffffd0" if ink.main in ("#2b2d33", "#54585f", "#8b9199") else "#ffffffe8"
    accent = "#ff7d5c" if values["type"] != "membrane" else cap
    track = "".join(f"M{x + 9} {y + 15 + 18 * k}h{width - 18}" for k in range(rows))
    caps = f'stroke="{cap}" stroke-width="13" stroke-dasharray="13 3.9" stroke-linecap="butt"'
    keys = f'<path d="{track}" fill="none" {caps}/>'
    body = (
        shadow(y + height + 10, width * 0.52)
        + box(x, y + 5, width, height, 10, ink.dark)
        + box(x, y, width, height, 10, "url(#m)")
    )
    top = box(x + 9, y + 8.5, 13, 13, 2, accent) + box(x + width * 0.28, y + height - 20, width * 0.38, 13, 2, cap)
    split = shape(f"M112 {y - 2}h16l-5 {height + 8}h-6z", ink.ground) if values["type"] == "ergonomic" else ""
    return body + keys + top + split


def mouse(ink: Ink, values: Values) -> str:
    """A mouse from above."""
    kind = values["type"]
    small = 0.84 if kind == "travel" else 1.0
    w, h = (50 if kind != "ergonomic" else 58) * small, 78 * small
    body = oval(124, 130, w, h, ink.dark) + oval(120, 124, w, h, "url(#m)")
    lines = line(f"M{120 - w * 0.98:.0f} 112q{w:.0f} 18 {w * 1.96:.0f} 0M120 {124 - h:.0f}v56", "#0003", 2.5) + box(
        114, 124 - h * 0.68, 12, 28, 6, ink.dark
    )
    if kind == "gaming":
        lines += line(f"M{120 - w * 0.5:.0f} {124 + h * 0.5:.0f}q{w * 0.5:.0f} 18 {w:.0f} 0", "#5ef0c0", 5)
    if kind == "ergonomic":
        lines += line(f"M{120 - w:.0f} 140q-14 18 4 34", ink.dark, 10)
    cable = "" if values.get("wireless", True) else line(f"M120 {124 - h:.0f}q0-26 30-30", ink.dark, 5)
    return shadow(206, 46) + cable + body + lines


def drive(ink: Ink, values: Values) -> str:
    """A pocket drive, a stick of memory, a disk or a card."""
    kind = values["type"]
    if kind == "internal SSD":
        chips = "".join(box(56 + 44 * k, 98, 34, 44, 3, "#22252b") for k in range(3))
        pins = "".join(box(190, 92 + 7 * k, 8, 4, 0, "#e3c06a") for k in range(8))
        return shadow(168, 80) + box(42, 86, 150, 68, 4, ink.main) + chips + pins + dot(42, 120, 7, ink.ground)
    if kind == "memory card":
        card = shape("M80 48h60l22 24v118q0 8-8 8H80q-8 0-8-8V56q0-8 8-8z", "url(#m)")
        pins = "".join(box(84 + 13 * k, 56, 8, 26, 2, "#e3c06a") for k in range(5))
        return (
            shadow(204, 56)
            + card
            + pins
            + box(84, 104, 66, 62, 6, "#ffffffc0")
            + box(94, 116, 40, 7, 3, ink.dark)
            + box(94, 132, 26, 6, 3, ink.main)
        )
    tall = 132 if kind == "external hard drive" else 112
    wide = 100 if kind == "external hard drive" else 74
    x, y = 120 - wide / 2, 112 - tall / 2
    body = box(x + 6, y + 6, wide, tall, 14, ink.dark) + box(x, y, wide, tall, 14, "url(#m)")
    ridges = line("".join(f"M{x + 14:g} {y + 26 + 10 * k:g}h{wide - 28:g}" for k in range(4)), "#0002", 3)
    bumper = (
        box(x - 5, y - 5, wide + 10, 18, 9, ink.dark) + box(x - 5, y + tall - 13, wide + 10, 18, 9, ink.dark)
        if values.get("waterproof")
        else ""
    )
    return (
        shadow(y + tall + 34, 60)
        + line(f"M120 {y + tall:g}q0 26 34 26", ink.dark, 6)
        + body
        + ridges
        + bumper
        + dot(120, y + tall - 28, 4, "#7be0a4")
    )


def router(ink: Ink, values: Values) -> str:
    """A box with antennas, or two pods."""
    waves = line("M96 58q24-22 48 0M106 70q14-12 28 0", "#6fa8dc", 5)
    if values["type"] == "mesh":
        pods = "".join(
            box(x, y, 60, 96, 28, "url(#m)")
            + box(x + 14, y + 74, 32, 5, 2, ink.dark)
            + dot(x + 30, y + 24, 4, "#7be0a4")
            for x, y in ((50, 98), (132, 86))
        )
        return shadow(196, 86) + pods + waves
    antennas = line("M64 150L54 72M176 150l10-78M98 150V86M142 150V86", ink.dark, 8)
    body = (
        box(38, 140, 164, 46, 14, "url(#m)")
        + "".join(dot(64 + 16 * k, 164, 3.5, "#7be0a4") for k in range(4))
        + box(146, 160, 40, 7, 3, "#0003")
    )
    return shadow(192, 92) + antennas + body + waves


def printer(ink: Ink, values: Values) -> str:
    """A printer with a sheet coming out."""
    kind = values["type"]
    if kind == "label":
        return (
            shadow(194, 58)
            + box(68, 82, 104, 108, 26, "url(#m)")
            + box(84, 66, 72, 40, 3, "#fff")
            + box(96, 78, 48, 6, 2, "#555")
            + box(96, 90, 30, 5, 2, "#999")
            + box(80, 104, 80, 8, 4, ink.dark)
            + dot(120, 152, 12, ink.dark)
        )
    sheet = box(72, 44, 96, 62, 3, "#fff") + box(84, 58, 60, 5, 2, "#b9c0c9") + box(84, 70, 44, 5, 2, "#b9c0c9")
    lid = box(46, 88, 148, 18, 8, ink.dark) if values.get("scanner") else ""
    body = box(40, 100, 160, 74, 14, "url(#m)") + box(60, 142, 120, 10, 5, ink.dark)
    out = shape("M70 148h100l10 46H60z", "#fff")
    ink_spots = (
        "".join(dot(92 + 22 * k, 174, 9, c) for k, c in enumerate(("#4fb3d9", "#e06a9a", "#efc94c")))
        if values.get("color_printing")
        else "".join(box(82, 160 + 9 * k, 76 - 20 * (k == 2), 4, 2, "#8a9099") for k in range(3))
    )
    return shadow(198, 92) + sheet + lid + body + out + ink_spots + dot(180, 118, 4, "#7be0a4")


SHAPES = {
    "laptops": laptop,
    "monitors": monitor,
    "keyboards": keyboard,
    "mice": mouse,
    "drives": drive,
    "routers": router,
    "printers": printer,
}
