"""The words and tables of what is new: items, users, shops; and of lists in proportion."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from benchmarks.ranking import calibrated, carried, newcomers, strangers
from benchmarks.ranking.metrics import Table, bootstrap

Tables = Callable[[Sequence[str], Sequence[Sequence[str]]], str]
Gains = Callable[[Table, str, str, str], str]


def items(cold: Sequence[newcomers.Newcomers], table: Tables, gain: Gains) -> str:
    """Return the section of items that were held out whole."""
    ndcg, ours = newcomers.NDCG, newcomers.OURS
    names = list(cold[0].table.measures[ndcg])
    rows = [
        [name, *(str(one.table.estimate(ndcg, name)) for one in cold)]
        + [gain(one.table, ndcg, ours, name) for one in cold]
        for name in names
    ]
    counts = "; ".join(f"{one.source}: {one.items:,} items, {one.users:,} users" for one in cold)
    text = (
        "### New items\n\nA tenth of the items, drawn at random, is held out whole: nothing learned has seen an "
        "event with them. Users of the test part who later took some of them get the held-out items ranked, by "
        f"{ndcg} among these ({counts}). Settings as shipped. The first four rows are sums over what a user took, the "
        "others `Recommender.recommend` with all known items excluded. What new items inherit, and how strongly, was "
        "settled on items held out whole from the training parts.\n"
    )
    first = table(["system", *(one.source for one in cold), *(f"ours less it, {one.source}" for one in cold)], rows)
    mixed = []
    for one in cold:
        for name in one.mixed.measures[ndcg]:
            found = one.mixed.measures[newcomers.RECALL][name]
            share = one.mixed.measures[newcomers.SHARE][name].mean()
            mixed.append([
                one.source, name, str(one.mixed.estimate(ndcg, name)), gain(one.mixed, ndcg, ours, name),
                str(bootstrap(found[~np.isnan(found)])), f"{share:.1%}",
            ])  # fmt: skip
    shares = ", ".join(f"{one.share:.0%} ({one.source})" for one in cold)
    more = (
        f"The same systems with known and new items in one list, for {', '.join(f'{one.everyone:,}' for one in cold)} "
        f"users. Of what these took later, {shares} was new.\n"
    )
    head = ["data set", "system", f"{ndcg}, all items", "ours less it", newcomers.RECALL, newcomers.SHARE]
    return f"{text}\n{first}\n{more}\n{table(head, mixed)}"


def users(found: Sequence[strangers.Strangers], table: Tables, gain: Gains) -> str:
    """Return the section of users who were held out whole."""
    rows = []
    for one in found:
        for said, each in (("nothing", one.free), (f"a {one.kind}", one.told)):
            for name in (strangers.POPULAR, strangers.OURS):
                cells = [str(each.estimate(measure, name)) for measure in each.measures]
                rows.append([one.source, said, name, *cells])
            pairs = [gain(each, measure, strangers.OURS, strangers.POPULAR) for measure in each.measures]
            rows.append([one.source, said, "ours less popularity", *pairs])
    counts = ", ".join(f"{one.source} {one.users:,}" for one in found)
    text = (
        f"### New users\n\nUsers held out whole ({counts}): nothing learned has seen them. Asked, by NDCG@10, is what "
        "they took after their first five events, before any of these is told and after one, three and five of them. "
        "*Said*: nothing, or the kind of most of what they took later, as a requirement; popularity then is popularity "
        "in context. How much the crowd counts to somebody of whom little is known was settled on other users, held "
        "out from the training parts of MovieLens small and Online Retail.\n"
    )
    return f"{text}\n{table(['data set', 'said', 'system', *found[0].free.measures], rows)}"


def shops(found: Sequence[carried.Carried], table: Tables, gain: Gains) -> str:
    """Return the section of tastes that carry over."""
    ndcg, ours = carried.NDCG, carried.WHOLE
    rows = [
        [name, *(str(one.table.estimate(ndcg, name)) for one in found)]
        + [gain(one.table, ndcg, ours, name) for one in found]
        for name in found[0].table.measures[ndcg]
    ]
    counts = "; ".join(f"{one.source}: {one.first:,} and {one.second:,} items, {one.users:,} users" for one in found)
    text = (
        "### Tastes carried over to another shop\n\nThe items are parted by kind into two shops (items of no kind at "
        f"random): {counts}. Nothing that the second shop learned has seen the users who are asked; what they took in "
        f"the first is told as one vector, the sum of the texts' vectors. By {ndcg} of what they took in the second. "
        "*Tastes carried over*: a linear map from such vectors to what the second shop's own tastes predict. Both "
        "blends give the second part a share that is chosen on other users.\n"
    )
    head = ["system", *(one.source for one in found), *(f"last less it, {one.source}" for one in found)]
    return f"{text}\n{table(head, rows)}"


def proportions(found: Sequence[calibrated.Calibrated], table: Tables, gain: Gains) -> str:
    """Return the section of lists that keep proportions."""
    ndcg, off, plain = calibrated.NDCG, calibrated.OFF, calibrated.PLAIN
    rows = [
        [
            one.source, name, str(one.table.estimate(ndcg, name)), gain(one.table, ndcg, name, plain),
            str(one.table.estimate(off, name)), gain(one.table, off, name, plain),
        ]
        for one in found
        for name in one.table.measures[ndcg]
    ]  # fmt: skip
    counts = ", ".join(f"{one.source}: {one.users:,} users, {one.kind}" for one in found)
    text = (
        "### Kinds in proportion\n\n`rules: {calibrate: …}`: lists of ten that keep the proportions of the kinds that "
        f"a user took ({counts}). {off}: KL of the history's kinds from the list's. **Off by default**: on the "
        "validation parts it cost one to two per cent of NDCG; a shop that wants all of a user's interests in "
        "sight turns it on.\n"
    )
    head = ["data set", "strength", ndcg, "it less 0", off, "it less 0"]
    return f"{text}\n{table(head, rows)}"
