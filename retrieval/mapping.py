"""Arrays on disk, mapped into memory."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt


def mapped(path: Path) -> npt.NDArray[Any]:
    """Return the array of a ``.npy`` file, read-only and mapped.

    Raises:
        OSError, ValueError: there is no such file, or it holds no plain array.
    """
    # A plain view of the map: np.memmap's own class makes every small slice slow.
    array: npt.NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False).view(np.ndarray)
    return array
