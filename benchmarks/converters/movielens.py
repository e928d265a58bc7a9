"""MovieLens 1M with the plots, directors and actors of its films; a rating is an interaction."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl

from benchmarks.converters.conversion import Conversion, labels

NOTICE = """\
Ratings and titles: MovieLens 1M, GroupLens Research, University of Minnesota: research use only, no redistribution
(F. Maxwell Harper and Joseph A. Konstan. 2015. The MovieLens Datasets. ACM TiiS 5, 4, Article 19).
Plots, people and posters: the data set's companion file of film facts.
Item ratings are means over the data set's users.
"""

GENRES = {
    "Action": "动作",
    "Adventure": "冒险",
    "Animation": "动画",
    "Biography": "传记",
    "Comedy": "喜剧",
    "Crime": "犯罪",
    "Documentary": "纪录片",
    "Drama": "剧情",
    "Family": "家庭",
    "Fantasy": "奇幻",
    "Film-Noir": "黑色电影",
    "History": "历史",
    "Horror": "恐怖",
    "Music": "音乐",
    "Musical": "歌舞",
    "Mystery": "悬疑",
    "Romance": "爱情",
    "Sci-Fi": "科幻",
    "Short": "短片",
    "Sport": "运动",
    "Thriller": "惊悚",
    "War": "战争",
    "Western": "西部",
}
SYNONYMS = {
    "Animation": ["animated", "cartoon", "cartoons", "动画片"],
    "Comedy": ["funny", "comedies", "喜剧片"],
    "Documentary": ["documentaries"],
    "Family": ["for children", "for kids", "children's"],
    "Horror": ["scary", "恐怖片"],
    "Romance": ["romantic", "love story", "爱情片"],
    "Sci-Fi": ["science fiction", "sci fi", "scifi", "科幻片"],
    "Thriller": ["thrillers"],
    "Western": ["westerns"],
}
FACTS = ("id", "title", "year", "certificate", "released", "genre", "director", "writers", "actors", "plot", "poster")


def convert(data: Path, limit: int | None = None) -> Conversion:
    """Convert ``data/movielens-1m``; ``limit`` takes only so many films."""
    source = data / "movielens-1m"
    films = _films(source)
    films = dict(list(films.items())[:limit]) if limit else films
    ratings = pl.read_csv(source / "ratings_no_timestamp.csv.gz").filter(
        pl.col("movie").is_in([int(id) for id in films])
    )
    means = {
        str(film): (mean, count)
        for film, mean, count in ratings.group_by("movie").agg(pl.col("rating").mean(), pl.len()).iter_rows()
    }
    items = [_item(id, film, *means.get(id, (None, None))) for id, film in films.items()]
    interactions = ratings.select(
        pl.col("user").alias("user_id"),
        pl.col("movie").alias("item_id"),
        pl.lit("rating").alias("event"),
        pl.col("rating").alias("value"),
    )
    return Conversion(_config(), items, NOTICE, interactions)


def _films(source: Path) -> dict[str, dict[str, str]]:
    """Return the facts of every film by id; two films have none beyond title, year and genres."""
    films: dict[str, dict[str, str]] = {}
    for line in (source / "movies.dat").read_text(encoding="latin-1").splitlines():
        id, title, genres = line.split("::")
        name, year = re.fullmatch(r"(.*?)\s*\((\d{4})\)", title).groups()  # type: ignore[union-attr]
        films[id] = {"id": id, "title": name, "year": year, "genre": genres.replace("|", ", ")}
    for line in (source / "movies_extrainfos.dat").read_text(encoding="utf-8").splitlines():
        facts = dict(zip(FACTS, line.split("::"), strict=True))
        films[facts["id"]] = {name: value for name, value in facts.items() if value not in ("", "N/A")}
    return films


def _item(id: str, film: dict[str, str], rating: float | None, count: int | None) -> dict[str, Any]:
    return {
        "id": id,
        "title": film["title"],
        "description": film.get("plot"),
        "category": "Films",
        "image_url": film.get("poster") if film.get("poster", "").startswith("https://") else None,
        "rating": round(rating, 2) if rating is not None else None,
        "rating_count": count,
        "year": int(film["year"][:4]) if film.get("year", "")[:4].isdigit() else None,
        "released": _date(film.get("released")),
        "certificate": film.get("certificate"),
        "genre": _people(film.get("genre")),
        "director": _people(film.get("director")),
        "actors": _people(film.get("actors")),
    }


def _people(text: str | None) -> list[str]:
    """Split a list of names; what stands in brackets says only what they did."""
    names = re.sub(r"\([^)]*\)", "", text or "").split(",")
    return list(dict.fromkeys(name.strip() for name in names if name.strip()))


def _date(text: str | None) -> str | None:
    try:
        return datetime.strptime(text or "", "%d %b %Y").date().isoformat()  # noqa: DTZ007
    except ValueError:
        return None


def _config() -> dict[str, Any]:
    films = {"label": labels("Films", "电影"), "synonyms": {"en": ["film", "movie", "movies"], "zh": ["影片", "片子"]}}
    return {
        "name": labels("MovieLens films", "MovieLens 电影"),
        "categories": {"Films": films},
        "facets": _facets(),
        "rules": {"in_stock_only": False},
        "personas": {"1": "Viewer 1", "1680": "Viewer 1680 (sees much)", "4169": "Viewer 4169 (sees most)"},
        "examples": {
            "en": ["a funny film from the nineties", "films directed by Alfred Hitchcock"],
            "zh": ["想看一部科幻片"],
        },
    }


def _facets() -> dict[str, Any]:
    genres = {name: {"label": labels(name, zh), "synonyms": SYNONYMS.get(name, [])} for name, zh in GENRES.items()}
    return {
        "year": {
            "type": "number",
            "label": labels("year", "年份"),
            "low": {"en": ["old", "classic"], "zh": ["老", "经典"]},
            "high": {"en": ["new", "recent"], "zh": ["新"]},
        },
        "released": {"type": "date", "label": labels("released on", "上映日期"), "ask": False},
        "certificate": {
            "type": "category",
            "label": labels("certificate", "分级"),
            "synonyms": {"en": ["rated", "age rating"]},
            "values": {"UNRATED": {"label": labels("unrated", "未分级")}},
        },
        "genre": {
            "type": "list",
            "label": labels("genre", "类型"),
            "synonyms": {"en": ["genres", "kind of film"], "zh": ["题材"]},
            "values": genres,
        },
        "director": {"type": "list", "label": labels("director", "导演"), "synonyms": {"en": ["directed by"]}},
        "actors": {
            "type": "list",
            "label": labels("cast", "演员"),
            "synonyms": {"en": ["starring", "actor"], "zh": ["主演"]},
        },
    }
