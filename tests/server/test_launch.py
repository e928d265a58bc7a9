"""The operator's door: options, commands, exit codes, signals."""

from __future__ import annotations

import io
import logging
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from rich.console import Console

import launch
from core.settings import CHECKOUT, Settings
from server import commands, doctor
from server.options import parse
from tests import shops


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    """Take back what a command sets for its whole process: signals and logging."""
    handler, logs = signal.getsignal(signal.SIGTERM), [logging.getLogger(name) for name in ("", *commands.OURS)]
    before = [(log, log.level, log.handlers[:]) for log in logs]
    yield
    signal.signal(signal.SIGTERM, handler)
    for log, level, handlers in before:
        log.setLevel(level)
        log.handlers[:] = handlers


@pytest.fixture
def console() -> Console:
    return Console(file=io.StringIO(), width=200)


def printed(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_every_setting_is_an_option(capsys):
    with pytest.raises(SystemExit) as end:
        parse(["--help"])
    assert end.value.code == 0
    shown = capsys.readouterr().out
    for name in Settings.model_fields:
        assert f"--{name.replace('_', '-')} " in shown
    assert str(CHECKOUT) not in shown


def test_serve_is_the_default_and_options_win_over_the_environment(monkeypatch):
    monkeypatch.setenv("FLOORWALKER_PORT", "9001")
    monkeypatch.setenv("FLOORWALKER_LLM", "embedded")
    command, settings = parse(["--port", "9002", "--no-watch", "--data-dir", "x"])
    assert (command, settings.port, settings.llm, settings.watch, settings.data_dir) == (
        "serve", 9002, "embedded", False, Path("x"),
    )  # fmt: skip
    assert parse(["chat"])[0] == "chat"


@pytest.mark.parametrize(
    "arguments", [["--port", "99999"], ["--port", "x"], ["--mode", "magic"], ["--turn-limit", "0"]]
)
def test_a_wrong_value_is_named_with_option_and_variable(arguments, capsys):
    assert launch.main(arguments) == 2
    told = capsys.readouterr().err
    assert arguments[0] in told
    assert f"FLOORWALKER_{arguments[0][2:].replace('-', '_').upper()}" in told
    assert "Traceback" not in told


def test_an_unknown_option_or_command():
    for arguments in (["--shops", "x"], ["dance"]):
        with pytest.raises(SystemExit) as end:
            launch.main(arguments)
        assert end.value.code == 2


def test_a_secret_is_not_repeated(capsys):
    assert launch.main(["--api-key", "hush", "--port", "x"]) == 2
    assert "hush" not in capsys.readouterr().err


@pytest.mark.parametrize("command", ["serve", "chat", "index"])
def test_a_missing_shop(command, tmp_path, capsys):
    assert launch.main([command, "--shop", str(tmp_path)]) == 2
    assert "shop.yaml" in capsys.readouterr().err


def test_an_open_door_to_the_world_is_refused(tmp_path, capsys):
    (tmp_path / "shop.yaml").write_text("name: x\n", encoding="utf-8")
    assert launch.main(["--shop", str(tmp_path), "--host", "0.0.0.0"]) == 2
    assert "FLOORWALKER_API_KEY" in capsys.readouterr().err


def test_a_port_in_use(tmp_path, capsys):
    (tmp_path / "shop.yaml").write_text("name: x\n", encoding="utf-8")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert launch.main(["--shop", str(tmp_path), "--port", port]) == 2
    told = capsys.readouterr().err
    assert port in told
    assert "already in use" in told
    assert "--port" in told


def test_the_environment_keeps_libraries_quiet(monkeypatch):
    for name in ("GRADIO_ANALYTICS_ENABLED", "HF_HUB_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")
    launch.set_environment()
    assert os.environ["GRADIO_ANALYTICS_ENABLED"] == "False"
    assert os.environ["HF_HUB_OFFLINE"] == "0"


def test_help_imports_nothing_heavy():
    code = (
        "import sys, launch\n"
        "try: launch.main(['--help'])\n"
        "except SystemExit: pass\n"
        "print([name for name in ('gradio', 'fastapi', 'numpy', 'chromadb', 'langgraph') if name in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], cwd=CHECKOUT, capture_output=True, text=True, check=True)
    assert run.stdout.strip().endswith("[]")


def test_check_of_a_good_shop(tmp_path, console):
    shop = shops.fashion(tmp_path / "shop")
    assert commands.check(Settings(shop=shop), console) == 0
    assert "errors: 0" in printed(console)


def test_check_names_file_row_and_field(tmp_path, console):
    shop = shops.fashion(tmp_path / "shop")
    items = (shop / "items.csv").read_text(encoding="utf-8")
    (shop / "items.csv").write_text(items.replace("$59.00", "much", 1), encoding="utf-8")
    assert commands.check(Settings(shop=shop), console) == 0
    assert re.search(r"warning: .*items\.csv:2: price: .*much", printed(console))
    (shop / "shop.yaml").write_text("name: x\ncolour: y\n", encoding="utf-8")
    assert commands.check(Settings(shop=shop), console) == 1
    assert re.search(r"error: .*shop\.yaml: colour: ", printed(console))


def test_doctor(tmp_path, console):
    shop = shops.fashion(tmp_path / "shop")
    settings = Settings(shop=shop, data_dir=tmp_path / "data", port=0)
    assert doctor.doctor(settings, console) == 0
    lines = [line for line in printed(console).splitlines() if line[:2] in ("ok", "!!")]
    assert lines
    assert all(line.startswith("ok  ") for line in lines)
    assert {line.split()[1] for line in lines} >= {"shop", "data", "port", "model"}
    assert not (tmp_path / "data").exists()


def test_doctor_finds_what_is_wrong(tmp_path, console):
    (tmp_path / "file").write_text("", encoding="utf-8")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        settings = Settings(
            shop=tmp_path, data_dir=tmp_path / "file" / "x", port=taken.getsockname()[1], llm="http://127.0.0.1:1/v1"
        )
        assert doctor.doctor(settings, console) == 1
    failed = [line.split()[1] for line in printed(console).splitlines() if line.startswith("!!")]
    assert failed == ["shop", "data", "port", "model"]


def test_progress_is_drawn_only_when_there_is_some():
    console = Console(file=io.StringIO(), force_terminal=True, width=100)
    with commands.IndexProgress(console):
        pass
    assert printed(console) == ""
    with commands.IndexProgress(console) as progress:
        progress("embedding", 1, 4)
        progress("embedding", 4, 4)
    assert "embedding" in printed(console)
    assert "4/4" in printed(console)


@pytest.mark.parametrize("stop", [signal.SIGTERM, pytest.param(signal.SIGINT, marks=pytest.mark.slow)])
def test_serve_says_where_and_stops_cleanly(stop, tmp_path, data_folder):
    data = data_folder(tmp_path / "data")
    shop = shops.fashion(tmp_path / "shop")
    command = [sys.executable, "launch.py", "--shop", str(shop), "--data-dir", str(data), "--port", "0"]
    log = (tmp_path / "log").open("w+", encoding="utf-8")
    process = subprocess.Popen(command, cwd=CHECKOUT, stdout=subprocess.PIPE, stderr=log, text=True)
    try:
        first, second = process.stdout.readline(), process.stdout.readline()
        log.seek(0)
        assert "Small Wardrobe" in first, log.read()
        assert second.startswith("Model: embedded")
        url = re.search(r"http://127\.0\.0\.1:\d+", first).group()
        assert httpx.get(f"{url}/health").status_code == 200
        assert httpx.get(f"{url}/v1/nothing").json()["error"]["code"] == "unknown_url"
        page = httpx.get(url)
        assert page.status_code == 200
        assert "gradio" in page.text
        process.send_signal(stop)
        assert process.wait(20) == 0
        log.seek(0)
        assert "Traceback" not in log.read()
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
        log.close()
