"""pytest once more, for the tests with Redis, on a machine that has no program at all."""

import json
import os
import subprocess
import sys
from pathlib import Path

SERVICE = Path(__file__).parents[1]
TESTS = "tests/store/test_redis.py"


def run_tests_of_redis(folder: Path, without: str) -> subprocess.CompletedProcess[str]:
    added = {
        "PATH": str(folder),
        "XTASK_TESTS_NOT_RUN": str(folder / "record"),
        "XTASK_TESTS_WITHOUT": without,
    }
    dropped = ("COV_", "COVERAGE_", "PYTEST_", "TEST_REDIS_URL")
    kept = {name: it for name, it in os.environ.items() if not name.startswith(dropped)}
    command = [
        sys.executable,
        "-m",
        "pytest",
        "--no-cov",
        TESTS,
        "-k",
        "is_recalled or has_no_words",
    ]
    return subprocess.run(
        command, cwd=SERVICE, env=kept | added, capture_output=True, text=True, check=False
    )


def test_without_redis_its_tests_fail_and_say_what_is_missing(tmp_path: Path) -> None:
    ended = run_tests_of_redis(tmp_path, "postgres")
    assert ended.returncode == 1, ended.stdout
    assert "`redis-server` is missing, and this test needs it" in ended.stdout
    assert " passed" not in ended.stdout
    assert not (tmp_path / "record").exists()


def test_each_excused_test_is_on_record(tmp_path: Path) -> None:
    ended = run_tests_of_redis(tmp_path, "podman, redis-server")
    assert ended.returncode == 0, ended.stdout
    record = [json.loads(line) for line in (tmp_path / "record").read_text().splitlines()]
    assert [it["needs"] for it in record] == ["redis-server", "redis-server"]
    assert all(it["test"].startswith(f"{TESTS}::test_what_") for it in record)
