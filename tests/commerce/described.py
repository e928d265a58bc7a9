"""Holds traffic against an OpenAPI 3.1 description: every request that is sent and every answer that is given."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator

PATH = Path(__file__).resolve().parents[2] / "docs" / "backend.openapi.yaml"


@dataclass
class Description:
    """The description, what broke it, and which operations were seen."""

    document: dict[str, Any] = field(default_factory=lambda: yaml.safe_load(PATH.read_text(encoding="utf-8")))
    broken: list[str] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)

    @property
    def operations(self) -> set[str]:
        return {each["operationId"] for methods in self.document["paths"].values() for each in methods.values()}

    def request(self, method: str, path: str, headers: dict[str, str], body: Any) -> str | None:
        """Check a request; return its operation."""
        found = self._operation(method, path)
        if found is None:
            self.broken.append(f"{method} {path}: no such operation")
            return None
        operation, values = found
        name = operation["operationId"]
        self.seen.add(name)
        for parameter in operation.get("parameters", ()):
            parameter = self._resolved(parameter)
            holder = values if parameter["in"] == "path" else headers
            value = holder.get(parameter["name"] if parameter["in"] == "path" else parameter["name"].lower())
            if value is None and parameter.get("required"):
                self.broken.append(f"{name}: no {parameter['name']}")
            elif value is not None:
                self._check(f"{name}: {parameter['name']}", value, parameter["schema"])
        if "requestBody" in operation:
            schema = operation["requestBody"]["content"]["application/json"]["schema"]
            self._check(f"{name}: the request", body, schema)
        elif body is not None:
            self.broken.append(f"{name}: a body that is not described")
        return name

    def answer(self, method: str, path: str, status: int, body: Any) -> None:
        """Check an answer."""
        found = self._operation(method, path)
        if found is None:
            return
        responses = found[0]["responses"]
        if str(status) not in responses:
            self.broken.append(f"{found[0]['operationId']}: status {status} is not described")
            return
        response = self._resolved(responses[str(status)])
        schema = response["content"]["application/json"]["schema"]
        self._check(f"{found[0]['operationId']}: answer {status}", body, schema)

    def _operation(self, method: str, path: str) -> tuple[dict[str, Any], dict[str, str]] | None:
        fixed_first = sorted(self.document["paths"].items(), key=lambda entry: "{" in entry[0])
        for template, methods in fixed_first:
            match = re.fullmatch(re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(template)), path)
            if match and method.lower() in methods:
                return methods[method.lower()], match.groupdict()
        return None

    def _resolved(self, part: dict[str, Any]) -> dict[str, Any]:
        while "$ref" in part:
            target: Any = self.document
            for name in part["$ref"].removeprefix("#/").split("/"):
                target = target[name]
            part = target
        return part

    def _check(self, what: str, value: Any, schema: dict[str, Any]) -> None:
        whole = {"allOf": [schema], "components": self.document["components"]}
        for error in Draft202012Validator(whole).iter_errors(value):
            self.broken.append(f"{what}: {error.json_path}: {error.message[:300]}")
