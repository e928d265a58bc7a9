"""Drawings: what is listened to, looked at and played with, and what takes pictures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from generator.ink import Ink, box, dot, eye, hills, line, moved, oval, ring, shadow, shape

Values = Mapping[str, Any]


def headphones(ink: Ink, values: Values) -> str:
    """By type: cups on a band, buds beside their case, hooks."""
    kind = values["type"]
    if kind == "in-ear":
        case = box(66, 128, 108, 70, 30, "url(#m)") + line("M66 158h108", "#0003", 2.5) + dot(120, 174, 3.5, "#7be0a4")
        bud = oval(0, 0, 19, 22, "url(#m)") + box(-6, 8, 13, 46, 6, ink.main) + oval(9, -4, 8, 11, ink.dark)
        return (
            shadow(204, 62)
            + moved("translate(84 66) rotate(-10)", bud)
            + moved("translate(156 66) scale(-1 1) rotate(-10)", bud)
            + case
        )
    if kind == "open-ear":
        hook = line("M60 150q-22-92 60-96 82 4 60 96", ink.main, 9)
        return (
            shadow(204, 60)
            + hook
            + box(46, 138, 30, 50, 14, "url(#m)")
            + box(164, 138, 30, 50, 14, "url(#m)")
            + dot(61, 160, 6, ink.dark)
            + dot(179, 160, 6, ink.dark)
        )
    small = kind == "on-ear"
    r = 26 if small else 36
    band = line("M62 140V112q0-60 58-60t58 60v28", ink.dark, 9 if small else 15) + line(
        "M76 84q14-26 44-26t44 26", ink.light, 5
    )
    cups = box(62 - r * 0.8, 144 - r, r * 1.5, r * 2.1, r * 0.7, "url(#m)") + box(
        178 - r * 0.7, 144 - r, r * 1.5, r * 2.1, r * 0.7, "url(#m)"
    )
    pads = box(62 + r * 0.45, 150 - r, 14, r * 1.9, 7, ink.dark) + box(
        164 - r * 0.45, 150 - r, 14, r * 1.9, 7, ink.dark
    )
    boom = (
        line("M52 178q10 28 52 26", ink.dark, 5)
        + box(100, 197, 22, 12, 6, ink.dark)
        + line("M48 130v28M192 130v28", "#5ef0c0", 4)
        if kind == "gaming"
        else ""
    )
    return shadow(206, 66) + band + pads + cups + boom


def speaker(ink: Ink, values: Values) -> str:
    """By type: cylinder, orb, a pair of boxes, a tall box."""
    kind = values["type"]
    if kind == "bookshelf":
        one = "".join(
            box(x, 56, 70, 136, 6, "url(#m)")
            + dot(x + 35, 88, 13, "#22252b")
            + dot(x + 35, 146, 26, "#22252b")
            + dot(x + 35, 146, 10, ink.light)
            for x in (42, 128)
        )
        return shadow(196, 92) + one
    if kind == "party":
        cones = (
            dot(120, 84, 28, "#1b1d22")
            + dot(120, 84, 11, "#7d6bff")
            + dot(120, 154, 34, "#1b1d22")
            + dot(120, 154, 13, "#ff5d8f")
        )
        return shadow(206, 62) + line("M92 40q28-18 56 0", ink.dark, 8) + box(70, 40, 100, 164, 16, "url(#m)") + cones
    if kind == "smart":
        return (
            shadow(196, 62)
            + box(66, 72, 108, 122, 50, "url(#m)")
            + oval(120, 90, 44, 13, ink.dark)
            + oval(120, 88, 34, 9, "#5ab8ff99")
            + line("M84 132h72M80 148h80M84 164h72", "#0002", 3)
        )
    big = values.get("power", 15) >= 25
    x, w = (38, 164) if big else (58, 124)
    dots = line("".join(f"M{x + 26} {104 + 12 * k}h{w - 52}" for k in range(6)), "#0003", 3)
    return (
        shadow(180, w * 0.5)
        + box(x, 84, w, 92, 44, "url(#m)")
        + box(x + 14, 92, w - 28, 76, 34, ink.dark + "55")
        + dots
        + line(f"M{x + 10} 92q-14-20 6-34", ink.dark, 6)
        + box(108, 74, 24, 8, 4, ink.dark)
    )


def soundbar(ink: Ink, values: Values) -> str:
    """A bar below a television, and perhaps a subwoofer."""
    sub = values["type"] == "bar with subwoofer"
    tv = box(52, 52, 136, 80, 5, "#1b1d22") + box(56, 56, 128, 70, 3, "url(#s)")
    bar = box(30, 146, 180 if not sub else 134, 28, 12, "url(#m)") + line(
        f"M44 160h{150 if not sub else 104}", "#0003", 9
    )
    box_ = (
        box(172, 118, 46, 66, 8, "url(#m)") + dot(195, 152, 15, "#1b1d22") + dot(195, 152, 6, ink.light) if sub else ""
    )
    return shadow(188, 98) + tv + bar + box_ + dot(120 if not sub else 96, 168, 2.5, "#7be0a4")


def _mirrorless(ink: Ink, values: Values) -> str:
    wide = 172 if values.get("sensor") == "full-frame" else 150
    x = 120 - wide / 2
    top = (
        shape("M88 84l10-24h44l10 24z", ink.dark)
        + box(x + 12, 72, 24, 14, 5, ink.dark)
        + box(x + wide - 36, 70, 26, 16, 5, "#555")
    )
    return (
        shadow(188, wide * 0.5)
        + top
        + box(x, 82, wide, 100, 16, "url(#m)")
        + box(x, 104, 36, 78, 12, ink.dark)
        + dot(124, 134, 46, "#22252b")
        + eye(124, 134, 34)
        + dot(x + wide - 16, 96, 4, "#ff5d5d")
    )


def _vlogging(ink: Ink) -> str:
    screen = box(30, 84, 60, 70, 8, ink.dark) + box(35, 89, 50, 60, 4, "url(#s)")
    return (
        shadow(186, 84)
        + screen
        + box(84, 78, 120, 100, 16, "url(#m)")
        + eye(148, 128, 34)
        + box(120, 62, 50, 16, 8, "#555")
        + dot(190, 92, 5, "#ff5d5d")
    )


def camera(ink: Ink, values: Values) -> str:
    """By type; a full-frame body is larger."""
    kind = values["type"]
    if kind == "action":
        return (
            shadow(186, 58)
            + box(64, 76, 112, 104, 18, "url(#m)")
            + box(76, 88, 52, 42, 8, "#22252b")
            + eye(146, 108, 22)
            + box(78, 144, 44, 8, 4, ink.dark)
            + box(84, 66, 34, 12, 5, "#ff5d5d")
        )
    if kind == "instant":
        photo = box(84, 160, 72, 58, 3, "#fff") + box(90, 164, 60, 40, 2, "url(#s)")
        return (
            photo
            + box(50, 54, 140, 116, 24, "url(#m)")
            + box(66, 160, 108, 8, 4, ink.dark)
            + eye(120, 112, 30)
            + box(144, 66, 30, 18, 5, "#fff9")
            + dot(72, 78, 8, "#ff7d5c")
        )
    if kind == "zoom compact":
        return (
            shadow(182, 78)
            + box(40, 78, 160, 98, 16, "url(#m)")
            + dot(130, 130, 46, ink.dark)
            + dot(130, 130, 36, "#1b1d22")
            + eye(130, 130, 24)
            + box(52, 68, 40, 14, 6, ink.dark)
            + box(54, 92, 26, 14, 4, "#fff8")
        )
    return _vlogging(ink) if kind == "vlogging" else _mirrorless(ink, values)


def lens(ink: Ink, values: Values) -> str:
    """A barrel as long as its reach."""
    reach = values.get("focal_length", 50)
    long = 58 if reach <= 35 else 78 if reach <= 85 else 102 if reach <= 135 else 150
    x = 118 - long / 2
    barrel = (
        box(x, 74, long, 92, 8, "url(#m)")
        + box(x + long * 0.2, 70, long * 0.3, 100, 4, "#22252b")
        + box(x + long * 0.62, 72, long * 0.12, 96, 3, "#22252b")
    )
    ribs = line("".join(f"M{x + long * 0.2 + 3:g} {80 + 9 * k}h{long * 0.3 - 6:g}" for k in range(10)), "#ffffff30", 2)
    front = (
        oval(x + long, 120, 18, 50, ink.dark)
        + oval(x + long + 2, 120, 13, 40, "#2c3b58")
        + oval(x + long, 104, 5, 12, "#a8c4ea")
    )
    return (
        shadow(176, long * 0.6 + 14)
        + box(x - 12, 86, 14, 68, 3, "#9aa0a8")
        + barrel
        + ribs
        + front
        + line(f"M{x + long * 0.55:g} 76v88", "#ff7d5c", 3)
    )


def drone(ink: Ink, values: Values) -> str:
    """Four arms; the mini one is smaller."""
    scale = {"mini drone": 0.74, "fpv": 0.9}.get(values["type"], 1.0)
    arms = line("M84 100L44 74M156 100l40-26M84 126l-44 34M156 126l44 34", ink.dark, 10)
    spots = ((44, 68), (196, 68), (38, 154), (202, 154))
    blades = "".join(oval(x, y, 34, 6, "#7d879599") for x, y in spots)
    blades += line("".join(f"M{x} {y + 4}h0" for x, y in spots), ink.dark, 14)
    rings = "".join(
        f'<ellipse cx="{x}" cy="{y}" rx="38" ry="12"/>' for x, y in ((44, 70), (196, 70), (38, 156), (202, 156))
    )
    guard = (
        f'<g fill="none" stroke="{ink.main}" stroke-width="4">{rings}</g>' if values["type"] != "camera drone" else ""
    )
    body = (
        box(78, 84, 84, 58, 24, "url(#m)")
        + eye(120, 142, 15)
        + dot(98, 100, 3.5, "#7be0a4")
        + dot(142, 100, 3.5, "#ff5d5d")
    )
    return shadow(208, 60) + moved(
        f"translate({120 - 120 * scale:g} {118 - 118 * scale:g}) scale({scale})", arms + blades + guard + body
    )


def television(ink: Ink, values: Values) -> str:
    """As wide as its screen; the art one hangs in a frame."""
    width = min(212, round(92 + 1.65 * values.get("screen_size", 55)))
    height = round(width * 0.57)
    x, y = 120 - width // 2, 160 - height
    scene = hills(x + 5, y + 5, width - 10, height - 12)
    if values["type"] == "lifestyle tv":
        return (
            box(x - 6, y - 26, width + 12, height + 12, 2, "#b08463")
            + box(x, y - 20, width, height, 1, "#f6f1e7")
            + box(x + 9, y - 11, width - 18, height - 18, 0, "url(#s)")
            + hills(x + 9, y - 11, width - 18, height - 18)
            + box(40, 182, 160, 10, 3, ink.dark)
        )
    screen = box(x, y, width, height, 4, "#15171b") + box(x + 4, y + 4, width - 8, height - 10, 2, "url(#s)")
    feet = (
        box(92, 178, 56, 7, 3, ink.main) + box(112, 160, 16, 20, 0, ink.dark)
        if values["type"] != "led tv"
        else line(f"M{x + 34} 160l-10 22M{x + width - 34} 160l10 22", ink.main, 6)
    )
    return shadow(188, width * 0.46) + feet + screen + scene


def projector(ink: Ink, values: Values) -> str:
    """A box and its beam."""
    kind = values["type"]
    if kind == "ultra-short-throw":
        return (
            box(46, 34, 148, 86, 3, "url(#s)")
            + shape("M96 168L46 120h148l-50 48z", "#fff6")
            + box(52, 164, 136, 34, 10, "url(#m)")
            + box(88, 164, 64, 8, 3, "#22252b")
            + shadow(202, 76)
        )
    beam = shape("M150 116L232 60v124l-82-44z", "#fff2b899")
    if kind == "pocket":
        return (
            beam
            + shadow(178, 54, 104)
            + box(58, 84, 92, 88, 26, "url(#m)")
            + eye(132, 128, 21)
            + line("M76 108h22M76 120h22M76 132h22", "#0003", 4)
            + dot(84, 154, 4, "#7be0a4")
        )
    return (
        beam
        + shadow(176, 76, 96)
        + box(24, 88, 134, 80, 16, "url(#m)")
        + dot(126, 128, 30, ink.dark)
        + eye(126, 128, 23)
        + line("M40 108h36M40 120h36M40 132h36M40 144h36", "#0003", 4)
    )


def console(ink: Ink, values: Values) -> str:
    """A tower, a hand-held screen, or an old box with two pads."""
    kind = values["type"]
    if kind == "handheld":
        body = (
            box(22, 76, 196, 88, 40, "url(#m)")
            + box(62, 84, 116, 72, 6, "#15171b")
            + box(66, 88, 108, 64, 3, "url(#s)")
        )
        return (
            shadow(176, 92)
            + body
            + dot(42, 104, 9, ink.dark)
            + dot(198, 136, 9, ink.dark)
            + shape("M36 128h12v-6h0v6h0v12H36zM30 132h24v6H30z", ink.dark)
            + "".join(
                dot(x, y, 3.5, c)
                for x, y, c in (
                    (198, 96, "#ffd166"),
                    (206, 104, "#ff6b8b"),
                    (190, 104, "#6fa8dc"),
                    (198, 112, "#7be0a4"),
                )
            )
        )
    if kind == "retro":
        return (
            shadow(184, 84)
            + box(44, 92, 152, 60, 8, "url(#m)")
            + box(74, 84, 92, 22, 4, ink.dark)
            + dot(70, 132, 6, "#ff5d5d")
            + box(140, 124, 40, 14, 4, "#22252b")
            + box(36, 160, 66, 28, 10, ink.light)
            + box(138, 160, 66, 28, 10, ink.light)
            + dot(88, 174, 5, "#ff5d5d")
            + dot(190, 174, 5, "#ff5d5d")
        )
    tower = box(78, 40, 62, 152, 14, "url(#m)") + box(88, 40, 8, 152, 0, ink.dark) + line("M112 60v40", "#5ab8ff", 4)
    pad = shape("M136 158q4-16 20-16h26q16 0 20 16l6 28q0 10-9 10-7 0-13-14h-34q-6 14-13 14-9 0-9-10z", ink.dark)
    return shadow(198, 84) + tower + pad + dot(154, 162, 6, ink.light) + dot(184, 162, 6, ink.light)


def controller(ink: Ink, values: Values) -> str:
    """A pad, a wheel or a stick."""
    kind = values["type"]
    if kind == "racing wheel":
        rim = ring(120, 108, 66, ink.dark, 17) + line("M120 58v-16", "#ff5d5d", 10)
        return (
            shadow(204, 62)
            + box(96, 150, 48, 50, 8, "url(#m)")
            + rim
            + line("M60 112h120M120 112v52", ink.main, 13)
            + dot(120, 112, 20, "url(#m)")
            + dot(112, 108, 3, "#ffd166")
            + dot(128, 108, 3, "#7be0a4")
        )
    if kind == "arcade stick":
        buttons = "".join(
            dot(134 + 24 * (k % 3), 132 + 22 * (k // 3) - 4 * (k % 3), 9, c)
            for k, c in enumerate(("#ff6b8b", "#ffd166", "#7be0a4", "#6fa8dc", "#ff7d5c", "#bdb0de"))
        )
        return (
            shadow(190, 92)
            + shape("M42 108h156l14 66q0 12-12 12H40q-12 0-12-12z", "url(#m)")
            + line("M76 138V84", "#9aa0a8", 8)
            + dot(76, 76, 18, "#d9363e")
            + oval(76, 140, 20, 8, ink.dark)
            + buttons
        )
    body = shape("M46 118q6-42 44-42h60q38 0 44 42l14 58q2 24-18 24-16 0-30-34H80q-14 34-30 34-20 0-18-24z", "url(#m)")
    pads = shape("M76 100h14v12h12v14H90v12H76v-12H64v-14h12z", ink.dark) + "".join(
        dot(x, y, 7, c)
        for x, y, c in ((160, 100, "#ffd166"), (176, 116, "#ff6b8b"), (144, 116, "#6fa8dc"), (160, 132, "#7be0a4"))
    )
    cable = "" if values.get("wireless", True) else line("M120 76q0-30 26-36", ink.dark, 5)
    return shadow(208, 76) + cable + body + pads + dot(98, 146, 13, ink.dark) + dot(142, 146, 13, ink.dark)


SHAPES = {
    "headphones": headphones,
    "speakers": speaker,
    "soundbars": soundbar,
    "cameras": camera,
    "lenses": lens,
    "drones": drone,
    "tvs": television,
    "projectors": projector,
    "consoles": console,
    "controllers": controller,
}
