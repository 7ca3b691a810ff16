"""What the domain is handed by the other rooms."""

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

Vectors = npt.NDArray[np.float32]
# Says whether somebody still waits for an answer; asked between the steps of a long computation.
Wanted = Callable[[], bool]


class Encoder(Protocol):
    """Turns texts into unit vectors; a text's vector does not depend on its neighbours."""

    def encode(self, texts: Sequence[str]) -> Vectors: ...

    def is_word(self, word: str) -> bool:
        """Whether the model knows it as one word; what it knows in pieces may be misspelt."""
        ...


class EstimateCache(Protocol):
    """Keeps what was answered to a text."""

    async def recall(self, text: str) -> bytes | None: ...

    async def remember(self, text: str, answer: bytes) -> None: ...
