from collections.abc import Sequence

import pytest

from nutri_ml import loading
from nutri_ml.domain.ports import Vectors
from nutri_ml.loading import build_estimator
from nutri_ml.model.encoder import MiniLmEncoder
from nutri_ml.store.vectors import VectorsError


def test_nothing_is_encoded_at_start(monkeypatch: pytest.MonkeyPatch) -> None:
    encoded: list[str] = []
    encode = MiniLmEncoder.encode

    def encode_counted(self: MiniLmEncoder, texts: Sequence[str]) -> Vectors:
        encoded.extend(texts)
        return encode(self, texts)

    monkeypatch.setattr(MiniLmEncoder, "encode", encode_counted)
    estimator = build_estimator(None)
    assert encoded == []
    assert estimator.estimate("an apple").items[0].food.id == "apple"
    assert encoded == ["apple"]


def test_the_probe_runs_the_model_however_often_it_was_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    estimator = build_estimator(None)
    estimator.probe("an apple")

    def broken(self: MiniLmEncoder, texts: Sequence[str]) -> Vectors:
        raise RuntimeError("the session is gone")

    monkeypatch.setattr(MiniLmEncoder, "encode", broken)
    with pytest.raises(RuntimeError, match="the session is gone"):
        estimator.probe("an apple")


def test_vectors_of_other_weights_keep_it_from_being_built(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loading, "made_of", lambda table: {"table": table.digest, "model": "x"})
    with pytest.raises(VectorsError, match="`model` is None, wanted x"):
        build_estimator(None)
