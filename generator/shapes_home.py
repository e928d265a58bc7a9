"""Drawings: vacuum cleaners, air purifiers, lights, locks, toothbrushes, hair dryers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from generator.ink import Ink, box, dot, line, moved, oval, ring, shadow, shape

Values = Mapping[str, Any]


def _robot(ink: Ink, values: Values) -> str:
    dock = box(84, 34, 72, 84, 12, ink.dark) + box(100, 46, 40, 6, 3, "#fff8") if values.get("self_emptying") else ""
    mop = box(74, 186, 92, 12, 6, "#8fb7d9") if values.get("mopping") else ""
    body = (
        oval(120, 158, 80, 42, ink.dark)
        + oval(120, 148, 80, 42, "url(#m)")
        + oval(120, 142, 24, 12, ink.dark)
        + oval(120, 139, 18, 8, "#15171b")
    )
    return shadow(198, 84) + dock + mop + body + dot(120, 176, 3.5, "#7be0a4") + line("M46 166q-12 10-22 6", "#777", 3)


def vacuum(ink: Ink, values: Values) -> str:
    """A robot (with its dock), a stick, a canister or a hand-held one."""
    kind = values["type"]
    if kind == "robot":
        return _robot(ink, values)
    if kind == "canister":
        return (
            shadow(204, 90)
            + line("M150 138q56-20 40-80L146 34l-54 6", "#555", 8)
            + line("M92 40L38 186", "#9aa0a8", 7)
            + box(16, 184, 52, 14, 6, ink.dark)
            + shape("M96 152q6-36 58-36 54 0 54 44v32H96z", "url(#m)")
            + dot(124, 186, 17, "#22252b")
            + dot(192, 188, 13, "#22252b")
            + line("M128 130q20-10 44 0", ink.dark, 6)
        )
    if kind == "handheld vacuum":
        return (
            shadow(186, 76)
            + shape("M36 148l44-34h34v56H70z", "#cfe0ea")
            + shape("M36 148l10-8 26 30h-12z", ink.dark)
            + box(104, 104, 96, 70, 26, "url(#m)")
            + line("M124 104q36-46 70 4", ink.dark, 12)
            + dot(176, 140, 9, ink.dark)
        )
    tube = line("M146 78L86 186", "#9aa0a8", 9)
    head = shape("M48 184h66l8 18H42z", ink.dark)
    body = (
        shape("M136 40h36q14 0 12 16l-8 40q-3 12-16 10l-32-8q-10-3-6-14z", "url(#m)")
        + line("M176 46q26 12 16 48l-24 6", ink.dark, 9)
        + dot(150, 70, 12, "#cfe0ea")
    )
    return shadow(206, 70) + tube + head + body + line("M54 192h54", "#7be0a4", 3)


def purifier(ink: Ink, values: Values) -> str:
    """A tower, a box or a little one, with moving air."""
    kind = values["type"]
    x, y, w, h = {"tower": (84, 36, 72, 164), "desktop": (86, 98, 68, 100)}.get(kind, (66, 56, 108, 144))
    air = line(
        f"M{120 - w * 0.3:.0f} {y - 8}q8-12 0-22M120 {y - 8}q8-12 0-22M{120 + w * 0.3:.0f} {y - 8}q8-12 0-22",
        "#7fb6d9",
        4,
    )
    grid = line("".join(f"M{x + 16} {y + h - 20 - 10 * k}h{w - 32}" for k in range(round(h / 22))), "#0002", 4)
    return (
        shadow(204, w * 0.7)
        + air
        + box(x, y, w, h, 22 if kind != "tower" else 34, "url(#m)")
        + oval(120, y + 14, w * 0.36, 7, ink.dark)
        + box(120 - 12, y + 32, 24, 14, 6, "#15171b")
        + dot(120, y + 39, 4, "#7be0a4")
        + grid
    )


def light(ink: Ink, values: Values) -> str:
    """A bulb, a strip or a lamp; coloured ones glow in colour."""
    kind = values["type"]
    glow = "#c79bff" if values.get("color_light") else "#ffdf9a"
    halo = dot(120, 96, 86, glow + "44") + dot(120, 96, 62, glow + "55")
    if kind == "light strip":
        path = "M36 70q0-26 26-26h116q26 0 26 26t-26 26H64q-26 0-26 26t26 26h112q26 0 26 26t-26 26H70"
        strip = line(path, "#f4f5f7", 15)
        glows = f'<path d="{path}" fill="none" stroke="{glow}" stroke-width="7" stroke-dasharray="1 14"/>'
        return strip + glows + box(52, 190, 26, 20, 5, ink.dark)
    if kind == "bulb":
        return (
            halo
            + shape("M78 92a42 42 0 1 1 84 0q0 22-18 40-4 6-4 16h-40q0-10-4-16-18-18-18-40z", glow)
            + shape("M92 88q0-22 20-26", "#fff9")
            + box(98, 150, 44, 34, 5, "url(#m)")
            + line("M98 160h44M98 171h44", ink.dark, 4)
            + box(110, 184, 20, 8, 4, ink.dark)
        )
    if kind == "table lamp":
        return (
            dot(120, 110, 84, glow + "44")
            + box(116, 106, 8, 84, 0, ink.dark)
            + shape("M88 48h64l24 62H64z", glow)
            + shape("M88 48h64l4 10H84z", ink.main)
            + oval(120, 194, 42, 10, "url(#m)")
            + shadow(206, 50)
        )
    return (
        dot(132, 76, 72, glow + "44")
        + line("M96 196V74q0-36 44-36", ink.dark, 7)
        + shape("M116 40q22-20 46 0l12 40h-70z", glow)
        + shape("M116 40q22-20 46 0l3 10h-52z", ink.main)
        + oval(96, 200, 36, 8, "url(#m)")
    )


def lock(ink: Ink, values: Values) -> str:
    """A knob, a handle with keys, or a face."""
    kind = values["type"]
    door = box(60, 20, 120, 200, 4, "#c9b08e") + line("M72 32h96v176H72z", "#0000001c", 4)
    if kind == "deadbolt":
        return (
            door
            + dot(120, 116, 46, ink.dark)
            + dot(120, 112, 44, "url(#m)")
            + box(112, 80, 16, 64, 8, ink.dark)
            + dot(120, 166, 4, "#7be0a4")
        )
    plate = box(92, 50, 56, 140, 20, "url(#m)") + box(98, 56, 44, 70, 14, "#15171b")
    handle = box(112, 146, 74, 16, 8, ink.dark) + dot(120, 154, 13, ink.dark)
    if kind == "face recognition":
        face = (
            ring(120, 82, 15, "#7fd6ff", 3)
            + dot(115, 79, 2, "#7fd6ff")
            + dot(125, 79, 2, "#7fd6ff")
            + line("M115 87q5 4 10 0", "#7fd6ff", 2)
        )
        return door + plate + face + box(108, 108, 24, 4, 2, "#fff6") + handle
    keys = "".join(dot(108 + 12 * (k % 3), 68 + 14 * (k // 3), 3.5, "#fffc") for k in range(12))
    print_ = dot(120, 138, 8, "#7fd6ff") if values.get("fingerprint") else ""
    return door + plate + keys + handle + print_


def toothbrush(ink: Ink, values: Values) -> str:
    """A brush on its charger, perhaps with its case."""
    kind = values["type"]
    wide = 34 if kind == "kids" else 28
    handle = box(120 - wide / 2, 92, wide, 106, wide / 2, "url(#m)") + box(115, 66, 10, 30, 4, "#e8ebee")
    head = (
        dot(120, 56, 14, "#e8ebee") + dot(120, 56, 9, "#7fc4e8")
        if kind == "oscillating"
        else box(111, 30, 18, 42, 8, "#e8ebee") + box(113, 33, 14, 24, 3, "#7fc4e8")
    )
    face = (
        dot(114, 118, 3, "#333") + dot(126, 118, 3, "#333") + line("M112 128q8 7 16 0", "#333", 3)
        if kind == "kids"
        else dot(120, 118, 6, ink.dark) + "".join(dot(120, 136 + 9 * k, 2, "#7be0a4") for k in range(3))
    )
    case = (
        box(168, 70, 34, 132, 14, ink.light + "cc") + line("M168 136h34", "#0002", 3)
        if values.get("travel_case")
        else ""
    )
    return shadow(208, 50) + case + oval(120, 200, 32, 9, ink.dark) + handle + head + face


def hairdryer(ink: Ink, values: Values) -> str:
    """A barrel and a handle; the fast one is slim, the small one folds."""
    kind = values["type"]
    air = line("M34 78h-18M34 96h-22M34 114h-18", "#7fb6d9", 4)
    if kind == "high-speed":
        return (
            air
            + shadow(208, 40, 150)
            + box(44, 72, 124, 50, 22, "url(#m)")
            + box(40, 78, 14, 38, 6, ink.dark)
            + box(134, 96, 36, 106, 17, "url(#m)")
            + dot(156, 97, 14, ink.dark)
            + dot(156, 97, 6, ink.light)
            + box(144, 140, 14, 26, 7, ink.dark)
        )
    tilt = 24 if kind == "travel" else 8
    handle = box(124, 110, 34, 92, 15, "url(#m)") + box(132, 134, 14, 24, 6, ink.dark)
    grip = moved(f"rotate({tilt} 140 110)", handle)
    return (
        air
        + shadow(210, 40, 140)
        + grip
        + shape("M40 76l34-10h78q42 0 42 34t-42 34H74l-34-10z", "url(#m)")
        + box(34, 74, 14, 52, 5, ink.dark)
        + dot(158, 100, 22, ink.dark)
        + line("M146 92h24M146 100h24M146 108h24", ink.light, 3)
    )


SHAPES = {
    "vacuums": vacuum,
    "purifiers": purifier,
    "lights": light,
    "locks": lock,
    "toothbrushes": toothbrush,
    "hairdryers": hairdryer,
}
