"""all-MiniLM-L6-v2 in int8: texts in, unit vectors out."""

from collections.abc import Sequence

import numpy as np
from tokenizers import Tokenizer

from nutri_ml.domain.ports import Vectors
from nutri_ml.model.runtime import load_runtime

MODEL_NAME = "all-MiniLM-L6-v2-int8"
TOKENS_MAX = 128


class MiniLmEncoder:
    """Encodes texts one by one, in the thread that asks: no asker waits behind another's texts.

    The weights are quantised dynamically: the scale of a batch depends on all of its texts, so a
    text's vector would depend on its neighbours. Alone, it is the same every time.
    """

    def __init__(self, weights: bytes, tokenizer: bytes) -> None:
        ort = load_runtime()
        options = ort.SessionOptions()
        # Threads work on different meals; one short text is too little work to be shared.
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        self._session = ort.InferenceSession(weights, options, providers=["CPUExecutionProvider"])
        self._inputs = {node.name for node in self._session.get_inputs()}
        self._tokenizer = Tokenizer.from_str(tokenizer.decode())
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(TOKENS_MAX)
        self._words = frozenset(self._tokenizer.get_vocab())

    def encode(self, texts: Sequence[str]) -> Vectors:
        return np.vstack([self._encode_one(text) for text in texts])

    def is_word(self, word: str) -> bool:
        return word in self._words

    def _encode_one(self, text: str) -> Vectors:
        encoding = self._tokenizer.encode(text)
        mask = np.array([encoding.attention_mask], dtype=np.int64)
        feeds = {
            "input_ids": np.array([encoding.ids], dtype=np.int64),
            "attention_mask": mask,
            "token_type_ids": np.array([encoding.type_ids], dtype=np.int64),
        }
        feeds = {name: value for name, value in feeds.items() if name in self._inputs}
        tokens, *_ = self._session.run(None, feeds)
        return _unit(_mean(tokens[0], mask[0]))


def _mean(tokens: Vectors, mask: np.ndarray[tuple[int], np.dtype[np.int64]]) -> Vectors:
    weights = mask[:, None].astype(np.float32)
    mean: Vectors = (tokens * weights).sum(axis=0) / weights.sum()
    return mean


def _unit(vector: Vectors) -> Vectors:
    unit: Vectors = (vector / np.linalg.norm(vector)).astype(np.float32)
    return unit
