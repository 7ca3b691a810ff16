"""The document that clients read is kept as expected output.

After a wanted change: UPDATE_EXPECTED=1 pytest tests/http/test_openapi.py
"""

import json
import os
from pathlib import Path

from starlette.testclient import TestClient

EXPECTED = Path(__file__).parent.parent / "data" / "openapi.json"


def test_the_openapi_document_is_the_expected_one(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    text = json.dumps(document, indent=2, sort_keys=True) + "\n"
    if os.environ.get("UPDATE_EXPECTED"):
        EXPECTED.write_text(text)
    assert text == EXPECTED.read_text()
