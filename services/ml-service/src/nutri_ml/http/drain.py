"""Whether the service is on its way out. One side sets it, once; health and responses read it."""


class Drain:
    """Once started, it does not end."""

    def __init__(self) -> None:
        self._draining = False

    @property
    def draining(self) -> bool:
        return self._draining

    def start(self) -> None:
        self._draining = True
