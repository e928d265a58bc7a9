"""Facets: the built-in ones that every shop has, and what shop.yaml says of each."""

from __future__ import annotations

from collections.abc import Mapping

from core.entities import Facet, FacetType, Language
from core.shop import CategoryConfig, FacetConfig, Shop, ValueConfig

Labels = Mapping[str, Mapping[Language, str]]
"""Value -> language -> display name."""

_BUILT_IN: Mapping[str, tuple[FacetType, FacetConfig]] = {
    "price": (
        FacetType.NUMBER,
        FacetConfig(
            label={"en": "price", "zh": "价格"},
            synonyms={"en": ["cost", "budget", "money"], "zh": ["价钱", "价位", "售价", "预算"]},
            better="lower",
            low={
                "en": ["cheap", "affordable", "inexpensive", "economical", "low cost", "budget friendly", "budget"],
                "zh": ["便宜", "实惠", "平价", "低价", "划算", "性价比高"],
            },
            high={
                "en": ["expensive", "pricey", "costly", "premium", "high end", "luxurious", "luxury"],
                "zh": ["贵", "昂贵", "高端", "高档", "豪华"],
            },
        ),
    ),
    "brand": (
        FacetType.CATEGORY,
        FacetConfig(
            label={"en": "brand", "zh": "品牌"},
            synonyms={"en": ["make", "maker", "manufacturer"], "zh": ["牌子", "厂商", "厂家"]},
        ),
    ),
    "category": (
        FacetType.CATEGORY,
        FacetConfig(label={"en": "category", "zh": "类别"}, synonyms={"en": ["kind", "type"], "zh": ["种类", "类型"]}),
    ),
    "rating": (
        FacetType.NUMBER,
        FacetConfig(
            label={"en": "rating", "zh": "评分"},
            synonyms={"en": ["stars", "star", "score", "reviews"], "zh": ["评价", "星级", "星", "口碑"]},
            better="higher",
            low={"en": ["badly rated"], "zh": ["评分低"]},
            high={
                "en": ["well rated", "highly rated", "best rated", "top rated", "well reviewed"],
                "zh": ["好评", "口碑好", "评分高", "评价好"],
            },
        ),
    ),
    "rating_count": (
        FacetType.NUMBER,
        FacetConfig(label={"en": "number of ratings", "zh": "评价数"}, better="higher", ask=False),
    ),
    "stock": (
        FacetType.NUMBER,
        FacetConfig(label={"en": "stock", "zh": "库存"}, synonyms={"en": ["availability"], "zh": ["现货"]}, ask=False),
    ),
    "created_at": (
        FacetType.DATE,
        FacetConfig(
            label={"en": "date of arrival", "zh": "上架时间"},
            better="higher",
            low={"en": ["oldest"], "zh": ["最早"]},
            high={
                "en": ["newest", "latest", "recent", "just released", "brand new"],
                "zh": ["新品", "最新", "新款", "新上架"],
            },
            ask=False,
        ),
    ),
    "title": (
        FacetType.TEXT,
        FacetConfig(label={"en": "title", "zh": "名称"}, synonyms={"en": ["name"], "zh": ["标题"]}, ask=False),
    ),
}


def make_facet(
    name: str, kind: FacetType, unit: str | None, config: FacetConfig, words: str, language: Language, values: Labels
) -> Facet:
    """Return a facet from what was inferred and what shop.yaml says; shop.yaml wins.

    Args:
        name: the field.
        kind: its type.
        unit: its unit.
        config: shop.yaml's entry.
        words: its name in words, displayed when shop.yaml gives no label.
        language: the shop's own language.
        values: display names of values that the data gives (``color@zh``).
    """
    labels = {"en": words} if words.isascii() else {language: words}
    value_labels = {value: dict(names) for value, names in values.items()}
    for value, entry in config.values.items():
        value_labels.setdefault(value, {}).update(entry.label)
    return Facet(
        name=name,
        type=kind,
        unit=unit,
        labels={**labels, **config.label},
        synonyms={language: tuple(words) for language, words in config.synonyms.items()},
        better=config.better,
        low_words={language: tuple(words) for language, words in config.low.items()},
        high_words={language: tuple(words) for language, words in config.high.items()},
        value_labels=value_labels,
        value_synonyms={value: tuple(entry.synonyms) for value, entry in config.values.items() if entry.synonyms},
        ask=config.ask,
    )


def _named(entries: Mapping[str, ValueConfig | CategoryConfig]) -> dict[str, ValueConfig]:
    """Return brands or categories of shop.yaml as values of their facet."""
    found: dict[str, ValueConfig] = {}
    for value, entry in entries.items():
        words = entry.synonyms
        flat = words if isinstance(words, list) else [word for each in words.values() for word in each]
        found[value] = ValueConfig(label=entry.label, synonyms=flat)
    return found


def built_in_facets(shop: Shop, currency: str | None, values: Mapping[str, Labels]) -> dict[str, Facet]:
    """Return the facets price, brand, category, rating, rating_count, stock, created_at and title.

    Args:
        shop: its ``facets``, ``brands`` and ``categories`` entries are merged in.
        currency: the prices' unit.
        values: field -> display names of its values that the data gives.
    """
    facets: dict[str, Facet] = {}
    named = {"brand": _named(shop.brands), "category": _named(shop.categories)}
    for name, (kind, usual) in _BUILT_IN.items():
        given = shop.facets.get(name, FacetConfig())
        merged = {part: getattr(given, part) for part in given.model_fields_set}
        for part in ("label", "synonyms", "low", "high"):
            merged[part] = {**getattr(usual, part), **getattr(given, part)}
        merged["values"] = {**named.get(name, {}), **given.values}
        config = usual.model_copy(update=merged)
        unit = currency if name == "price" else config.unit
        facets[name] = make_facet(name, kind, unit, config, name.replace("_", " "), shop.language, values.get(name, {}))
    return facets
