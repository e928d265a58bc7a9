"""The generated pages are fresh and say what the settings say."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from core.settings import CHECKOUT, Settings
from docs.generate import default, env_example, kind, settings_page, variable


def test_the_settings_page_is_fresh():
    page = (CHECKOUT / "docs" / "settings.md").read_text(encoding="utf-8")
    assert page == settings_page(), "run `make docs`"


def test_the_example_environment_is_fresh():
    example = (CHECKOUT / ".env.example").read_text(encoding="utf-8")
    assert example == env_example(), "run `make docs`"


def test_every_setting_is_described_in_both():
    page, example = settings_page(), env_example()
    for name, field in Settings.model_fields.items():
        assert field.description, name
        assert f"`{variable(name)}`" in page
        assert f"#{variable(name)}=" in example


def test_no_path_of_this_machine_is_shown():
    assert str(CHECKOUT) not in settings_page() + env_example()


def test_values_are_written_as_an_operator_would():
    assert kind(Literal["a", "b"] | None) == "`a`, `b`"
    assert kind(float) == "number"
    assert default(Field(True)) == "true"
    assert default(Field(None)) == ""
    assert default(Field(CHECKOUT / "shops" / "x")) == "shops/x"
