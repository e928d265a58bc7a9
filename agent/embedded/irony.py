"""Praise that is none: "great, another $2000 laptop", "呵呵，又是两万的" complain of what is shown again."""

from __future__ import annotations

from agent.embedded.degrees import Degree, Step
from agent.embedded.lexicon import Kind
from agent.embedded.reading import Reading
from agent.embedded.vocabulary import Vocabulary


def is_ironic(reading: Reading) -> bool:
    """Tell whether a message praises what comes once more, and asks for nothing: "oh wonderful, even dearer ones"."""
    praise = next((at for at, element in enumerate(reading.elements) if element.role("praise")), None)
    again = any(element.role("again") or element.text.startswith("even ") for element in reading.elements)
    if praise is None or not again or reading.text.rstrip().endswith(("?", "？")):
        return False
    asks = any(element.span and element.span.of(Kind.POLITE) for element in reading.elements[praise:])
    return not asks


def meant(degree: Degree, reading: Reading, vocabulary: Vocabulary) -> Degree:
    """Return what a degree means: praised with irony, the end that nobody wants stands for the other one."""
    better = vocabulary.better(degree.field)
    worse = better is not None and degree.higher is (better == "lower")
    if degree.step is Step.MORE and worse and is_ironic(reading):
        return Degree(degree.field, degree.step, not degree.higher)
    return degree
