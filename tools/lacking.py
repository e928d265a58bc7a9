"""The signal that a change cannot be prepared before something is known."""

from __future__ import annotations

from tools.desk_arguments import DeskChange
from tools.results import DetailNeeded


class Lacking(Exception):
    """Something has to be known first."""

    def __init__(self, needed: DetailNeeded, draft: DeskChange) -> None:
        """Keep what is needed, and the draft as far as it is filled."""
        super().__init__(needed.what)
        self.needed = needed
        self.draft = draft
