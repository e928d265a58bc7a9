"""Becomes vLLM's server, tied to the life of the process that started it.

Run by vLLM's own Python, with nothing else of ours: ``python vllm_guard.py PARENT MODULE [OPTION ...]``. The kernel
sends SIGTERM when the parent dies, however it dies; the setting outlives ``exec``.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main() -> None:
    """Ask the kernel for the signal, look whether it is too late, and become the server."""
    parent, module, *options = sys.argv[1:]
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != int(parent):
        sys.exit("the process that started this one is gone")
    # -P: packages in the folder where the operator stands, such as ours, are none of vLLM's.
    os.execv(sys.executable, [sys.executable, "-P", "-m", module, *options])


if __name__ == "__main__":
    main()
