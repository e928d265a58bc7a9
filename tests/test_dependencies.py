"""What is imported is declared in pyproject.toml, and what is declared is used."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

from tests.floors import BESIDE, FLOORS, sources

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
OWN = {*FLOORS, *BESIDE, "tests"}
OPTIONAL = {"sentence-transformers", "torch", "transformers"}
"""Imported lazily, with an error that says how to install it."""
TOOLS = {"dashscope", "mypy", "pytest-asyncio", "pytest-timeout", "pytest-xdist", "ruff",
         "types-defusedxml", "types-jsonschema", "types-psutil", "types-pyyaml"}  # fmt: skip
"""Run by the Makefile or by pytest, or read as data, not imported."""


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def declared(requirements) -> set[str]:
    return {canonical(re.split(r"[^\w.-]", requirement)[0]) for requirement in requirements}


def imported(paths) -> set[str]:
    """Every third-party module that is imported, as the name of the distribution that it comes from."""
    known = packages_distributions()
    found = set()
    for path in paths:
        for module in modules(ast.parse(path.read_text(encoding="utf-8"))):
            if module not in sys.stdlib_module_names and module not in OWN:
                # A namespace that several distributions share (langgraph) counts as the shortest of them.
                found.add(canonical(min(known.get(module, [module]), key=len)))
    return found


def modules(tree: ast.AST) -> set[str]:
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.split(".")[0])
    return names


def opened(paths) -> set[str]:
    """Every distribution that is not imported but whose files are read: ``importlib.resources``' or ``metadata``'s."""
    calls = (
        node
        for path in paths
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) == "files"
    )
    return {
        canonical(str(call.args[0].value)) for call in calls if call.args and isinstance(call.args[0], ast.Constant)
    }


def test_every_import_of_the_product_is_declared():
    product = [path for path in sources(ROOT) if path.relative_to(ROOT).parts[0] not in {"tests", "benchmarks"}]
    missing = imported(product) - OPTIONAL - declared(PROJECT["dependencies"])
    assert not missing, "declare them in pyproject.toml and run `make lock`"


def test_every_import_of_tests_and_benchmarks_is_declared():
    extra = PROJECT["optional-dependencies"]["test"]
    missing = imported(sources(ROOT)) - OPTIONAL - declared(PROJECT["dependencies"]) - declared(extra)
    assert not missing


def test_every_declared_dependency_is_used():
    text = "\n".join(path.read_text(encoding="utf-8") for path in sources(ROOT) if "tests" not in path.parts)
    used = imported(sources(ROOT)) | opened(sources(ROOT)) | TOOLS
    by_name = {name for name in declared(PROJECT["dependencies"]) if name.replace("-", "_") in text}
    every = declared(PROJECT["dependencies"]) | declared(PROJECT["optional-dependencies"]["test"])
    assert not every - used - by_name, "nothing imports them: take them out of pyproject.toml"


def test_the_version_is_one():
    from core.version import VERSION

    assert PROJECT["version"] == VERSION
    assert f"## [{VERSION}]" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
