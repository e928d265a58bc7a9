"""What docs/embed.md tells a shop's engineer to sign is what this server takes, in each language that is shown."""

from __future__ import annotations

import shutil
import subprocess
import sys

import pytest

from commerce.tokens import TokenVerifier
from core.settings import CHECKOUT

SECRET = "0123456789abcdef0123456789abcdef"
EXAMPLES = CHECKOUT / "examples" / "embed"
CALL = "from identity_token import identity_token; import sys; print(identity_token(*sys.argv[1:4]))"


def signed(command: list[str]) -> str:
    run = subprocess.run(
        [*command, SECRET, "u00001", "my-shop"], cwd=EXAMPLES, capture_output=True, text=True, check=True
    )
    return run.stdout.strip()


@pytest.mark.parametrize(
    ("program", "arguments"),
    [(sys.executable, ["-c", CALL]), ("node", ["identity_token.mjs"]), ("php", ["identity_token.php"])],
)
def test_a_token_of_each_example_is_taken(program, arguments):
    if shutil.which(program) is None:
        pytest.skip(f"no {program} on this machine")
    claims = TokenVerifier([SECRET], "my-shop").verify(signed([program, *arguments]))
    assert claims.customer_id == "u00001"
