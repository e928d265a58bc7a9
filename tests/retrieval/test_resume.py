"""A build that was killed goes on where it stopped; another one has nothing to do with what it left."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from core.settings import CHECKOUT, Settings
from retrieval import index
from tests.retrieval.garden import items, write_garden
from tests.retrieval.test_index import Counting, answers, root

CHILD = """
import os, signal, sys
from pathlib import Path
from core.settings import Settings
from retrieval import index, vectors
from retrieval.encoder import build_embedder

vectors.CHUNK = vectors.KEPT = 16
folder, stage, at = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
settings = Settings(shop=folder / "shop", data_dir=folder / "data")

def progress(name, done, total):
    if name == stage and done >= at:
        os.kill(os.getpid(), signal.SIGKILL)

embedder = build_embedder(Settings(data_dir=Path(sys.argv[4])))
index.build(folder / "shop", folder / "data", settings, progress, embedder=embedder)
"""


def killed(tmp_path: Path, stage: str, at: int, data: Path) -> None:
    """Build in a process that is killed as soon as a stage has come so far."""
    command = [sys.executable, "-c", CHILD, str(tmp_path), stage, str(at), str(data)]
    done = subprocess.run(command, cwd=CHECKOUT, check=False)
    assert done.returncode == -signal.SIGKILL


def settings(tmp_path: Path, **options) -> Settings:
    return Settings(shop=tmp_path / "shop", data_dir=tmp_path / "data", **options)


def opened(tmp_path: Path, embedder, **options):
    return index.open(tmp_path / "shop", tmp_path / "data", settings(tmp_path, **options), embedder=embedder)


@pytest.fixture(scope="module")
def whole(tmp_path_factory, encoder):
    folder = tmp_path_factory.mktemp("whole")
    write_garden(folder / "shop")
    return answers(opened(folder, encoder))


@pytest.mark.parametrize(
    ("stage", "at", "left"),
    [("embedding", 32, 16), ("storing vectors", 0, 0), ("indexing words", 40, 0), ("learning tastes", 0, 0)],
)
def test_a_killed_build_goes_on_and_ends_like_one_that_was_not(tmp_path, encoder, whole, stage, at, left):
    write_garden(tmp_path / "shop")
    killed(tmp_path, stage, min(at, 0 if stage == "indexing words" else at), encoder._data_dir)
    assert list(root(tmp_path).glob(f"{index.DRAFT}*"))
    counting = Counting(encoder, encoder.name)
    assert answers(opened(tmp_path, counting)) == whole
    assert counting.texts - 1 == left, "only what the killed build had not embedded, and the question"
    assert not list(root(tmp_path).glob(f"{index.DRAFT}*"))
    assert not (root(tmp_path) / "embedding").exists()


def test_after_a_kill_finished_stages_are_not_run_again(tmp_path, encoder):
    write_garden(tmp_path / "shop")
    killed(tmp_path, "learning tastes", 0, encoder._data_dir)
    stages = []
    index.build(
        tmp_path / "shop", tmp_path / "data", settings(tmp_path), lambda stage, *_: stages.append(stage),
        embedder=encoder,
    )  # fmt: skip
    assert "learning tastes" in stages
    assert not {"reading items", "building columns", "embedding", "storing vectors", "indexing words"} & set(stages)


def test_what_changed_after_the_kill_counts_and_what_was_embedded_stays(tmp_path, encoder):
    write_garden(tmp_path / "shop")
    killed(tmp_path, "embedding", 32, encoder._data_dir)
    rows = items()
    rows[0]["description"] = "Told anew."
    write_garden(tmp_path / "shop", rows)
    counting = Counting(encoder, encoder.name)
    serving = opened(tmp_path, counting)
    assert serving.catalogue.item("g0").description == "Told anew."
    assert 16 <= counting.texts <= 17


def test_a_damaged_draft_is_given_up(tmp_path, encoder, whole):
    write_garden(tmp_path / "shop")
    killed(tmp_path, "learning tastes", 0, encoder._data_dir)
    draft = next(root(tmp_path).glob(f"{index.DRAFT}*"))
    (draft / "vectors.npy").write_bytes(b"")
    assert answers(opened(tmp_path, encoder)) == whole


def test_a_forced_build_takes_nothing_over(tmp_path, encoder):
    write_garden(tmp_path / "shop")
    killed(tmp_path, "learning tastes", 0, encoder._data_dir)
    counting = Counting(encoder, encoder.name)
    index.build(tmp_path / "shop", tmp_path / "data", settings(tmp_path), embedder=counting, force=True)
    assert counting.texts == 48
