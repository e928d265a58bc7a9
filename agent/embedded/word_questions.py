"""Questions to the shopper about one facet, with options and counts."""

from __future__ import annotations

from dataclasses import replace

from agent.embedded.word_constraints import word_option
from agent.embedded.word_values import Values, spoken
from agent.embedded.word_voice import Voice
from core.entities import FacetType, Language, Question
from prompts.phrases import standard
from retrieval.catalogue import Catalogue


def word_question(question: Question, catalogue: Catalogue, language: Language, seed: int) -> Question:
    """Return the question with its text and every option's label in the language (plain texts)."""
    language = spoken(language, catalogue.shop)
    if question.field not in catalogue.facets:  # the shop's own question comes with its text
        return question
    options = tuple(
        replace(option, label=word_option(option.constraint, catalogue, language)) if option.constraint else option
        for option in question.options
    )
    values = Values(catalogue, language)
    facet = values.facet(question.field)
    kind = {FacetType.BOOLEAN: "boolean", FacetType.NUMBER: "number", FacetType.DATE: "number"}.get(facet.type, "value")
    key = f"question.{question.field}"
    if key not in standard().keys(language):
        key = f"question.{kind}"
    text = standard().say(key, language, seed, label=values.label(question.field))
    return replace(question, text=text, options=options)


def asked(voice: Voice, question: Question) -> str:
    """Return a worded question as Markdown, options and counts included."""
    options = [
        voice.say("question.option", label=voice.safe(option.label), count=voice.values.number(option.count))
        for option in question.options
    ]
    return voice.say("question.asked", text=voice.safe(question.text), options=" · ".join(options))
