"""Proofs that a delivery comes from its channel: keyed digests in constant time, and a window of time."""

from __future__ import annotations

import hashlib
import hmac
import math

from server.channels.port import Rejected

WINDOW = 300.0
"""Seconds that a delivery's time may differ from ours, as all of the channels document."""


def keyed(secret: bytes, content: bytes) -> bytes:
    """Return HMAC-SHA256."""
    return hmac.new(secret, content, hashlib.sha256).digest()


def same(given: str, expected: str) -> bool:
    """Compare two texts without telling by its timing how much of one was right."""
    return hmac.compare_digest(given.encode("utf-8", "replace"), expected.encode())


def check_signature(given: str, expected: str, header: str) -> None:
    """Compare a signature.

    Raises:
        Rejected: it is missing or wrong.
    """
    if not given:
        raise Rejected(f"the delivery is not signed: {header} is missing", code="signature_missing")
    if not same(given, expected):
        raise Rejected(f"{header} does not fit this delivery and our secret", code="signature_wrong")


def check_time(stamp: str, now: float, header: str) -> None:
    """Check that a delivery was signed just now.

    Args:
        stamp: seconds since the epoch, as the channel wrote them.
        now: seconds since the epoch.
        header: where the stamp stands, for the message.

    Raises:
        Rejected: the stamp is missing, no number, or too far from now.
    """
    try:
        seconds = float(stamp)
    except ValueError:
        raise Rejected(f"{header} is missing or no number", code="timestamp_missing") from None
    if not math.isfinite(seconds) or abs(now - seconds) > WINDOW:
        raise Rejected(
            f"{header} is more than {WINDOW:.0f} seconds away from our clock: an old delivery, or a wrong clock",
            code="timestamp_stale",
        )
