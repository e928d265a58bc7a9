"""The house's rules as code: who may import whom, how large a file or function may be, what may run at import.

``tests/test_floors.py`` applies them to the repository and proves on planted violations that each can fail.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

FLOORS: dict[str, int] = {
    "core": 0,
    "storage": 1,
    "retrieval": 2,
    "commerce": 3,
    "importers": 3,
    "prompts": 4,
    "tools": 4,
    "agent": 5,
    "evaluation": 6,
    "server": 7,
    "floorwalker": 8,
    "launch": 9,
}
"""A package imports only from a lower number; equal numbers are neighbours that do not know each other."""

BESIDE = ("benchmarks", "docs", "generator")
"""They may import from any floor; nobody imports them."""

HOMES: dict[str, tuple[str, ...]] = {
    "chromadb": ("retrieval/dense.py",),
    "fastapi": ("server/",),
    "gradio": ("server/",),
    "implicit": ("retrieval/collaborative.py",),
    "langchain": ("tools/", "agent/"),
    "langchain_core": ("tools/", "agent/"),
    "langchain_openai": ("tools/", "agent/"),
    "langgraph": ("agent/",),
    "starlette": ("server/",),
    "vllm": (),
}
"""Where a framework may be imported; tests and benchmarks may import any of them but vllm."""

BANNED_NAMES = frozenset({"util", "utils", "helper", "helpers", "manager", "managers", "common", "misc"})
MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 40

WORK = frozenset({
    "open", "print", "read_text", "read_bytes", "write_text", "write_bytes", "mkdir", "exists", "glob", "iterdir",
    "load", "loads", "safe_load", "read_csv", "read_parquet", "memmap", "connect", "urlopen", "Popen", "check_output",
    "now", "utcnow", "today", "time", "monotonic", "uuid4", "getenv", "default_rng", "seed", "sleep",
    "Thread", "ThreadPoolExecutor", "ProcessPoolExecutor", "InferenceSession", "Client", "AsyncClient", "OpenAI",
    "Settings", "FastAPI", "Blocks", "StateGraph",
})  # fmt: skip
"""Calls that are work: files, clocks, randomness, network, threads, heavy objects. None belongs at module level."""


@dataclass(frozen=True)
class Violation:
    """One broken rule."""

    path: str
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.message}"


def check(root: Path) -> list[Violation]:
    """Check every Python file of the project under ``root``."""
    return [
        found
        for path in sources(root)
        for found in check_file(path.relative_to(root).as_posix(), path.read_text(encoding="utf-8"))
    ]


def sources(root: Path) -> Iterator[Path]:
    """Yield the project's own Python files: those of its packages, doors and tests."""
    for name in (*FLOORS, *BESIDE, "tests"):
        if (root / f"{name}.py").is_file():
            yield root / f"{name}.py"
        yield from sorted((root / name).rglob("*.py"))


def check_file(path: str, text: str) -> list[Violation]:
    """Check one file; ``path`` is relative to the root, with slashes."""
    tree = ast.parse(text, filename=path)
    found = [*_names(path), *_sizes(path, text, tree), *_imports(path, tree)]
    if not path.startswith("tests/"):
        found += _import_work(path, tree)
    return found


def _names(path: str) -> Iterator[Violation]:
    parts = [part.removesuffix(".py") for part in PurePosixPath(path).parts]
    for part in parts:
        if BANNED_NAMES & set(part.removeprefix("test_").split("_")):
            yield Violation(path, 1, f"{part!r} says nothing of what is inside: name it after its subject")


def _sizes(path: str, text: str, tree: ast.Module) -> Iterator[Violation]:
    lines = len(text.splitlines())
    if lines > MAX_FILE_LINES:
        yield Violation(path, lines, f"{lines} lines; a file has at most {MAX_FILE_LINES}")
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = _length(node)
            if length > MAX_FUNCTION_LINES:
                yield Violation(
                    path, node.lineno, f"{node.name}() has {length} lines; a function has at most {MAX_FUNCTION_LINES}"
                )


def _length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of a function without its docstring and decorators."""
    length = (function.end_lineno or function.lineno) - function.lineno + 1
    first = function.body[0]
    if ast.get_docstring(function, clean=False) is not None and len(function.body) > 1:
        length -= (first.end_lineno or first.lineno) - first.lineno + 1
    return length


def _imports(path: str, tree: ast.Module) -> Iterator[Violation]:
    own = PurePosixPath(path).parts[0].removesuffix(".py")
    for name, line in _imported(path, tree):
        message = _floor_fault(own, name) or _home_fault(path, own, name)
        if message:
            yield Violation(path, line, message)


def _imported(path: str, tree: ast.Module) -> Iterator[tuple[str, int]]:
    """Yield the top-level name of everything imported anywhere in the file, also lazily or by string."""
    own = PurePosixPath(path).parts[0].removesuffix(".py")
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name.split(".")[0], node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield (own if node.level else (node.module or own).split(".")[0], node.lineno)
        elif isinstance(node, ast.Call) and _called(node) in {"import_module", "__import__"} and node.args:
            argument = node.args[0]
            if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                yield argument.value.split(".")[0], node.lineno


def _floor_fault(own: str, name: str) -> str | None:
    if own == "tests" or name == own:
        return None
    if name in BESIDE or name == "tests":
        return f"imports {name}, which stands beside the house: nobody imports it"
    if name not in FLOORS:
        return None
    if name in {"launch", "floorwalker"}:
        return None if own == "launch" else f"imports {name}, a door: nobody inside does"
    if own in FLOORS and FLOORS[name] >= FLOORS[own]:
        return f"{own} imports {name}, which is not below it"
    return None


def _home_fault(path: str, own: str, name: str) -> str | None:
    homes = HOMES.get(name)
    if homes is None or (homes and own in {"tests", "benchmarks"}):
        return None
    if any(path.startswith(home) for home in homes):
        return None
    return (
        f"imports {name}, which is allowed only in {' and '.join(homes)}"
        if homes
        else f"imports {name}: another process"
    )


def _import_work(path: str, tree: ast.Module) -> Iterator[Violation]:
    for statement in _module_statements(tree.body):
        if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call | ast.Await):
            yield Violation(path, statement.lineno, "a call at import: put it into a function")
            continue
        if isinstance(statement, ast.For | ast.While | ast.With):
            yield Violation(path, statement.lineno, "a loop or a with at import: put it into a function")
            continue
        for node in _evaluated(statement):
            if isinstance(node, ast.Call) and _called(node) in WORK:
                yield Violation(path, node.lineno, f"{_called(node)}() at import: no work at import")


def _module_statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield what runs at import, through classes and conditions, but not under ``if __name__ == "__main__"``."""
    for statement in body:
        if isinstance(statement, ast.If):
            if not _guarded(statement):
                yield from _module_statements([*statement.body, *statement.orelse])
        elif isinstance(statement, ast.Try):
            yield from _module_statements([*statement.body, *statement.orelse, *statement.finalbody])
        elif isinstance(statement, ast.ClassDef):
            yield from _module_statements(statement.body)
        elif isinstance(
            statement, ast.Assign | ast.AnnAssign | ast.Expr | ast.For | ast.While | ast.With | ast.AugAssign
        ):
            yield statement


def _guarded(statement: ast.If) -> bool:
    return "__name__" in ast.unparse(statement.test) or "TYPE_CHECKING" in ast.unparse(statement.test)


def _evaluated(statement: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes that run with a statement: all but the bodies of lambdas."""
    for child in ast.iter_child_nodes(statement):
        if not isinstance(child, ast.Lambda):
            yield child
            yield from _evaluated(child)


def _called(call: ast.Call) -> str:
    function = call.func
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""
