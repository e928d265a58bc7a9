"""Small shops, written into a folder by code: what tests of every package stand on.

Each function writes a shop folder and returns it. They differ in language, facets and how their files are written,
so that nothing is tied to one kind of shop.
"""

# ruff: noqa: E501 (a table of data reads best with one row a line)

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml


def write_shop(folder: Path, settings: Mapping[str, Any], items: Sequence[Mapping[str, Any]], **files: Any) -> Path:
    """Write a shop folder.

    Args:
        folder: made when missing.
        settings: the content of shop.yaml.
        items: rows of items.csv; columns are those of all rows.
        files: other data files by their stem (``interactions``, ``reviews``, ``relations``, ``customers``) as rows
            of CSV; ``orders`` as rows of JSON lines; ``policies`` as file name -> Markdown.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "shop.yaml").write_text(yaml.safe_dump(dict(settings), allow_unicode=True), encoding="utf-8")
    write_csv(folder / "items.csv", items)
    for name, content in files.items():
        if name == "policies":
            for file, text in content.items():
                (folder / "policies").mkdir(exist_ok=True)
                (folder / "policies" / file).write_text(text, encoding="utf-8")
        elif name == "orders":
            lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in content)
            (folder / "orders.jsonl").write_text(lines, encoding="utf-8")
        else:
            write_csv(folder / f"{name}.csv", content)
    return folder


def write_csv(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write rows as CSV; columns are those of all rows, in order of appearance."""
    columns = list(dict.fromkeys(name for row in rows for name in row))
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


_FILMS = """
f1|The Quiet Harbour|A widow restores a lighthouse and finds her brother's letters.|1998|112|Drama|Mara Lindqvist|8.1|StreamOne;Cinebox
f2|Iron Comet|A mining crew must stop a comet on its way to Earth.|2014|131|Action;Science Fiction|Deng Wei|6.9|StreamOne
f3|Laughing Matter|Two rival comedians share one flat and one dog.|2006|94|Comedy|Ola Brandt|7.2|Cinebox
f4|Night Train to Nowhere|A conductor finds that every passenger has the same name.|2011|101|Thriller;Mystery|Mara Lindqvist|7.8|Filmhaus
f5|Starfall Academy|Cadets on a moon base learn to fly, and to lie.|2019|124|Science Fiction;Drama|Deng Wei|7.4|StreamOne;Filmhaus
f6|Grandma's Heist|Four pensioners rob the bank that took their home.|2016|98|Comedy;Crime|Ola Brandt|7.0|Cinebox;StreamOne
f7|The Cartographer|A map maker draws a country that begins to exist.|2003|118|Drama;Fantasy|Ines Costa|8.4|Filmhaus
f8|Short Fuse|A bomb expert has ninety minutes and no sleep.|2009|88|Action;Thriller|Deng Wei|6.4|
f9|Paper Moons|Children in a floating village build a rocket of paper.|2021|79|Animation;Family|Ines Costa|7.9|StreamOne
f10|The Long Interval|A pianist forgets the second half of every piece.|1987|143|Drama;Music|Mara Lindqvist|8.0|
f11|Deep Signal|A submarine hears a voice from below the sea bed.|2018|107|Science Fiction;Thriller|Ines Costa|7.3|Cinebox
f12|Holiday for Robots|Vacuum cleaners go on strike on Christmas Eve.|2012|91|Comedy;Family;Animation|Ola Brandt|6.6|Filmhaus;Cinebox
"""


_FILM_SETTINGS: dict[str, Any] = {
    "name": {"en": "Small Screen", "zh": "小银幕"},
    "facets": {
        "runtime_min": {
            "label": {"en": "running time", "zh": "片长"},
            "synonyms": {"en": ["length", "runtime"], "zh": ["时长"]},
            "low": {"en": ["short"], "zh": ["短"]},
            "high": {"en": ["long"], "zh": ["长"]},
        },
        "genre": {
            "label": {"en": "genre", "zh": "类型"},
            "values": {
                "Comedy": {"label": {"zh": "喜剧"}, "synonyms": ["comedies", "funny", "搞笑"]},
                "Drama": {"label": {"zh": "剧情"}},
                "Science Fiction": {"label": {"zh": "科幻"}, "synonyms": ["sci-fi", "scifi"]},
                "Thriller": {"label": {"zh": "惊悚"}},
            },
        },
        "services": {"label": {"en": "streaming service", "zh": "播放平台"}},
        "year": {"label": {"en": "year", "zh": "年份"}, "high": {"en": ["recent"]}, "low": {"en": ["old"]}},
    },
    "categories": {"Films": {"label": {"en": "films", "zh": "电影"}, "synonyms": {"en": ["film", "movie", "movies"]}}},
    "rules": {"exclude_owned": False},
}


def films(folder: Path) -> Path:
    """Write a film library: no prices, brands or stock; lists, a number with a unit, ratings by six viewers."""
    items: list[dict[str, Any]] = []
    for line in _FILMS.strip().splitlines():
        key, title, plot, year, runtime, genre, director, rating, services = line.split("|")
        items.append({
            "id": key, "title": title, "description": plot, "category": "Films", "year": year, "runtime_min": runtime,
            "genre": genre.replace(";", "|"), "director": director, "rating": rating,
            "services": services.replace(";", "|"), "subtitled": "yes" if director == "Deng Wei" else "no",
        })  # fmt: skip
    tastes = {"ada": ("f1", "f7", "f10"), "bo": ("f2", "f5", "f11"), "cy": ("f3", "f6", "f12"), "di": ("f4", "f8", "f11"),
              "ed": ("f9", "f12", "f5"), "flo": ("f1", "f4", "f7")}  # fmt: skip
    ratings = [
        {
            "user_id": user,
            "item_id": item,
            "event": "rating",
            "value": 5 - place,
            "time": f"2024-03-{day + 1:02}T20:00:00",
        }
        for day, (user, liked) in enumerate(tastes.items())
        for place, item in enumerate(liked)
    ]
    return write_shop(folder, _FILM_SETTINGS, items, interactions=ratings)


_HOTELS = """
h1|云栖酒店|西湖边的安静酒店，带茶室和花园。|680|浙江 > 杭州|五星级|免费无线网|停车场|泳池|4.8|0.4|是
h2|江畔青年旅舍|年轻人的旅舍，步行可到地铁站。|120|浙江 > 杭州|经济型|免费无线网||洗衣房|4.2|3.1|否
h3|外滩明珠大酒店|俯瞰黄浦江的高层酒店，夜景很美。|1280|上海|五星级|免费无线网|泳池|健身房|4.9|1.2|是
h4|弄堂里民宿|老弄堂里的小院子，房东会做早餐。|360|上海|民宿|免费无线网|早餐||4.6|2.0|否
h5|古城客栈|平遥古城里的老宅，安静，适合看书。|260|山西 > 平遥|民宿|早餐|停车场||4.5|0.3|是
h6|会展商务酒店|靠近会展中心，有会议室。|520|上海|商务型|免费无线网|健身房|会议室|4.3|5.5|否
h7|千岛湖度假村|湖边别墅，适合家庭，带儿童乐园。|980|浙江 > 千岛湖|度假型|泳池|停车场|儿童乐园|4.7|0.1|是
h8|火车站快捷酒店|离火车站两百米，干净便宜。|158|浙江 > 杭州|经济型|免费无线网|||3.9|6.0|否
"""


def hotels(folder: Path) -> Path:
    """Write hotels in Chinese, without any English: prices in CNY, JSON lines, a category path, booleans 是 and 否."""
    folder.mkdir(parents=True, exist_ok=True)
    settings = {
        "name": {"zh": "小旅行"},
        "language": "zh",
        "languages": ["zh", "en"],
        "currency": "CNY",
        "items": "hotels.jsonl",
        "columns": {"名称": "title", "简介": "description", "价格": "price", "地区": "category", "评分": "rating"},
        "facets": {
            "设施": {"type": "list", "label": {"zh": "设施", "en": "facilities"}},
            "档次": {"label": {"zh": "档次", "en": "class"}},
            "距景区": {"unit": "km", "low": {"zh": ["近", "离景区近"]}, "label": {"zh": "距景区", "en": "distance"}},
        },
        "rules": {"in_stock_only": False, "exclude_owned": False},
    }
    (folder / "shop.yaml").write_text(yaml.safe_dump(settings, allow_unicode=True), encoding="utf-8")
    lines = []
    for line in _HOTELS.strip().splitlines():
        key, name, text, price, area, level, a, b, c, rating, far, garden = line.split("|")
        row = {
            "id": key, "名称": name, "简介": text, "价格": float(price), "地区": area.split(" > "), "档次": level,
            "设施": [each for each in (a, b, c) if each], "评分": float(rating), "距景区": f"{far} 公里", "有花园": garden,
        }  # fmt: skip
        lines.append(json.dumps(row, ensure_ascii=False))
    (folder / "hotels.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


_FASHION = """
w1|Linen Summer Dress|亚麻连衣裙|A light dress that breathes on hot days.|59.00|Alba|Women > Dresses|blue|蓝色|linen|220|12|g1|no
w2|Linen Summer Dress, Sand|亚麻连衣裙（沙色）|A light dress that breathes on hot days.|59.00|Alba|Women > Dresses|sand|沙色|linen|220|0|g1|no
w3|Merino Crew Jumper|美利奴羊毛衫|Warm and thin, for layering.|89.00|Fjordal|Men > Knitwear|grey|灰色|wool|310|8|g2|no
w4|Merino Roll-neck|羊毛高领衫|A roll-neck that does not itch.|95.00|Fjordal|Women > Knitwear|black|黑色|wool|330|5|g3|yes
w5|Rain Shell|轻便雨衣|Packs into its own pocket; keeps out a storm.|129.00|Nordvik|Men > Jackets|green|绿色|nylon|280|20|g4|no
w6|Down Parka|羽绒大衣|For winters that mean it.|249.00|Nordvik|Women > Jackets|black|黑色|nylon,down|1150|3|g5|no
w7|Everyday Tee|日常T恤|Soft cotton, cut straight.|19.00|Alba|Men > Shirts|white|白色|cotton|150|100|g6|no
w8|Everyday Tee, Navy|日常T恤（藏青）|Soft cotton, cut straight.|19.00|Alba|Men > Shirts|navy|藏青色|cotton|150|80|g6|no
w9|Silk Blouse|真丝衬衫|For dinners and decisions.|110.00|Seraphine|Women > Shirts|ivory|象牙白|silk|120|6|g7|yes
w10|Trail Trousers|徒步裤|Dry fast, stretch far.|79.00|Nordvik|Men > Trousers|grey|灰色|nylon,elastane|340|15|g8|no
"""


_FASHION_SETTINGS: dict[str, Any] = {
    "name": {"en": "Small Wardrobe", "zh": "小衣橱"},
    "currency": "USD",
    "facets": {
        "weight": {
            "better": "lower",
            "label": {"en": "weight", "zh": "重量"},
            "low": {"en": ["light"], "zh": ["轻"]},
        },
        "color": {"label": {"en": "colour", "zh": "颜色"}, "synonyms": {"en": ["color"]}},
        "material": {"label": {"en": "material", "zh": "面料"}},
    },
    "brands": {"Fjordal": {"label": {"zh": "峡湾"}}},
    "categories": {
        "Dresses": {"label": {"zh": "连衣裙"}, "synonyms": {"en": ["dress"], "zh": ["裙子"]}},
        "Jackets": {"label": {"zh": "外套"}, "synonyms": {"en": ["jacket", "coat"]}},
    },
    "relation_labels": {"goes_with": {"en": "goes with", "zh": "搭配"}},
}


def fashion(folder: Path) -> Path:
    """Write a fashion shop: variants in groups, stock, sponsored items, value labels from columns, a relation."""
    items: list[dict[str, Any]] = []
    for line in _FASHION.strip().splitlines():
        key, title, zh, text, price, brand, path, color, color_zh, material, weight, stock, group, paid = line.split(
            "|"
        )
        items.append({
            "id": key, "title": title, "title@zh": zh, "description": text, "price": f"${price}", "brand": brand,
            "category": path, "color": color, "color@zh": color_zh, "material": material.replace(",", "|"),
            "weight": f"{weight} g", "stock": stock, "group_id": group, "sponsored": paid,
            "created_at": f"2024-0{len(items) % 9 + 1}-15",
        })  # fmt: skip
    bought = {
        "ann": ("w1", "w9"),
        "ben": ("w3", "w5", "w10"),
        "cat": ("w4", "w6"),
        "dan": ("w5", "w10"),
        "eve": ("w7", "w8"),
    }
    purchases = [
        {"user_id": user, "item_id": item, "event": "purchase", "value": 1, "time": 1_700_000_000 + 86_400 * day}
        for day, (user, chosen) in enumerate(bought.items())
        for item in chosen
    ]
    reviews = [
        {"review_id": "r1", "item_id": "w5", "user_id": "ben", "text": "Kept me dry in a storm.", "rating": 5},
        {"review_id": "r2", "item_id": "w6", "user_id": "cat", "text": "Very warm but heavy.", "rating": 4},
    ]
    relations = [{"item_id": "w10", "relation": "goes_with", "related_id": "w5"}]
    return write_shop(folder, _FASHION_SETTINGS, items, interactions=purchases, reviews=reviews, relations=relations)


_CELLAR = """
c1|Old Oak Reserve|老橡木珍藏|A dark wine with a long finish.|24.00|Valdero|Drinks > Wine|red|Rioja|14.0|0.75|beef;cheese|yes|4.6
c2|Little Heron|小苍鹭|A light wine for summer evenings.|11.50|Valdero|Drinks > Wine|white|Rueda|12.5|0.75|fish|yes|4.1
c3|Petal|花瓣|A dry pink wine.|13.00|Mas Blau|Drinks > Wine|rosé|Provence|12.0|0.75|salad;fish|yes|4.3
c4|Grand Heron|大苍鹭|A wine to keep for ten years.|48.00|Valdero|Drinks > Wine|red|Rioja|14.5|1.5|beef;game|yes|4.8
c5|Harbour Lager|港口拉格|A crisp beer from the coast.|2.40|Kettle & Sons|Drinks > Beer|pale|Lübeck|4.8|0.5|snacks|yes|4.0
c6|Midnight Stout|午夜世涛|Tastes of coffee and toast.|3.10|Kettle & Sons|Drinks > Beer|dark|Dublin|6.2|0.5|dessert|yes|4.4
c7|Orchard Juice|果园果汁|Pressed apples and nothing else.|3.90|Obstler|Drinks > Juice|cloudy|Altes Land|0|1.0|breakfast|no|4.5
c8|Beet & Ginger|甜菜姜汁|Earthy, with a kick.|4.20|Obstler|Drinks > Juice|red|Altes Land|0|0.75|breakfast|no|3.9
c9|Elderflower Fizz|接骨木气泡水|Floral and not too sweet.|2.90|Obstler|Drinks > Juice|clear|Altes Land|0|0.33|snacks|no|4.2
c10|Sea Salt Crackers|海盐饼干|Thin crackers that snap.|1.80|Krume|Food > Snacks|plain|Bremen|||cheese|no|4.1
"""


def cellar(folder: Path) -> Path:
    """Write a shop of drinks in euros, where alcohol stands behind a question of age; sizes in litres, 0 is stated."""
    settings = {
        "name": {"en": "Small Cellar", "zh": "小酒窖"},
        "currency": "EUR",
        "facets": {
            "alcohol": {"unit": "%", "label": {"en": "alcohol", "zh": "酒精度"}, "low": {"en": ["weak"], "zh": ["淡"]}, "high": {"en": ["strong"], "zh": ["烈"]}},
            "size": {"unit": "l", "label": {"en": "size", "zh": "容量"}, "low": {"en": ["small"], "zh": ["小瓶"]}, "high": {"en": ["large"], "zh": ["大瓶"]}},
            "color": {"label": {"en": "colour", "zh": "颜色"}, "values": {"red": {"label": {"zh": "红"}, "synonyms": ["红色"]}, "white": {"label": {"zh": "白"}, "synonyms": ["白色"]}}},
            "region": {"label": {"en": "region", "zh": "产地"}},
            "goes_with": {"type": "list", "label": {"en": "goes with", "zh": "搭配"}, "values": {"fish": {"label": {"zh": "鱼"}}, "beef": {"label": {"zh": "牛肉"}}, "cheese": {"label": {"zh": "奶酪"}}}},
            "adults_only": {"ask": False, "label": {"en": "adults only", "zh": "限成人"}},
        },
        "categories": {
            "Wine": {"label": {"zh": "葡萄酒"}, "synonyms": {"en": ["wines"], "zh": ["红酒", "酒"]}},
            "Beer": {"label": {"zh": "啤酒"}, "synonyms": {"en": ["beers"]}},
            "Juice": {"label": {"zh": "果汁"}, "synonyms": {"en": ["juices", "soft drink"], "zh": ["饮料"]}},
            "Snacks": {"label": {"zh": "零食"}, "synonyms": {"en": ["snack", "crackers"]}},
        },
        "rules": {
            "in_stock_only": False,
            "confirm": [{"when": {"adults_only": True}, "question": {"en": "Are you 18 or older?", "zh": "您满18岁了吗？"}}],
        },
    }  # fmt: skip
    items = []
    for line in _CELLAR.strip().splitlines():
        key, title, title_zh, text, price, brand, path, color, region, alcohol, size, match, adults, rating = (
            line.split("|")
        )
        items.append({
            "id": key, "title": title, "title@zh": title_zh, "description": text, "price": price, "brand": brand,
            "category": path, "color": color, "region": region, "alcohol": alcohol, "size": size,
            "goes_with": match.replace(";", "|"), "adults_only": adults, "rating": rating,
        })  # fmt: skip
    return write_shop(folder, settings, items)


_BOOKS = """
b1|深海来信|一个灯塔看守人收到二十年前的信。|39.5|林远|科幻|320|2019|平装|潮汐出版社|中文|4.6
b2|面包与星空|一家面包店和它的夜班客人。|28|周可|小说|240|2021|平装|晨光社|中文|4.3
b3|十分钟做早餐|一百道十分钟就能做好的早餐。|45|何厨|菜谱|180|2018|精装|晨光社|中文|4.5
b4|群山之间|徒步西南的四十天。|52|赵野|旅行|410|2015|平装|潮汐出版社|中文|4.1
b5|小火车去上学|给三到六岁孩子的图画书。|32|苏米|童书|40|2022|精装|小鹿童书|中文|4.8
b6|零点之后|硬科幻短篇集。|49|林远|科幻|520|2012|精装|潮汐出版社|中文|4.7
b7|一只猫的哲学|猫眼里的日常，读着会笑。|26|周可|小说|160|2023|平装|晨光社|中文|4.2
b8|The Paper Garden|A gardener folds what she cannot grow.|68|Ida Moss|小说|300|2017|平装|Fernway|英文|4.4
b9|深蓝食谱|海边小馆的六十道鱼。|78|何厨|菜谱|220|2020|精装|晨光社|中文|4.0
b10|月亮上的动物园|给七到九岁孩子的故事。|35|苏米|童书|120|2016|平装|小鹿童书|中文|4.5
"""


def books(folder: Path) -> Path:
    """Write a Chinese bookshop with Chinese columns: pages, years, bindings, prices in CNY; one English book."""
    settings = {
        "name": {"zh": "小书店"},
        "language": "zh",
        "languages": ["zh", "en"],
        "currency": "CNY",
        "columns": {"书名": "title", "简介": "description", "价格": "price", "分类": "category", "评分": "rating"},
        "facets": {
            "作者": {"label": {"zh": "作者", "en": "author"}},
            "页数": {"label": {"zh": "页数", "en": "pages"}, "low": {"zh": ["薄", "短"], "en": ["short"]}, "high": {"zh": ["厚", "长"], "en": ["long"]}},
            "年份": {"label": {"zh": "出版年份", "en": "year"}, "synonyms": {"zh": ["年份"]}},
            "装帧": {"label": {"zh": "装帧", "en": "binding"}, "values": {"平装": {"label": {"en": "paperback"}}, "精装": {"label": {"en": "hardcover"}}}},
            "出版社": {"label": {"zh": "出版社", "en": "publisher"}},
            "语言": {"label": {"zh": "语言", "en": "language"}, "values": {"英文": {"label": {"en": "English"}, "synonyms": ["英语"]}, "中文": {"label": {"en": "Chinese"}}}},
        },
        "categories": {
            "科幻": {"label": {"en": "science fiction"}, "synonyms": {"en": ["sci-fi"], "zh": ["科幻小说"]}},
            "小说": {"label": {"en": "novels"}, "synonyms": {"en": ["novel"]}},
            "菜谱": {"label": {"en": "cookbooks"}, "synonyms": {"en": ["cookbook"], "zh": ["食谱", "做菜的书"]}},
            "旅行": {"label": {"en": "travel books"}},
            "童书": {"label": {"en": "children's books"}, "synonyms": {"zh": ["绘本", "儿童书"]}},
        },
        "rules": {"in_stock_only": False, "exclude_owned": False},
    }  # fmt: skip
    items = []
    for line in _BOOKS.strip().splitlines():
        key, title, text, price, author, kind, pages, year, binding, house, language, rating = line.split("|")
        items.append({
            "id": key, "书名": title, "简介": text, "价格": price, "作者": author, "分类": kind, "页数": pages,
            "年份": year, "装帧": binding, "出版社": house, "语言": language, "评分": rating,
        })  # fmt: skip
    return write_shop(folder, settings, items)
