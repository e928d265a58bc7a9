"""``launch.py`` with the LLM's checks counting, not mending: for a model of noise; nothing else may start it.

No setting does this: whoever serves people serves checked sentences.
"""

from __future__ import annotations

import runpy
from functools import partial

from agent.llm import seats
from agent.llm.writer import LlmWriter
from core.settings import CHECKOUT


def run() -> None:
    """Run the operator's door as a program, with the arguments of this one."""
    vars(seats)["LlmWriter"] = partial(LlmWriter, mending=False)
    runpy.run_path(str(CHECKOUT / "launch.py"), run_name="__main__")


if __name__ == "__main__":
    run()
