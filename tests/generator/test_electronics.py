"""The committed default shop: counts, languages, and that facets, prices, words, reviews and orders agree."""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from datetime import datetime
from statistics import mean
from xml.etree import ElementTree

import pytest

from core.shop import load_shop
from tests.generator.conftest import COMMITTED, Rows, read_rows

REAL_BRANDS = """apple samsung huawei xiaomi oneplus sony lg panasonic philips bosch siemens dyson canon nikon fujifilm
    olympus leica sigma tamron dell hp lenovo asus acer msi microsoft google amazon kindle kobo anker belkin jbl bose
    sennheiser beats sonos marshall logitech razer corsair steelseries hyperx nintendo playstation xbox sega atari
    gopro dji parrot garmin fitbit suunto polar casio delonghi krups nespresso jura sage breville ninja kenwood
    kitchenaid smeg braun oral-b sandisk seagate kingston crucial epson brother xerox netgear tp-link linksys eero
    ikea hue nest yale august eufy roborock ecovacs irobot roomba miele hoover shark tefal remington babyliss honor
    oppo vivo realme nokia motorola zte meizu tcl hisense toshiba sharp benq optoma xgimi viewsonic aoc keychron
    小米 华为
    苹果 三星 索尼 联想 美的 格力 海尔 大疆 极米 石头 科沃斯 飞利浦 松下""".split()

CHINESE = re.compile(r"[\u4e00-\u9fff]")
STATES = {
    "pending", "paid", "packed", "shipped", "out_for_delivery", "delivered", "cancelled", "return_requested",
    "returned", "refunded", "exchanged",
}  # fmt: skip


def _numbers(rows: Rows, field: str) -> list[float]:
    return [float(row[field]) for row in rows if row[field]]


def _of(items: Rows, category: str) -> Rows:
    return [row for row in items if row["category"].endswith(category)]


def test_counts(items: Rows, reviews: Rows, interactions: Rows) -> None:
    assert len(items) >= 1200
    assert len({row["id"] for row in items}) == len(items)
    assert len({row["title"] for row in items}) == len(items)
    assert len({row["category"] for row in items}) >= 20
    assert min(Counter(row["category"] for row in items).values()) >= 15
    assert 35 <= len({row["brand"] for row in items}) <= 50
    assert len(reviews) >= 10_000
    assert len(interactions) >= 80_000
    assert len({row["user_id"] for row in interactions}) >= 3000
    assert {row["event"] for row in interactions} == {"view", "click", "cart", "purchase", "rating", "like", "dislike"}


def test_size() -> None:
    files = [path for path in COMMITTED.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) <= 20 * 2**20


def test_shop_yaml_names_everything_in_both_languages(items: Rows) -> None:
    shop = load_shop(COMMITTED)
    columns = set(items[0])
    for name, facet in shop.facets.items():
        assert name in columns, name
        assert set(facet.label) == {"en", "zh"}, name
        assert set(facet.synonyms) == {"en", "zh"}, name
        for words in (facet.low, facet.high):
            assert not words or set(words) == {"en", "zh"}, name
        for value, config in facet.values.items():
            assert set(config.label) == {"en", "zh"}, (name, value)
    last = {part.strip() for row in items for part in row["category"].split(">")}
    assert last == set(shop.categories)
    for category in shop.categories.values():
        assert CHINESE.search(category.label["zh"])
        assert set(category.synonyms) == {"en", "zh"}
    assert {row["brand"] for row in items} == set(shop.brands)
    assert {len(shop.examples[language]) for language in ("en", "zh")} <= {3, 4}
    assert set(shop.relation_labels) == {"accessory_of", "compatible_with", "bought_together"}
    assert shop.returns.window_days == 30


def test_values_are_labelled(items: Rows) -> None:
    shop = load_shop(COMMITTED)
    for name, facet in shop.facets.items():
        if facet.type in ("category", "list"):
            stated = {value for row in items if row[name] for value in row[name].split("|")}
            assert stated == set(facet.values), name


def test_both_languages_everywhere(items: Rows) -> None:
    for row in items:
        for field in ("title", "description"):
            assert row[field].isascii() or not CHINESE.search(row[field]), row["id"]
            assert CHINESE.search(row[f"{field}@zh"]), row["id"]
            assert "{" not in row[field] + row[f"{field}@zh"], row["id"]
        assert re.search(r"[.!?]$", row["description"])
        assert row["description@zh"].endswith("。")
        assert not re.search(r"[\u4e00-\u9fff][,;!?]", row["description@zh"]), "half-width punctuation"


def test_no_real_brand(items: Rows) -> None:
    shop = load_shop(COMMITTED)
    labels = " ".join(f"{name} {config.label['zh']}" for name, config in shop.brands.items()).lower()
    for brand in REAL_BRANDS:
        assert not re.search(rf"(?<![\w]){re.escape(brand)}(?![\w])", labels), brand
        if not brand.isascii():
            assert all(brand not in row["title@zh"] for row in items), brand


def test_variants_differ_only_in_colour_size_and_price(items: Rows) -> None:
    groups = defaultdict(list)
    for row in items:
        groups[row["group_id"]].append(row)
    assert mean(len(rows) for rows in groups.values()) > 1.8
    free = {"id", "title", "title@zh", "description", "description@zh", "price", "image_url", "url", "stock", "rating",
            "rating_count", "sponsored", "color", "storage"}  # fmt: skip
    for rows in groups.values():
        for name in set(rows[0]) - free:
            assert len({row[name] for row in rows}) == 1, (rows[0]["id"], name)
        assert len({(row["color"], row["storage"]) for row in rows}) == len(rows)


@pytest.mark.parametrize(
    ("category", "facet", "sign"),
    [
        ("Laptops", "ram", 1),
        ("Laptops", "brightness", 1),
        ("Phones", "camera_resolution", 1),
        ("Headphones", "battery_life", 1),
        ("Coffee Machines", "noise_level", -1),
        ("Vacuum Cleaners", "suction", 1),
        ("Air Purifiers", "coverage", 1),
        ("TVs", "refresh_rate", 1),
        ("Hair Dryers", "noise_level", -1),
        ("Storage Drives", "warranty", 1),
    ],
)
def test_dearer_things_are_better(items: Rows, category: str, facet: str, sign: int) -> None:
    kinds = defaultdict(list)
    for row in _of(items, category):
        if row[facet]:
            kinds[row["type"]].append(row)
    difference = []
    for rows in kinds.values():
        rows.sort(key=lambda row: float(row["price"]))
        third = len(rows) // 3
        if third >= 3:
            cheap, dear = mean(_numbers(rows[:third], facet)), mean(_numbers(rows[-third:], facet))
            difference.append((dear - cheap) / (abs(cheap) + 1e-9))
    assert sign * mean(difference) > 0


def test_facets_agree_with_each_other(items: Rows) -> None:
    laptops = _of(items, "Laptops")
    gaming = [row for row in laptops if row["type"] == "gaming"]
    light = [row for row in laptops if row["type"] == "ultraportable"]
    assert min(_numbers(gaming, "weight")) > max(_numbers(light, "weight")) * 0.9
    assert all(row["dedicated_graphics"] == "true" for row in gaming)
    for row in laptops:
        assert ("travel" in row["use"].split("|")) == (float(row["weight"]) < 1.5 and float(row["battery_life"]) >= 9)
    for row in _of(items, "Headphones"):
        assert (row["wireless"] == "true") == bool(row["battery_life"])
        assert (row["noise_cancelling"] == "true") == ("Noise-Cancelling" in row["title"])
        assert (row["noise_cancelling"] == "true") == ("降噪" in row["title@zh"])
    for row in _of(items, "Lenses"):
        assert f"{row['mount']} mount" in row["title"]


def test_numbers_in_titles_are_the_facets(items: Rows) -> None:
    for row in items:
        found = re.search(r"([\d.]+)-inch", row["title"])
        if found:
            assert float(found[1]) == float(row["screen_size"]), row["id"]
        found = re.search(r"([\d,]+) mAh", row["title"])
        if found:
            assert float(found[1].replace(",", "")) == float(row["battery_capacity"]), row["id"]
        assert row["color"] in row["title"].lower(), row["id"]


def test_numbers_in_descriptions_are_the_facets(items: Rows) -> None:
    for row in items:
        for number in re.findall(r"(\d+) dB", row["description"]):
            assert float(number) == float(row["noise_level"]), row["id"]
        for number in re.findall(r"(\d+)分贝", row["description@zh"]):
            assert float(number) == float(row["noise_level"]), row["id"]
        for number in re.findall(r"([\d.]+) kg", row["description"]):
            assert float(number) == pytest.approx(float(row["weight"])), row["id"]


def test_stock_and_sponsored(items: Rows) -> None:
    stock = _numbers(items, "stock")
    assert 0.03 < sum(number == 0 for number in stock) / len(stock) < 0.1
    assert 0.04 < sum(0 < number < 5 for number in stock) / len(stock) < 0.16
    assert 0.01 < sum(row["sponsored"] == "true" for row in items) / len(items) < 0.035


def test_ratings_are_those_of_the_log(items: Rows, interactions: Rows) -> None:
    stars = defaultdict(list)
    for row in interactions:
        if row["event"] == "rating":
            stars[row["item_id"]].append(float(row["value"]))
    for row in items:
        assert int(row["rating_count"]) == len(stars[row["id"]])
        if row["rating"]:
            assert float(row["rating"]) == pytest.approx(mean(stars[row["id"]]), abs=0.051)


def test_interactions_are_in_order_and_after_release(items: Rows, interactions: Rows) -> None:
    released = {row["id"]: row["created_at"] for row in items}
    times = [row["time"] for row in interactions]
    assert times == sorted(times)
    span = datetime.fromisoformat(times[-1]) - datetime.fromisoformat(times[0])
    assert 500 < span.days < 560
    assert all(row["time"][:10] >= released[row["item_id"]] for row in interactions)


def test_popularity_is_skewed_and_tastes_differ(interactions: Rows) -> None:
    views = Counter(row["item_id"] for row in interactions if row["event"] == "view")
    top = sum(count for _, count in views.most_common(len(views) // 10))
    assert 0.25 < top / sum(views.values()) < 0.7
    by_user: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for row in interactions:
        by_user[row["user_id"]][row["item_id"].split("-")[0]] += 1
    busy = [counts for counts in by_user.values() if sum(counts.values()) >= 60]
    shares = [sum(n for _, n in counts.most_common(5)) / sum(counts.values()) for counts in busy]
    assert mean(shares) > 0.45, "a customer has a few favourite categories"


def test_reviews_agree_with_facets_and_stars(items: Rows, reviews: Rows) -> None:
    by_id = {row["id"]: row for row in items}
    languages = Counter(row["language"] for row in reviews)
    assert 0.12 < languages["zh"] / len(reviews) < 0.3
    assert len({row["review_id"] for row in reviews}) == len(reviews)
    for row in reviews:
        item = by_id[row["item_id"]]
        assert "{" not in row["text"]
        assert bool(CHINESE.search(row["text"])) == (row["language"] == "zh")
        if "noise cancelling is impressive" in row["text"]:
            assert item["noise_cancelling"] == "true"
        if "No noise cancelling" in row["text"]:
            assert item["noise_cancelling"] == "false"
        if "Got soaked in the rain" in row["text"]:
            assert item["waterproof"] == "true"
    heavy = [by_id[row["item_id"]] for row in reviews if "Heavier than I expected" in row["text"]]
    light = [by_id[row["item_id"]] for row in reviews if "So light that I forget" in row["text"]]
    for category in {row["category"] for row in heavy} & {row["category"] for row in light}:
        for kind in {row["type"] for row in heavy} & {row["type"] for row in light}:
            first = _numbers([row for row in light if (row["category"], row["type"]) == (category, kind)], "weight")
            second = _numbers([row for row in heavy if (row["category"], row["type"]) == (category, kind)], "weight")
            assert not first or not second or max(first) <= min(second), (category, kind)
    assert all(float(row["rating"]) >= 4 for row in reviews if row["text"].startswith("Love it"))
    assert all(float(row["rating"]) == 1 for row in reviews if row["text"].startswith("Avoid."))


def test_relations(items: Rows) -> None:
    by_id = {row["id"]: row for row in items}
    relations = read_rows(COMMITTED / "relations.csv")
    assert {row["relation"] for row in relations} == {"accessory_of", "compatible_with", "bought_together"}
    for row in relations:
        item, other = by_id[row["item_id"]], by_id[row["related_id"]]
        assert item["group_id"] != other["group_id"]
        if "Lenses" in item["category"] and "Cameras" in other["category"] and row["relation"] != "bought_together":
            assert item["mount"] == other["mount"]


def test_orders_agree_with_customers_and_purchases(items: Rows, interactions: Rows) -> None:
    customers = {row["customer_id"]: row for row in read_rows(COMMITTED / "customers.csv")}
    assert {row["user_id"] for row in interactions} <= set(customers)
    assert len({row["email"] for row in customers.values()}) == len(customers)
    assert all(row["email"].endswith("@example.com") and row["email"].isascii() for row in customers.values())
    bought = {(row["user_id"], row["item_id"]) for row in interactions if row["event"] == "purchase"}
    known = {row["id"] for row in items}
    orders = [json.loads(line) for line in (COMMITTED / "orders.jsonl").read_text(encoding="utf-8").splitlines()]
    assert len(orders) >= 800
    assert {order["status"] for order in orders} == STATES
    assert len({order["order_id"] for order in orders}) == len(orders)
    for order in orders:
        assert order["status"] == order["history"][-1]["status"]
        times = [step["time"] for step in order["history"]]
        assert times == sorted(times)
        assert order["created_at"] == times[0]
        total = sum(line["price"] * line["quantity"] for line in order["items"])
        assert order["total"] == pytest.approx(total if total >= 50 else total + 4.99, abs=0.005)
        for line in order["items"]:
            assert line["item_id"] in known
            assert (order["customer_id"], line["item_id"]) in bought
        sent = any(step["status"] == "shipped" for step in order["history"])
        assert sent == bool(order["shipping"]["tracking"])


def test_pictures_are_small_safe_svg(items: Rows) -> None:
    pictures = {row["image_url"] for row in items}
    assert len(pictures) >= 200
    assert {f"images/{path.name}" for path in (COMMITTED / "images").iterdir()} == pictures
    for name in pictures:
        text = (COMMITTED / name).read_text(encoding="utf-8")
        assert len(text.encode()) <= 1536, name
        root = ElementTree.fromstring(text)
        tags = {element.tag.rsplit("}", 1)[-1] for element in root.iter()}
        assert tags <= {"svg", "defs", "linearGradient", "stop", "path", "rect", "circle", "ellipse", "g"}, name
        assert "href" not in text, name
        assert " on" not in text, name


def test_policies_in_both_languages_agree_with_the_rules() -> None:
    shop = load_shop(COMMITTED)
    for name in ("returns", "shipping", "warranty", "payment", "privacy", "price-match"):
        english = (COMMITTED / "policies" / f"{name}.md").read_text(encoding="utf-8")
        chinese = (COMMITTED / "policies" / f"{name}.zh.md").read_text(encoding="utf-8")
        assert english.count("\n## ") == chinese.count("\n## ") >= 5, name
        numbers = [re.findall(r"\d+(?:\.\d+)?", text) for text in (english, chinese)]
        assert len(set(numbers[0]) - {"1", "2", "3", "4"} - set(numbers[1])) <= 2, name
    returns = (COMMITTED / "policies" / "returns.md").read_text(encoding="utf-8")
    assert f"{shop.returns.window_days} days of delivery" in returns
    for category in shop.returns.not_returnable_categories:
        assert category.lower() in returns.lower()
