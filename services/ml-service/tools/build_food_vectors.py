"""Writes the vectors of all food names: after a change of the table, the model or its runtime.

PYTHONPATH=src:. python tools/build_food_vectors.py
"""

from pathlib import Path

import nutri_ml
from nutri_ml.domain.matching import encode_names
from nutri_ml.loading import made_of, open_encoder
from nutri_ml.store.foods import read_food_table
from nutri_ml.store.vectors import FILE, pack


def main() -> None:
    table = read_food_table()
    content = pack(encode_names(table, open_encoder(None)), made_of(table))
    (Path(nutri_ml.__file__).parent / "data" / FILE).write_bytes(content)


if __name__ == "__main__":
    main()
