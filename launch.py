"""The operator's door: ``python launch.py [COMMAND] [options]``; ``--help`` lists both."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; return the exit status: 0 done, 1 problems found, 2 it cannot run as asked."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # stops as cleanly as Ctrl-C does
    set_environment()
    from core.errors import FloorwalkerError
    from server.options import parse

    try:
        from rich.console import Console

        given = list(sys.argv[1:] if arguments is None else arguments)
        if given[:1] == ["import"]:
            from server.import_command import run_import

            return run_import(given[1:], Console())
        command, settings = parse(given)
        from server import commands, doctor, enrich_command, profiles_command, train_command

        commands.start_logging(settings)
        runs = {
            "serve": commands.serve,
            "chat": commands.chat,
            "index": commands.index,
            "train": train_command.train,
            "profiles": profiles_command.profiles,
            "enrich": enrich_command.enrich,
            "check": commands.check,
            "doctor": doctor.doctor,
        }
        return runs[command](settings, Console())
    except FloorwalkerError as error:
        from rich.console import Console

        Console(stderr=True).print(f"error: {error}", markup=False, highlight=False, soft_wrap=True)
        return 2
    except KeyboardInterrupt:
        return 130


def set_environment() -> None:
    """Keep libraries from calling home; they read this when they are imported. What the operator set stays."""
    quiet = {
        "GRADIO_ANALYTICS_ENABLED": "False",
        "HF_HUB_OFFLINE": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "TOKENIZERS_PARALLELISM": "false",
        "ANONYMIZED_TELEMETRY": "False",
        "DO_NOT_TRACK": "1",
    }
    ours = [name for name in quiet if name not in os.environ]
    os.environ.update({name: quiet[name] for name in ours})
    # A model's server that we start may do what our own libraries may not, such as download a model.
    os.environ.setdefault("FLOORWALKER_QUIETED", ",".join(ours))


if __name__ == "__main__":
    sys.exit(main())
