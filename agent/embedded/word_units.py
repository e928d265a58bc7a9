"""Units as each language writes them after a number: "14 h" and "14 小时", "1 month" and "12 months"."""

from __future__ import annotations

from core.entities import Language

_GLUED = frozenset({"%", "°", "°c", "°f", '"', "″", "x", "×", "℃"})
"""Written without a space."""
_CHINESE = {
    "小时": "h hr hour hours",
    "分钟": "min minute minutes mins",
    "秒": "s sec second seconds",
    "天": "day days d",
    "周": "week weeks",
    "个月": "month months mo",
    "年": "year years yr",
    "晚": "night nights",
    "公斤": "kg",
    "克": "g",
    "磅": "lb lbs",
    "盎司": "oz",
    "毫米": "mm",
    "厘米": "cm",
    "米": "m",
    "公里": "km",
    "英寸": "in inch inches",
    "英尺": "ft",
    "英里": "mi",
    "升": "l",
    "毫升": "ml",
    "瓦": "w",
    "千瓦时": "kwh",
    "分贝": "db dba",
    "流明": "lm",
    "公里/小时": "km/h",
    "平方米": "m2 m²",
    "页": "page pages",
    "人": "people person persons",
    "件": "piece pieces pcs",
}
_CHINESE_NAMES = {unit: name for name, units in _CHINESE.items() for unit in units.split()}
TIMES = frozenset(
    unit for name in ("秒", "分钟", "小时", "天", "晚", "周", "个月", "年") for unit in _CHINESE.get(name, "").split()
)
"""Units of time, in lower case."""
_PLURALS = {
    "second": "seconds",
    "minute": "minutes",
    "hour": "hours",
    "day": "days",
    "night": "nights",
    "week": "weeks",
    "month": "months",
    "year": "years",
    "page": "pages",
    "piece": "pieces",
    "person": "people",
    "inch": "inches",
    "foot": "feet",
    "star": "stars",
    "watt": "watts",
    "gram": "grams",
    "litre": "litres",
    "liter": "liters",
}
_SINGULARS = {plural: single for single, plural in _PLURALS.items()}


def with_unit(text: str, value: float, unit: str, language: Language) -> str:
    """Return a written number with its unit; units that the table does not know stay as the shop writes them."""
    if unit.lower() in _GLUED:
        return text + unit
    if language == "zh":
        return f"{text} {_CHINESE_NAMES.get(unit.lower(), unit)}"
    return f"{text} {_SINGULARS.get(unit, unit) if abs(value) == 1 else _PLURALS.get(unit, unit)}"
