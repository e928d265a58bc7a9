"""Who may drop a shop on the server, what may be dropped, and what becomes of it: over real HTTP."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from core.settings import Settings
from server.app import create_app
from server.page_drop import OPEN_SHOPS, DroppedShops
from tests.server.fakes import FakeAssistant
from tests.server.serving import eventually, served

SAMPLES = Path(__file__).parents[1] / "importers" / "samples"
FILE = {"Content-Type": "application/octet-stream", "X-File-Name": "google.tsv"}
BODY = (SAMPLES / "google.tsv").read_bytes()


class Opened:
    """Stands for an assistant: remembers whether it was closed."""

    def __init__(self, settings: Settings) -> None:
        self.settings, self.closed = settings, False

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def site(tmp_path, shop_folder) -> Iterator[Any]:
    settings = Settings(shop=shop_folder, data_dir=tmp_path / "data")
    app = create_app(FakeAssistant(shop_folder), settings, page=False)
    app.state.opened, app.state.gate_open = [], threading.Event()
    app.state.gate_open.set()

    def open_shop(given: Settings, progress: Any) -> Opened:
        app.state.gate_open.wait(10)
        app.state.opened.append(Opened(given))
        return app.state.opened[-1]

    app.state.dropped = DroppedShops(settings, open_shop)
    with served(app) as url, httpx.Client(base_url=url, timeout=10) as client:
        client.app = app  # type: ignore[attr-defined]
        yield client


def done(client: httpx.Client, job: str) -> dict[str, Any]:
    assert eventually(lambda: client.get(f"/operator/shops/{job}").json()["state"] in ("ready", "failed"))
    found: dict[str, Any] = client.get(f"/operator/shops/{job}").json()
    return found


def test_a_file_becomes_a_shop(site, tmp_path):
    answer = site.post("/operator/shops", content=BODY, headers=FILE)
    assert answer.status_code == 202
    found = done(site, answer.json()["id"])
    assert (found["state"], found["items"]) == ("ready", 4)
    (opened,) = site.app.state.opened
    assert opened.settings.shop.parent == tmp_path / "data" / "dropped"
    assert (opened.settings.shop / "shop.yaml").is_file()
    again = site.post("/operator/shops", content=BODY, headers=FILE).json()["id"]
    done(site, again)
    assert site.app.state.opened[1].settings.shop == opened.settings.shop, "the same file, the same folder"


@pytest.mark.parametrize(
    "headers",
    [{"Content-Type": "text/plain"}, {"Content-Type": "multipart/form-data; boundary=x"}, {},
     {**FILE, "Sec-Fetch-Site": "cross-site"}, {**FILE, "Sec-Fetch-Site": "same-site"}],
)  # fmt: skip
def test_another_sites_page_cannot_drop_anything(headers: dict[str, str], site):
    assert site.post("/operator/shops", content=BODY, headers=headers).status_code == 415
    assert site.app.state.opened == []


def test_one_at_a_time(site):
    site.app.state.gate_open.clear()
    first = site.post("/operator/shops", content=BODY, headers=FILE).json()["id"]
    assert site.post("/operator/shops", content=BODY, headers=FILE).status_code == 409
    site.app.state.gate_open.set()
    assert done(site, first)["state"] == "ready"


def test_names_do_not_climb(site, tmp_path):
    for name in ("../../../etc/x.csv", "%2e%2e%2fx.csv", "..", "/etc/passwd", "x" * 900, "%00.csv", "a%2Fb%5Cc.csv"):
        job = site.post("/operator/shops", content=BODY, headers={**FILE, "X-File-Name": name}).json()["id"]
        assert done(site, job)["state"] == "ready", name
    places = {opened.settings.shop.parent for opened in site.app.state.opened}
    assert places == {tmp_path / "data" / "dropped"}
    assert not [path for path in (tmp_path / "data" / "dropped").iterdir() if path.name.startswith(".")]


def test_what_is_no_export(site):
    job = site.post("/operator/shops", content=b"hello", headers=FILE).json()["id"]
    found = done(site, job)
    assert found["state"] == "failed"
    assert "no export" in found["report"][0]
    assert site.get("/operator/shops/unknown").status_code == 404


def test_too_large_is_refused_and_leaves_nothing(site, tmp_path, monkeypatch):
    monkeypatch.setattr("server.page_drop.LARGEST_UPLOAD", 1000)
    assert site.post("/operator/shops", content=BODY, headers=FILE).status_code == 413
    assert list((tmp_path / "data" / "dropped").iterdir()) == []


def test_old_ones_are_closed(site):
    jobs = []
    for number in range(OPEN_SHOPS + 2):
        jobs.append(site.post("/operator/shops", content=BODY + b"\n" * number, headers=FILE).json()["id"])
        done(site, jobs[-1])
        eventually(lambda: not site.app.state.dropped._working.is_alive())
    assert [opened.closed for opened in site.app.state.opened] == [True, True] + [False] * OPEN_SHOPS
    assert site.app.state.dropped.assistant(jobs[0]) is None
    assert site.app.state.dropped.assistant(jobs[-1]) is site.app.state.opened[-1]


@pytest.mark.parametrize(
    ("options", "key", "status"),
    [({"operator_key": "op"}, None, 401), ({"operator_key": "op"}, "wrong", 401), ({"operator_key": "op"}, "op", 202),
     ({"host": "0.0.0.0", "api_key": "k"}, "k", 403),
     ({"host": "0.0.0.0", "api_key": "k", "operator_key": "op"}, "k", 401),
     ({"host": "0.0.0.0", "api_key": "k", "operator_key": "op"}, "op", 202)],
)  # fmt: skip
def test_only_the_operator(options, key, status, tmp_path, shop_folder):
    settings = Settings(shop=shop_folder, data_dir=tmp_path / "data", **options)
    app = create_app(FakeAssistant(shop_folder), settings, page=False)
    app.state.dropped = DroppedShops(settings, lambda given, progress: Opened(given))
    headers = {**FILE, **({"Authorization": f"Bearer {key}"} if key else {})}
    with served(app) as url:
        answer = httpx.post(f"{url}/operator/shops", content=BODY, headers=headers)
        assert answer.status_code == status
        if status == 202:
            job = answer.json()["id"]
            assert httpx.get(f"{url}/operator/shops/{job}").status_code == 401
            path = f"{url}/operator/shops/{job}"
            assert eventually(lambda: httpx.get(path, headers=headers).json()["state"] == "ready")
