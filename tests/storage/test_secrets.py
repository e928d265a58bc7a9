from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from core.errors import StorageError
from storage.secrets import server_secret


def test_made_once_and_private(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    with ThreadPoolExecutor(8) as pool:
        found = set(pool.map(lambda _: server_secret(folder), range(32)))
    assert len(found) == 1
    assert len(found.pop()) == 32
    assert (folder / "secret.key").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in folder.iterdir()] == ["secret.key"]


def test_readable_by_others_is_tightened(tmp_path: Path) -> None:
    secret = server_secret(tmp_path)
    (tmp_path / "secret.key").chmod(0o644)
    assert server_secret(tmp_path) == secret
    assert (tmp_path / "secret.key").stat().st_mode & 0o777 == 0o600


def test_damaged_or_impossible(tmp_path: Path) -> None:
    (tmp_path / "secret.key").write_bytes(b"short")
    with pytest.raises(StorageError, match="5 bytes"):
        server_secret(tmp_path)
    with pytest.raises(StorageError, match="--data-dir"):
        server_secret(tmp_path / "secret.key")
