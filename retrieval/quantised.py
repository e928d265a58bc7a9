"""Item vectors for very large catalogues: a byte a number to score with, a bit a number to find what is near.

A float32 graph over a million vectors takes gigabytes and the better part of an hour to build. Here each vector is
kept as int8 with a scale of its own (the error of a cosine is below a thousandth), and its signs, after what all
vectors have in common is taken off, as one bit a number. A search counts differing bits over all items, which reads 48
bytes of each (at 384 numbers), keeps the nearest one in some dozens within the mask, and orders those by their vectors.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from core.ports import Vectors
from retrieval.mapping import mapped

FOLDER = "quantised"
RESCORED, LEAST_RESCORED, SHARE = 12, 3000, 64
"""So many times the wanted number are kept by their bits and ordered by their vectors; at least so many, and one item
in so many. Of a million spread items (ten near-duplicates of each) the 50 true neighbours of a question are among them
to .94, to .76 without the share; of 100,000 to .98."""
CHUNK = 32_768
"""Rows at a time: what is written in between stays in the processor's cache."""
Rows = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
_FAR = np.iinfo(np.uint16).max


class PackedVectors:
    """Unit vectors in int8: read like a float32 array of shape (items, dimensions), row by row or by arrays of rows."""

    dtype = np.dtype(np.float32)

    def __init__(self, data: npt.NDArray[np.int8], scales: npt.NDArray[np.float32]) -> None:
        """Keep the bytes and one scale a row."""
        self._data, self._scales = data, scales

    @property
    def shape(self) -> tuple[int, int]:
        """Items and dimensions."""
        return self._data.shape[0], self._data.shape[1]

    def __len__(self) -> int:
        return len(self._data)

    def __getitem__(self, rows: Any) -> Vectors:
        """Return the vectors of a row, a slice or an array of rows, as float32."""
        scales = self._scales[rows]
        return np.asarray(self._data[rows] * (scales if np.ndim(scales) == 0 else scales[:, None]), dtype=np.float32)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> npt.NDArray[Any]:
        """Return all vectors as an array."""
        return self[:].astype(dtype or np.float32, copy=False)


def pack(vectors: Vectors) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.float32]]:
    """Return vectors as int8 and the scale of each row: the same again for what was packed before."""
    data = np.zeros(vectors.shape, dtype=np.int8)
    scales = np.zeros(len(vectors), dtype=np.float32)
    for start in range(0, len(vectors), CHUNK):
        part = np.asarray(vectors[start : start + CHUNK], dtype=np.float32)
        widest = np.maximum(np.abs(part).max(axis=1, initial=0.0), 1e-9)
        data[start : start + CHUNK] = np.rint(part * (127.0 / widest)[:, None])
        # By its own length: what is unpacked is a unit vector again.
        length = np.linalg.norm(data[start : start + CHUNK].astype(np.float32), axis=1)
        scales[start : start + CHUNK] = 1.0 / np.maximum(length, 1.0)
    return data, scales


def write_quantised(folder: Path, vectors: Vectors) -> None:
    """Write vectors into ``folder`` (made when missing).

    Args:
        folder: where to.
        vectors: float32 (items, dimensions), unit rows; the dimensions are padded to whole words of 64 bits.
    """
    folder.mkdir(parents=True, exist_ok=True)
    data, scales = pack(vectors)
    np.save(folder / "bytes.npy", data, allow_pickle=False)
    np.save(folder / "scales.npy", scales, allow_pickle=False)
    centre = np.asarray(vectors.mean(axis=0, dtype=np.float64), dtype=np.float32)
    np.save(folder / "centre.npy", centre, allow_pickle=False)
    planes = np.zeros((-(-vectors.shape[1] // 64), len(vectors)), dtype=np.uint64)
    for start in range(0, len(vectors), CHUNK):
        planes[:, start : start + CHUNK] = _bits(np.asarray(vectors[start : start + CHUNK]) - centre).T
    np.save(folder / "bits.npy", planes, allow_pickle=False)


def _bits(vectors: Vectors) -> npt.NDArray[np.uint64]:
    """Return the signs of each row in words of 64 bits."""
    signs = np.zeros((len(vectors), -(-vectors.shape[1] // 64) * 64), dtype=np.bool_)
    signs[:, : vectors.shape[1]] = vectors > 0
    return np.packbits(signs, axis=1).view(np.uint64)


class QuantisedStore:
    """Nearest items by cosine, within a mask, over packed vectors; read-only, thread-safe."""

    def __init__(self, vectors: PackedVectors, planes: npt.NDArray[np.uint64], centre: npt.NDArray[np.float32]) -> None:
        """Take over opened arrays.

        Args:
            vectors: the items' packed vectors.
            planes: shape (words, items): their signs.
            centre: what was taken off before the signs were.
        """
        self.vectors, self._planes, self._centre = vectors, planes, centre

    @classmethod
    def open(cls, folder: Path) -> QuantisedStore:
        """Memory-map what ``write_quantised`` wrote.

        Raises:
            OSError, ValueError: a file is missing or damaged.
        """
        packed = PackedVectors(mapped(folder / "bytes.npy"), mapped(folder / "scales.npy"))
        planes, centre = mapped(folder / "bits.npy"), np.load(folder / "centre.npy", allow_pickle=False)
        if planes.shape[1:] != (len(packed),) or centre.shape != packed.shape[1:]:
            raise ValueError(f"the vectors in {folder} do not belong together")
        return cls(packed, planes, centre)

    def count(self) -> int:
        """Return how many vectors there are."""
        return len(self.vectors)

    def nearest(self, vector: Vectors, k: int, mask: Mask) -> Rows:
        """Return the rows of the ``k`` nearest items within a mask, nearest first.

        Args:
            vector: shape (dimensions,).
            k: how many at most.
            mask: a bool an item.
        """
        apart = self._apart(vector)
        apart[~mask] = _FAR
        wanted = min(max(RESCORED * k, LEAST_RESCORED, len(apart) // SHARE), len(apart))
        limit = np.partition(apart, wanted - 1)[wanted - 1] if wanted else 0
        near, tied = np.flatnonzero(apart < limit), np.flatnonzero(apart == limit)
        rows = np.concatenate([near, tied[: wanted - len(near)]] if limit < _FAR else [near])
        cosines = self.vectors[rows] @ vector
        if len(rows) > k:
            best = np.argpartition(-cosines, k)[:k]
            rows, cosines = rows[best], cosines[best]
        return rows[np.lexsort((rows, -cosines))]

    def _apart(self, vector: Vectors) -> npt.NDArray[np.uint16]:
        """Return for each item how many of its signs differ from a vector's."""
        asked = _bits((np.asarray(vector, dtype=np.float32) - self._centre)[None, :])[0]
        apart = np.zeros(self._planes.shape[1], dtype=np.uint16)
        for start in range(0, len(apart), CHUNK):
            part = apart[start : start + CHUNK]
            for plane, word in zip(self._planes, asked, strict=True):
                part += np.bitwise_count(plane[start : start + CHUNK] ^ word)
        return apart
