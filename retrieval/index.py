"""The index of a shop on disk: built atomically, fingerprinted, reused piece by piece, memory-mapped when opened.

``DATA_DIR/indexes/<shop>/`` holds one folder a build, ``CURRENT`` with the name of the one that serves, and a lock. A
build is written to a folder of its own and renamed when it is complete; ``manifest.json`` is written last, so that a
folder without one is a build that never ended. Whatever fails before ``CURRENT`` is replaced leaves the old build
serving. A build that was killed goes on where it stopped: finished stages stay in its draft, and new vectors stand in
a journal. The fingerprint covers the shop's files, the encoder and the format: unchanged input builds nothing. On a
change, texts are embedded by hash only when they are new, Chroma's store is copied and brought up to date, and what was
learned from unchanged interactions is taken over.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import logging
import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from core.errors import IndexFault, IndexMismatch, IndexMissing
from core.ports import Embedder, Progress
from core.settings import Settings
from core.shop import Shop, load_shop
from retrieval.building import FORMAT, Pieces, read_index, write_index
from retrieval.carrying import PROFILES, Visitors
from retrieval.encoder import build_embedder
from retrieval.generated import FILE as GENERATED_FILE
from retrieval.learned import FILE as LEARNED_FILE
from retrieval.learned import Learned
from retrieval.opened import OpenIndex
from retrieval.pipeline import Recommender

CURRENT = "CURRENT"
MANIFEST = "manifest.json"
DRAFT = ".draft-"
TRAINED = "trained"
_FILES = ("items", "interactions", "reviews", "relations")
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Place:
    """Where the index of one shop folder stands."""

    shop: Path
    root: Path

    @classmethod
    def of(cls, shop_folder: Path, data_dir: Path) -> _Place:
        path = shop_folder.resolve()
        digest = hashlib.blake2b(str(path).encode(), digest_size=5).hexdigest()
        return cls(shop_folder, data_dir / "indexes" / f"{path.name or 'shop'}-{digest}")

    @property
    def trained(self) -> Path:
        """Where training leaves what it found for this shop."""
        return self.root / TRAINED

    @property
    def journal(self) -> Path:
        """Where vectors are kept while a build embeds texts."""
        return self.root / "embedding"

    def current(self) -> Path | None:
        """Return the build that serves, or None when there is none that is whole."""
        try:
            name = (self.root / CURRENT).read_text(encoding="utf-8").strip()
        except OSError:
            return None
        folder = self.root / name
        return folder if name and folder.parent == self.root and (folder / MANIFEST).is_file() else None


def trained_folder(shop_folder: Path, data_dir: Path) -> Path:
    """Return where training leaves what it found for a shop."""
    return _Place.of(shop_folder, data_dir).trained


def build(
    shop_folder: Path,
    data_dir: Path,
    settings: Settings,
    progress: Progress | None = None,
    *,
    embedder: Embedder | None = None,
    force: bool = False,
) -> Path:
    """Bring the index of a shop up to date and return its folder; nothing is done when its input has not changed.

    Args:
        shop_folder: the shop.
        data_dir: where indexes and the encoder's files are kept.
        settings: names the encoder.
        progress: told of every stage, if given.
        embedder: the encoder, when it is open already.
        force: build all anew, even what has not changed.

    Raises:
        ShopError: the shop's files cannot be used.
        EncoderError: the encoder cannot be loaded.
    """
    place = _Place.of(shop_folder, data_dir)
    embedder = embedder or build_embedder(settings)
    place.root.mkdir(parents=True, exist_ok=True)
    with _locked(place.root / "lock"):
        shop = load_shop(shop_folder)
        inputs = _digests(shop, place.root)
        fingerprint = _fingerprint(inputs, embedder, settings.vectors)
        current = place.current()
        if current is not None and not force and _manifest(current).get("fingerprint") == fingerprint:
            return current
        draft = place.root / f"{DRAFT}{'forced' if force else fingerprint[:16]}"
        # What a build of the very same input had done before it was killed is not done again.
        _sweep(place.root, keep=[current, *([] if force else [draft, place.journal])])
        header = {"format": FORMAT, "encoder": embedder.name, "dimensions": embedder.dimensions}
        header |= {"fingerprint": fingerprint, "inputs": inputs}
        learned = Learned.load(place.trained)
        anew = Pieces(inputs, learned, place.trained, journal=place.journal, vectors=settings.vectors)
        pieces = anew if force else _usable(anew, current, embedder)
        resumed = draft.exists()
        try:
            folder = _build(draft, shop, embedder, header, pieces, progress)
        except (OSError, EOFError, ValueError) as error:
            if pieces == anew and not resumed:
                raise
            _log.warning("what was built before cannot be built upon (%s); all is built anew", error)
            folder = _build(draft, shop, embedder, header, anew, progress)
        _write_text(place.root / CURRENT, folder.name)
        # The build before stays: another process may be serving it and open its store later.
        _sweep(place.root, keep=[folder, current])
        return folder


def _build(
    draft: Path,
    shop: Shop,
    embedder: Embedder,
    header: Mapping[str, Any],
    pieces: Pieces,
    progress: Progress | None,
) -> Path:
    """Write a build into a draft folder and give it its name when it is whole.

    A draft that failed is deleted; of one that was interrupted or killed, the finished stages serve the next build.
    """
    draft.mkdir(exist_ok=True)
    try:
        written = write_index(draft, shop, embedder, pieces, progress)
        _write_text(draft / MANIFEST, json.dumps({**header, **written}, ensure_ascii=False, indent=1))
        folder = draft.parent / f"{header['fingerprint'][:16]}-{time.time_ns():x}"
        draft.rename(folder)
    except Exception:  # whatever it was, building on it would fail again
        shutil.rmtree(draft, ignore_errors=True)
        raise
    return folder


def open(
    shop_folder: Path,
    data_dir: Path,
    settings: Settings,
    progress: Progress | None = None,
    *,
    embedder: Embedder | None = None,
    rebuild: bool = True,
    clock: Callable[[], float] = time.time,
) -> Recommender:
    """Open a shop's index for serving, building it first when it is missing, stale or unreadable.

    Args:
        shop_folder: the shop.
        data_dir: where indexes are kept.
        settings: names the encoder.
        progress: told of every stage of a build, if given.
        embedder: the encoder, when it is open already.
        rebuild: False serves what is there, even when the shop's files have changed since.
        clock: seconds since the epoch.

    Raises:
        ShopError, EncoderError: as ``build``.
        IndexMissing: ``rebuild`` is False and there is no index.
        IndexMismatch: ``rebuild`` is False and the index was made by another encoder or version.
    """
    embedder = embedder or build_embedder(settings)
    place = _Place.of(shop_folder, data_dir)

    def build_now(told: Progress | None, force: bool = False) -> Path:
        return build(shop_folder, data_dir, settings, told, embedder=embedder, force=force)

    folder = build_now(progress) if rebuild else _existing(place, embedder)
    try:
        index = _opened(folder, shop_folder)
    except IndexFault as error:
        if not rebuild:
            raise
        _log.warning("%s; it is built anew", error)
        folder = build_now(progress, force=True)
        index = _opened(folder, shop_folder)
    # Turns of several sessions run side by side: BLAS threads of their own would only wait for each other.
    threadpool_limits(limits=1, user_api="blas")
    serving = [folder]

    def reopen(told: Progress | None) -> OpenIndex | None:
        fresh = build_now(told)
        if fresh == serving[0]:
            return None
        opened = _opened(fresh, shop_folder)
        serving[0] = fresh
        return opened

    return Recommender(index, embedder, place.root, reopen, clock)


def _opened(folder: Path, shop_folder: Path) -> OpenIndex:
    """Open a build.

    Raises:
        IndexFault: a file of it is missing or damaged.
    """
    try:
        manifest = _manifest(folder)
        index = read_index(folder, load_shop(shop_folder), str(manifest["fingerprint"]))
        visitors = Visitors.open(shop_folder / PROFILES, str(manifest["encoder"]), index)
        return replace(index, visitors=visitors)
    except (OSError, EOFError, ValueError, KeyError, TypeError) as error:
        mend = f"python launch.py index --shop {shop_folder}"
        raise IndexFault(f"the index in {folder} is damaged ({error}); mend it with: {mend}") from error


def _existing(place: _Place, embedder: Embedder) -> Path:
    mend = f"python launch.py index --shop {place.shop}"
    folder = place.current()
    if folder is None:
        raise IndexMissing(f"there is no index of {place.shop} in {place.root}; make it with: {mend}")
    manifest = _manifest(folder)
    if manifest.get("encoder") != embedder.name:
        raise IndexMismatch(
            f"the index of {place.shop} was made with the encoder {manifest.get('encoder')!r}, the setting is "
            f"{embedder.name!r}; set --encoder back, or make the index anew with: {mend}"
        )
    if manifest.get("format") != FORMAT:
        raise IndexMismatch(
            f"the index of {place.shop} has format {manifest.get('format')}, this version reads {FORMAT}; "
            f"make it anew with: {mend}"
        )
    return folder


def _usable(anew: Pieces, folder: Path | None, embedder: Embedder) -> Pieces:
    """Return what can be taken from a build: all of it when its format is this one, else its vectors."""
    manifest = _manifest(folder) if folder is not None else {}
    if folder is None or manifest.get("encoder") != embedder.name:
        return anew
    return replace(anew, previous=folder if manifest.get("format") == FORMAT else None, embedded=folder)


def _manifest(folder: Path) -> Mapping[str, Any]:
    try:
        content = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _digests(shop: Shop, root: Path) -> dict[str, str]:
    """Return a digest of each input file; files whose size and time are known are not read again."""
    known_path = root / "digests.json"
    try:
        known: dict[str, Any] = json.loads(known_path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        known = {}
    found: dict[str, list[Any]] = {}
    files = ((kind, shop.file(kind)) for kind in _FILES)
    given = (("generated", shop.root / GENERATED_FILE), ("profiles", shop.root / PROFILES))
    made = (("trained", root / TRAINED / LEARNED_FILE), *given)
    for kind, path in (("shop", shop.root / "shop.yaml"), *made, *files):
        if path is None or not path.is_file():
            continue
        state = path.stat()
        stamp = [str(path.resolve()), state.st_size, state.st_mtime_ns]
        old = known.get(kind)
        # A file written within the clock's grain of its last look could change unseen: it is read again.
        settled = time.time_ns() - state.st_mtime_ns > 2_000_000_000
        if settled and isinstance(old, list) and old[:3] == stamp:
            found[kind] = old
        else:
            with path.open("rb") as file:
                found[kind] = [*stamp, hashlib.file_digest(file, "blake2b").hexdigest()[:32]]
    if found != known:
        _write_text(known_path, json.dumps(found))
    return {kind: f"{Path(entry[0]).name}:{entry[3]}" for kind, entry in found.items()}


def _fingerprint(inputs: Mapping[str, str], embedder: Embedder, vectors: str) -> str:
    known = [FORMAT, embedder.name, embedder.dimensions, sorted(inputs.items())]
    content = json.dumps(known if vectors == "auto" else [*known, vectors])
    return hashlib.blake2b(content.encode(), digest_size=16).hexdigest()


def _sweep(root: Path, keep: list[Path | None]) -> None:
    """Delete drafts that never ended and builds that are not kept; only under the lock."""
    for folder in root.iterdir():
        if folder.is_dir() and folder not in keep and folder.name != TRAINED:
            shutil.rmtree(folder, ignore_errors=True)


def _write_text(path: Path, text: str) -> None:
    """Replace a small file in one step."""
    draft = path.with_name(f"{path.name}.{os.getpid()}.part")
    draft.write_text(text, encoding="utf-8")
    draft.replace(path)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold the shop's build lock; a second builder waits, a crashed one leaves nothing behind."""
    with path.open("a", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _log.info("another process builds this index; waiting for it")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield
