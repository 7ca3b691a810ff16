"""What a test needs of its machine. What is missing fails the test, unless XTASK_TESTS_WITHOUT
names it; then the test is left out, and on record in the file that XTASK_TESTS_NOT_RUN names.
"""

import json
import os
import re
from pathlib import Path

import pytest

MISSING = re.compile(r"`(.+)` is missing")


def required(name: str, found: str | None) -> str:
    """What was found; ends the test where nothing was."""
    if found is not None:
        return found
    without = os.environ.get("XTASK_TESTS_WITHOUT", "").split(",")
    if name in (word.strip() for word in without):
        pytest.skip(f"`{name}` is missing")
    pytest.fail(
        f"`{name}` is missing, and this test needs it\n  hint: install it, or set "
        f"XTASK_TESTS_WITHOUT={name}: the test is then on record as one that did not run"
    )


def put_on_record(report: pytest.TestReport) -> None:
    """Every test that is left out is on record, whoever left it out."""
    record = os.environ.get("XTASK_TESTS_NOT_RUN")
    if not record or not report.skipped:
        return
    reason = str(report.longrepr[2]) if isinstance(report.longrepr, tuple) else "no reason"
    missing = MISSING.search(reason)
    line = json.dumps({"test": report.nodeid, "needs": missing[1] if missing else reason})
    with Path(record).open("a", encoding="utf-8") as file:
        file.write(f"{line}\n")
