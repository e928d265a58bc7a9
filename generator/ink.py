"""Colours and strokes of the drawings."""

from __future__ import annotations

from dataclasses import dataclass

_COLORS = {
    "black": ("#2b2d33", "#17181c", "#4a4d56"),
    "white": ("#e9ecef", "#c3c9d0", "#ffffff"),
    "silver": ("#c3c8ce", "#969da6", "#e4e7eb"),
    "grey": ("#8b9199", "#646a72", "#adb2b9"),
    "graphite": ("#54585f", "#383b41", "#767b84"),
    "beige": ("#e0cfb4", "#bda684", "#f1e6d4"),
    "blue": ("#33568f", "#213a66", "#5a80bd"),
    "sky blue": ("#8fbfe0", "#5f97bf", "#bcdcf1"),
    "green": ("#5c7f66", "#3f5c48", "#84a78d"),
    "mint": ("#a5d8c3", "#75b29a", "#cdeee0"),
    "red": ("#b8343c", "#85212a", "#d9636a"),
    "orange": ("#e2793a", "#b35720", "#f3a574"),
    "yellow": ("#ecc54a", "#bd9623", "#f7de8b"),
    "pink": ("#e9b3bf", "#c98795", "#f8d8df"),
    "lavender": ("#bdb0de", "#9385bd", "#ded5f3"),
    "purple": ("#6f4d94", "#4d3269", "#9676ba"),
    "gold": ("#d9bd85", "#ae9158", "#efdcb5"),
    "copper": ("#bd7a56", "#8d5436", "#dba384"),
    "walnut": ("#8a5f42", "#63412b", "#b08463"),
}


@dataclass(frozen=True, slots=True)
class Ink:
    """The colours of one drawing."""

    main: str
    dark: str
    light: str
    ground: str
    """The lower end of the background."""
    glow: str
    """The bright end of a lit screen."""


def ink_of(color: str) -> Ink:
    """Return the colours for an item's colour; unknown colours are drawn in grey."""
    main, dark, light = _COLORS.get(color, _COLORS["grey"])
    ground = "#c9d3e2" if color in ("white", "silver") else _mixed(main, "#e4eaf3", 0.84)
    return Ink(main, dark, light, ground, _mixed(light, "#c98fa4", 0.6))


def _mixed(first: str, second: str, share: float) -> str:
    """Return the colour at ``share`` of the way from the first to the second."""
    channels = []
    for k in (1, 3, 5):
        a, b = int(first[k : k + 2], 16), int(second[k : k + 2], 16)
        channels.append(round(a + (b - a) * share))
    return "#" + "".join(f"{channel:02x}" for channel in channels)


def box(x: float, y: float, width: float, height: float, radius: float, fill: str) -> str:
    """Return a rounded rectangle."""
    return f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="{radius:g}" fill="{fill}"/>'


def dot(x: float, y: float, radius: float, fill: str) -> str:
    """Return a circle."""
    return f'<circle cx="{x:g}" cy="{y:g}" r="{radius:g}" fill="{fill}"/>'


def shape(path: str, fill: str) -> str:
    """Return a filled path."""
    return f'<path d="{path}" fill="{fill}"/>'


def line(path: str, color: str, width: float) -> str:
    """Return a stroked path (round ends are set for the whole picture)."""
    return f'<path d="{path}" fill="none" stroke="{color}" stroke-width="{width:g}"/>'


def ring(x: float, y: float, radius: float, color: str, width: float, more: str = "") -> str:
    """Return an unfilled circle; ``more`` holds further attributes."""
    return (
        f'<circle cx="{x:g}" cy="{y:g}" r="{radius:g}" fill="none" stroke="{color}" stroke-width="{width:g}" {more}/>'
    )


def moved(change: str, body: str) -> str:
    """Return a drawing under a transformation."""
    return f'<g transform="{change}">{body}</g>'


def hills(x: float, y: float, width: float, height: float) -> str:
    """Return a landscape with a sun, as shown on screens."""
    foot = y + height
    peaks = f"l{width * 0.3:.0f}-{height * 0.45:.0f} {width * 0.22:.0f} {height * 0.25:.0f}"
    slope = f" {width * 0.15:.0f}-{height * 0.15:.0f} {width * 0.33:.0f} {height * 0.35:.0f}"
    return dot(x + width * 0.72, y + height * 0.32, height * 0.11, "#ffe0b0") + shape(
        f"M{x:g} {foot:g}{peaks}{slope}z", "#ffffff42"
    )


def oval(x: float, y: float, across: float, down: float, fill: str) -> str:
    """Return an ellipse by its half axes."""
    return f'<ellipse cx="{x:g}" cy="{y:g}" rx="{across:g}" ry="{down:g}" fill="{fill}"/>'


def shadow(y: float, across: float, x: float = 120) -> str:
    """Return the shadow that a thing throws on the floor."""
    return oval(x, y, across, 7, "#00000018")


def eye(x: float, y: float, radius: float) -> str:
    """Return a glass lens with its reflection."""
    return (
        dot(x, y, radius, "#15171c")
        + dot(x, y, radius * 0.6, "#2c3b58")
        + dot(x - radius * 0.3, y - radius * 0.3, radius * 0.2, "#9fbbe0")
    )
