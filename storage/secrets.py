"""The server's secret: made once, kept beside the data, readable by its owner only."""

from __future__ import annotations

import logging
import os
import secrets
from pathlib import Path

from core.errors import StorageError

logger = logging.getLogger(__name__)

LENGTH = 32


def server_secret(data_dir: Path) -> bytes:
    """Return the 32 bytes of ``data_dir/secret.key``, making the file (mode 0600) on first use.

    Safe when several processes start at once: all get the same bytes.

    Raises:
        StorageError: the file cannot be made or read, or does not hold 32 bytes.
    """
    path = data_dir / "secret.key"
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            _make(path)
        if path.stat().st_mode & 0o077:
            logger.warning("%s was readable by others; its mode is now 0600", path)
            path.chmod(0o600)
        content = path.read_bytes()
    except OSError as error:
        raise StorageError(f"{path}: {error.strerror}; change its permissions or choose another --data-dir") from error
    if len(content) != LENGTH:
        raise StorageError(f"{path}: holds {len(content)} bytes, not {LENGTH}; delete it to get a new one")
    return content


def _make(path: Path) -> None:
    """Write a complete temporary file and link it into place: nobody ever sees half a secret."""
    draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_bytes(LENGTH))
            file.flush()
            os.fsync(file.fileno())
        os.link(draft, path)
    except FileExistsError:
        pass  # another process was first; its secret counts
    finally:
        draft.unlink(missing_ok=True)
