"""Telemetry leaves a device id in the home folder; without one, nothing was set up to be sent."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

SOURCES = Path(__file__).parents[2] / "src"
QUIETLY = "from nutri_ml.model.runtime import load_runtime; load_runtime()"
PLAINLY = "import onnxruntime"


@pytest.mark.parametrize(("code", "leaves_traces"), [(QUIETLY, False), (PLAINLY, True)])
def test_the_runtime_is_loaded_without_telemetry(
    tmp_path: Path, code: str, leaves_traces: bool
) -> None:
    paths = os.pathsep.join([str(SOURCES), *filter(None, sys.path)])
    environment = {"HOME": str(tmp_path), "PATH": os.environ["PATH"], "PYTHONPATH": paths}
    subprocess.run([sys.executable, "-B", "-c", code], env=environment, check=True)
    assert bool(list(tmp_path.iterdir())) is leaves_traces
