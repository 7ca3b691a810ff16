import json

import numpy as np
import pytest

from nutri_ml.domain.food import FoodTable
from nutri_ml.domain.matching import encode_names
from nutri_ml.loading import made_of
from nutri_ml.model.encoder import MiniLmEncoder
from nutri_ml.store import vectors
from nutri_ml.store.vectors import VectorsError, pack, read_food_vectors, unpack

MADE_OF = {"table": "aa", "model.onnx": "bb"}
ROWS = np.array([[1, 0], [0.6, 0.8]], dtype=np.float32)


def test_the_committed_vectors_are_those_of_table_and_model(
    table: FoodTable, encoder: MiniLmEncoder
) -> None:
    """Processors multiply 8-bit numbers a little differently; another name's vector is far off."""
    kept, made = read_food_vectors(made_of(table)), encode_names(table, encoder)
    assert kept.shape == made.shape
    likeness = (kept * made).sum(axis=1)
    assert likeness.min() >= 0.97
    assert likeness.mean() >= 0.99


def test_what_was_packed_is_unpacked() -> None:
    assert unpack(pack(ROWS, MADE_OF), MADE_OF) == pytest.approx(ROWS, abs=1e-3)


@pytest.mark.parametrize("name", MADE_OF)
def test_vectors_of_another_table_or_model_are_refused(name: str) -> None:
    content = pack(ROWS, {**MADE_OF, name: "cc"})
    with pytest.raises(VectorsError, match=f"`{name}` is cc, wanted {MADE_OF[name]}"):
        unpack(content, MADE_OF)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n",
        b"[]\n",
        b"{}\n",
        pack(ROWS, MADE_OF)[:-1],
        pack(ROWS, MADE_OF)[:-1] + b"x",
        pack(ROWS, MADE_OF).replace(json.dumps({"version": 1})[1:-1].encode(), b'"version": 2'),
    ],
)
def test_spoilt_vectors_are_refused(content: bytes) -> None:
    with pytest.raises(VectorsError, match=r"build_food_vectors\.py"):
        unpack(content, MADE_OF)


def test_missing_vectors_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vectors, "FILE", "no-such-file")
    with pytest.raises(VectorsError, match="it cannot be read: No such file"):
        read_food_vectors(MADE_OF)
