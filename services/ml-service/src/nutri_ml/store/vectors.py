"""Reads the vectors of all food names, which are shipped with the table that they belong to.

Encoding them takes seconds of processor at every start. The file says which table and which model
it was made of: with others it is refused, and never made anew, for a release whose parts do not
fit together must not become ready.

Its form: one line of JSON, then the rows as 16-bit floats, little-endian.
"""

import hashlib
import json
from collections.abc import Mapping
from importlib.resources import files

import numpy as np

from nutri_ml.domain.ports import Vectors

VERSION = 1
FILE = "food_vectors.bin"
HINT = "run tools/build_food_vectors.py and commit what it writes"


class VectorsError(Exception):
    """The vectors are missing, spoilt, or those of another table or model."""

    def __init__(self, problem: str) -> None:
        super().__init__(f"cannot use `{FILE}`: {problem}\n  hint: {HINT}")


def read_food_vectors(made_of: Mapping[str, str]) -> Vectors:
    try:
        content = files("nutri_ml").joinpath("data", FILE).read_bytes()
    except OSError as cause:
        raise VectorsError(f"it cannot be read: {cause.strerror}") from cause
    return unpack(content, made_of)


def pack(vectors: Vectors, made_of: Mapping[str, str]) -> bytes:
    rows = vectors.astype("<f2").tobytes()
    head = {"columns": vectors.shape[1], **_head(made_of, rows)}
    return json.dumps(head, sort_keys=True).encode() + b"\n" + rows


def unpack(content: bytes, made_of: Mapping[str, str]) -> Vectors:
    line, _, rows = content.partition(b"\n")
    try:
        head = json.loads(line)
        columns = int(head.pop("columns"))
    except (ValueError, TypeError, KeyError, AttributeError) as cause:
        raise VectorsError("its first line is not as agreed") from cause
    for name, wanted in _head(made_of, rows).items():
        if head.get(name) != wanted:
            raise VectorsError(f"`{name}` is {head.get(name)}, wanted {wanted}")
    vectors = np.frombuffer(rows, dtype="<f2").reshape(-1, columns).astype(np.float32)
    unit: Vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return unit


def _head(made_of: Mapping[str, str], rows: bytes) -> dict[str, str | int]:
    return {"version": VERSION, "rows": hashlib.sha256(rows).hexdigest(), **made_of}
