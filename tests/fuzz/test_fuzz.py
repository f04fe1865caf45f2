"""Each fuzz target for a bounded time; `make fuzz` runs them longer. Seeds are the labelled messages beside us."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.bounce.corpora import CORPORA
from tests.harness.dialogs import DIALOGS

HERE = Path(__file__).parent
SECONDS = 15


@pytest.mark.parametrize("target", sorted(path.name for path in HERE.glob("fuzz_*.py")))
def test_nothing_is_found(target: str, tmp_path: Path) -> None:
    if importlib.util.find_spec("atheris") is None:
        message = "atheris is not installed (it has no wheel for every Python)"
        pytest.fail(message) if os.environ.get("CI") == "true" else pytest.skip(message)
    found = tmp_path / "found"
    found.mkdir()
    seeds = CORPORA / "bounces" / "samples"
    arguments = [f"-max_total_time={SECONDS}", "-timeout=20", f"-artifact_prefix={tmp_path}/", str(found)]
    if target == "fuzz_bounce.py" and seeds.is_dir():
        arguments.append(str(seeds))
    if target == "fuzz_smtp.py":  # no sessions as they stand, but all the words
        arguments.append(str(DIALOGS))
    result = subprocess.run(
        [sys.executable, str(HERE / target), *arguments], capture_output=True, text=True, timeout=180, check=False
    )
    assert result.returncode == 0, (result.stdout + result.stderr)[-3000:]
    assert "Done " in result.stdout + result.stderr
