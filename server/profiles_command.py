"""``launch.py profiles``: what users like, as one vector each, for another shop with the same users to take over."""

from __future__ import annotations

from rich.console import Console

from core.entities import UserId
from core.settings import Settings
from server.commands import IndexProgress, say


def profiles(settings: Settings, console: Console) -> int:
    """Write the vectors of this shop's users beside its index; who asked to be forgotten is not among them.

    Raises:
        FloorwalkerError: the shop or the data folder cannot be used.
    """
    from retrieval.carrying import PROFILES, write_profiles
    from retrieval.index import open as open_index
    from retrieval.index import trained_folder

    with IndexProgress() as progress:
        shop = open_index(settings.shop, settings.data_dir, settings, progress)
    index = shop.serving
    users = {user: shop.events(UserId(user)) for user in index.history.users}
    path = trained_folder(settings.shop, settings.data_dir).parent / PROFILES
    count = write_profiles(path, users, index.vectors, shop.embedder.name)
    say(console, f"{count:,} users written to {path}. Put it into the other shop's folder, if they agreed to that.")
    return 0
