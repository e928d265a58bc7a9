"""The phrase files: both languages say the same things with the same variables; every failure names its place."""

from __future__ import annotations

from pathlib import Path

import pytest
from jinja2 import Environment, meta

from core.errors import PromptError
from prompts.phrases import Phrases, standard

FREQUENT = (
    "lead.fit",
    "lead.close",
    "lead.start",
    "lead.all",
    "entry.body",
    "edge.best",
    "talk.greet",
    "talk.thanks",
    "note.unclear_first",
    "none.needs",
    "question.asked",
    "opening.feedback",
    "policy.silent",
    "identity.ask",
)


def variables(phrases: Phrases, key: str, language: str) -> set[str]:
    environment = Environment()
    return set().union(
        *(meta.find_undeclared_variables(environment.parse(text)) for text in phrases.variants(key, language))
    )


def folder(tmp_path: Path, content: str) -> Phrases:
    (tmp_path / "en.yaml").write_text(content, encoding="utf-8")
    return Phrases(tmp_path)


def test_both_languages_have_the_same_keys():
    assert standard().keys("en") == standard().keys("zh")
    assert set(standard().languages) == {"en", "zh"}


@pytest.mark.parametrize("key", sorted(standard().keys("en")))
def test_a_key_takes_the_same_variables_in_both_languages(key: str):
    # A language may leave out what its grammar has no use for (a plural), so one set must hold the other.
    english, chinese = variables(standard(), key, "en"), variables(standard(), key, "zh")
    assert english <= chinese or chinese <= english
    assert (english ^ chinese) <= {
        "one",
        "pair",
        "several",
        "shown",
        "count",
        "before",
        "subject",
        "after",
        "bare",
        "now",
    }


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("key", sorted(standard().keys("en")))
def test_every_variant_renders_without_leftovers(key: str, language: str):
    names = variables(standard(), key, "en") | variables(standard(), key, "zh")
    for seed in range(len(standard().variants(key, language))):
        for value in ("X", ""):
            numbers = dict.fromkeys(
                ("count", "days", "more", "shown"),
                2 if key.startswith(("stock", "none", "details.stock", "reason.new", "profile", "lead")) else value,
            )
            text = standard().say(key, language, seed, **{name: numbers.get(name, value) for name in names})
            assert "{{" not in text
            assert "{%" not in text


@pytest.mark.parametrize("key", FREQUENT)
@pytest.mark.parametrize("language", ["en", "zh"])
def test_what_is_said_often_has_three_wordings(key: str, language: str):
    assert len(set(standard().variants(key, language))) >= 3


def test_seeds_in_a_row_take_different_variants(tmp_path: Path):
    phrases = folder(tmp_path, "hello: [one, two, three]\nbye: so long\n")
    assert {phrases.say("hello", "en", seed) for seed in range(3)} == {"one", "two", "three"}
    assert phrases.say("hello", "en", 7) == phrases.say("hello", "en", 7)
    assert phrases.say("bye", "en", 5) == "so long"


def test_a_missing_variable_names_file_key_and_variable(tmp_path: Path):
    phrases = folder(tmp_path, "hello: 'dear {{ name }}'\n")
    with pytest.raises(PromptError, match=r"en\.yaml.*'hello'.*'name' is undefined"):
        phrases.say("hello", "en")


@pytest.mark.parametrize("call", [("nothing", "en"), ("hello", "fr")])
def test_an_unknown_key_or_language_is_named(tmp_path: Path, call: tuple[str, str]):
    phrases = folder(tmp_path, "hello: hi\n")
    with pytest.raises(PromptError, match=f"{call[1]}.yaml: has no phrase '{call[0]}'"):
        phrases.say(*call)


def test_a_broken_template_is_named_when_it_is_said(tmp_path: Path):
    phrases = folder(tmp_path, "good: fine\nbad: '{{ oops'\n")
    assert phrases.say("good", "en") == "fine"
    with pytest.raises(PromptError, match=r"'bad', variant 0 is no template"):
        phrases.say("bad", "en")


@pytest.mark.parametrize("content", ["- a list", "key: 5", "key: []", "key: [1, 2]", "a: [unclosed"])
def test_a_malformed_file_is_refused(tmp_path: Path, content: str):
    with pytest.raises(PromptError, match=r"en\.yaml"):
        folder(tmp_path, content)


def test_a_folder_without_files_is_refused(tmp_path: Path):
    with pytest.raises(PromptError, match="no phrase files"):
        Phrases(tmp_path)
