"""Drawings: coffee machines, blenders, air fryers, kettles."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from generator.ink import Ink, box, dot, line, oval, shadow, shape

Values = Mapping[str, Any]


def _cup(x: float, y: float) -> str:
    return (
        shape(f"M{x} {y}h30v10q0 14-15 14t-15-14z", "#fff")
        + line(f"M{x + 30} {y + 5}q10 0 6 9h-8", "#fff", 4)
        + oval(x + 15, y + 1, 13, 3, "#6b4329")
    )


def _espresso(ink: Ink, values: Values) -> str:
    kind = values["type"]
    steam = line("M112 32q-6-8 0-14M126 32q-6-8 0-14", "#0002", 4)
    wide = 124 if kind == "bean-to-cup" else 140
    x = 120 - wide / 2
    body = (
        box(x, 48, wide, 150, 12, "url(#m)")
        + box(x + 14, 98, wide - 28, 82, 6, ink.dark)
        + box(x + 8, 180, wide - 16, 14, 4, "#22252b")
    )
    hopper = shape(f"M{x + 20} 48l8-22h{wide - 56}l8 22z", "#6b432999") if values.get("grinder") else ""
    head = box(100, 98, 40, 18, 4, "#9aa0a8") + (
        line("M100 122H66", "#22252b", 8) if kind == "espresso" else box(110, 116, 20, 12, 3, "#9aa0a8")
    )
    front = (
        dot(x + 30, 74, 10, "#fff9") + line(f"M{x + 30} 74l5-5", "#333", 2)
        if kind == "espresso"
        else box(x + wide / 2 - 26, 62, 52, 24, 4, "#15171b") + box(x + wide / 2 - 18, 70, 24, 4, 2, "#7be0a4")
    )
    wand = (
        line(f"M{x + wide - 24} 100v44l8 12", "#c9ced4", 5) if values.get("milk_frother") and kind == "espresso" else ""
    )
    return shadow(202, 74) + (steam if not hopper else "") + hopper + body + head + front + wand + _cup(105, 150)


def coffee(ink: Ink, values: Values) -> str:
    """By type: group head, full automatic, jug, capsule."""
    kind = values["type"]
    if kind == "filter":
        jug = (
            shape("M84 134h72q14 26-2 54H86q-16-28-2-54z", "#cfe0ea99")
            + shape("M80 152h80q4 20-8 36H88q-12-16-8-36z", "#5b3a25")
            + line("M160 146q22 4 12 32", ink.dark, 7)
        )
        return (
            shadow(202, 66)
            + box(66, 44, 104, 50, 12, "url(#m)")
            + box(150, 44, 26, 156, 10, ink.dark)
            + shape("M90 94h60l-10 26h-40z", ink.dark)
            + jug
            + box(60, 188, 116, 12, 5, "url(#m)")
        )
    if kind == "capsule":
        return (
            shadow(198, 58)
            + shape("M84 60q0-18 36-18t36 18l8 52H92v70H84z", "url(#m)")
            + box(80, 60, 34, 126, 10, ink.dark)
            + box(114, 104, 34, 16, 4, ink.dark)
            + _cup(118, 148)
            + box(72, 184, 100, 12, 5, "url(#m)")
            + dot(146, 74, 7, "#fff9")
        )
    return _espresso(ink, values)


def blender(ink: Ink, values: Values) -> str:
    """A jug on its base, a stick, or a beaker."""
    kind = values["type"]
    if kind == "hand blender":
        return (
            shadow(210, 44)
            + box(102, 26, 36, 96, 17, "url(#m)")
            + box(110, 46, 20, 28, 8, ink.dark)
            + box(112, 122, 16, 62, 4, "#c3c8ce")
            + shape("M96 204q0-22 24-22t24 22z", "#9aa0a8")
        )
    drink = "#d96a8a"
    if kind == "personal blender":
        cup = shape("M88 62h64l-6 92H94z", "#d5e6ef99") + shape("M92 96h56l-4 58H96z", drink + "cc")
        return (
            shadow(208, 48)
            + cup
            + box(84, 46, 72, 20, 9, ink.dark)
            + box(86, 152, 68, 54, 14, "url(#m)")
            + dot(120, 180, 8, "#fff9")
        )
    jug = (
        shape("M78 48h84l-10 94H88z", "#d5e6ef99")
        + shape("M82 84h76l-7 58H89z", drink + "cc")
        + line("M162 62q26 8 18 48l-22 8", "#c6d6de", 8)
    )
    return (
        shadow(208, 62)
        + jug
        + box(74, 34, 92, 16, 7, ink.dark)
        + shape("M82 142h76l14 62H68z", "url(#m)")
        + dot(120, 174, 14, ink.dark)
        + line("M120 174v-9", "#fff", 3)
    )


def airfryer(ink: Ink, values: Values) -> str:
    """One drawer, two drawers, or a door."""
    kind = values["type"]
    display = box(88, 66, 64, 22, 8, "#15171b") + box(98, 75, 26, 4, 2, "#ffb35c")
    if kind == "oven style":
        return (
            shadow(200, 84)
            + box(40, 54, 160, 142, 16, "url(#m)")
            + box(54, 92, 132, 90, 8, "#22252b")
            + line("M64 124h112M64 152h112", "#8a8f97", 3)
            + oval(120, 144, 34, 14, "#d98b4a")
            + line("M70 100h100", "#c3c8ce", 7)
            + display
        )
    wide = 150 if kind == "dual-zone" else 120
    x = 120 - wide / 2
    drawers = (
        "".join(
            box(x + 10 + 66 * k, 104, 60, 76, 10, ink.dark) + box(x + 30 + 66 * k, 132, 20, 34, 8, ink.light)
            for k in (0, 1)
        )
        if kind == "dual-zone"
        else box(x + 12, 104, wide - 24, 76, 14, ink.dark) + box(106, 128, 28, 42, 12, ink.light)
    )
    return (
        shadow(204, wide * 0.52)
        + shape(f"M{x} 80q0-38 38-38h{wide - 76}q38 0 38 38v102q0 18-18 18H{x + 18}q-18 0-18-18z", "url(#m)")
        + drawers
        + display
    )


def kettle(ink: Ink, values: Values) -> str:
    """A round kettle, one with a display, or one with a thin spout."""
    kind = values["type"]
    base = box(66, 192, 108, 12, 6, ink.dark)
    if kind == "gooseneck":
        body = shape("M88 96h64l16 92q0 4-4 4H76q-4 0-4-4z", "url(#m)")
        spout = line("M82 174q-40-4-34-56 2-20-14-28", ink.main, 9)
        return (
            shadow(208, 62)
            + spout
            + body
            + line("M152 108q42-10 40 40-2 22-18 26", ink.dark, 9)
            + box(98, 84, 44, 14, 6, ink.dark)
            + dot(120, 78, 8, ink.dark)
            + base
            + box(110, 195, 20, 5, 2, "#7be0a4")
        )
    body = shape("M86 66q34-14 68 0l14 118q0 8-8 8H80q-8 0-8-8z", "url(#m)") + shape("M84 76l-20 8 14 32z", ink.main)
    handle = line("M158 82q40 8 32 54-4 26-22 34", ink.dark, 12)
    lid = shape("M88 64q32-18 64 0z", ink.dark) + dot(120, 50, 7, ink.dark)
    mark = box(98, 196, 44, 5, 2, "#ffb35c") if kind == "variable temperature" else box(132, 112, 8, 56, 4, "#cfe6f2")
    return shadow(208, 66) + handle + body + lid + base + mark


SHAPES = {"coffee": coffee, "blenders": blender, "airfryers": airfryer, "kettles": kettle}
