"""``python -m generator --out shops/electronics --seed 7`` makes the default shop; ``--items 100000`` a big one."""

from __future__ import annotations

import argparse
import logging
import shutil
from pathlib import Path

import numpy as np

from generator.behaviour import DAYS, Log, simulate
from generator.configuration import compose, dump
from generator.customers import People, customer_rows, draw_people
from generator.features import build_shelf
from generator.orders import draw_orders
from generator.output import write_csv, write_interactions, write_items, write_json_lines, write_pictures
from generator.pictures import picture
from generator.products import Product, make_products
from generator.relations import relate
from generator.reviews import write_reviews

POLICIES = Path(__file__).resolve().parent / "policies"
_LOG = logging.getLogger("generator")


def generate(out: Path, items: int, seed: int, customers: int | None = None, visits: int | None = None) -> None:
    """Write a whole shop folder with at least ``items`` items.

    Args:
        out: the folder; files of an earlier run are overwritten.
        items: how many items at least.
        seed: the same seed gives the same bytes.
        customers: how many customers; by default enough for the items.
        visits: how many visits to simulate; by default about ten a customer.
    """
    rng = np.random.default_rng(seed)
    customers = customers or max(3400, items // 10)
    visits = visits or int(customers * 10.5)
    out.mkdir(parents=True, exist_ok=True)
    products = make_products(items, seed)
    _LOG.info("%d items", len(products))
    shelf = build_shelf(products, DAYS, rng)
    people = draw_people(customers, rng)
    log = simulate(shelf, people, visits, rng)
    _rate(products, log)
    _LOG.info("%d interactions of %d customers", len(log.user), customers)
    _write(out, products, people, log, seed)


def _write(out: Path, products: list[Product], people: People, log: Log, seed: int) -> None:
    pictures = {}
    shared = len(products) > 5000
    for product in products:
        name, svg = picture(product, shared)
        pictures[name] = svg
        product.image = f"images/{name}.svg"
    write_pictures(out / "images", products, pictures)
    write_items(out / "items.csv", products)
    write_interactions(out / "interactions.csv.gz", log, products, people)
    related = relate(products, log, seed)
    write_csv(out / "relations.csv", ["item_id", "relation", "related_id"], related)
    reviews = write_reviews(log, products, people, seed)
    write_csv(
        out / "reviews.csv.gz", ["review_id", "item_id", "user_id", "text", "rating", "time", "language"], reviews
    )
    rows = customer_rows(people, seed)
    write_csv(out / "customers.csv", list(rows[0]), (list(row.values()) for row in rows))
    write_json_lines(out / "orders.jsonl", draw_orders(log, products, rows, seed))
    (out / "shop.yaml").write_text(dump(compose(products, people)), encoding="utf-8")
    (out / "policies").mkdir(exist_ok=True)
    for policy in sorted(POLICIES.glob("*.md")):
        shutil.copyfile(policy, out / "policies" / policy.name)


def _rate(products: list[Product], log: Log) -> None:
    """Give every item the mean and number of its ratings in the log."""
    ratings = log.of("rating")
    count = np.bincount(ratings.item, minlength=len(products))
    total = np.bincount(ratings.item, weights=ratings.value, minlength=len(products))
    for product, number, stars in zip(products, count, total, strict=True):
        product.rating_count = int(number)
        product.rating = float(stars / number) if number else None


def main() -> None:
    """Parse the command line and generate."""
    parser = argparse.ArgumentParser(prog="python -m generator", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="the shop folder to write")
    parser.add_argument("--items", type=int, default=1380, help="how many items at least")
    parser.add_argument("--seed", type=int, default=7, help="the same seed gives the same bytes")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    generate(arguments.out, arguments.items, arguments.seed)


if __name__ == "__main__":
    main()
