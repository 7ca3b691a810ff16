"""Rooms and doors: which room may import which, read from the sources themselves."""

import ast
from pathlib import Path

import pytest

SOURCES = Path(__file__).parents[1] / "src" / "nutri_ml"
CLOSED = {
    "domain": ("nutri_ml.http", "nutri_ml.store", "nutri_ml.model", "fastapi", "redis", "psycopg"),
    "store": ("nutri_ml.http", "nutri_ml.model", "fastapi"),
    "model": ("nutri_ml.http", "nutri_ml.store", "fastapi"),
    "http": ("nutri_ml.store", "psycopg", "redis", "onnxruntime"),
}


def imports_of(path: Path) -> set[str]:
    tree = ast.parse(path.read_text())
    names = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    plain = (node for node in ast.walk(tree) if isinstance(node, ast.Import))
    return names | {alias.name for node in plain for alias in node.names}


@pytest.mark.parametrize("room", CLOSED)
def test_a_room_imports_no_room_that_is_closed_to_it(room: str) -> None:
    strays = [
        (path.name, name)
        for path in (SOURCES / room).glob("*.py")
        for name in imports_of(path)
        if name.startswith(CLOSED[room])
    ]
    assert strays == []


@pytest.mark.parametrize("path", sorted(SOURCES.rglob("*.py")), ids=lambda path: path.name)
def test_a_module_opens_with_its_purpose_and_stays_small(path: Path) -> None:
    text = path.read_text()
    assert ast.get_docstring(ast.parse(text))
    assert len(text.splitlines()) <= 400


def test_only_settings_reads_the_environment() -> None:
    readers = [p.name for p in SOURCES.rglob("*.py") if "os.environ" in p.read_text()]
    assert readers == []
