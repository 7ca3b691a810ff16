import numpy as np
import pytest

from nutri_ml.model.encoder import MiniLmEncoder


def test_vectors_have_length_one(encoder: MiniLmEncoder) -> None:
    vectors = encoder.encode(["egg", "a slice of toast", "x" * 5000, ""])
    assert vectors.shape == (4, 384)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(4), abs=1e-5)


def test_a_text_is_nearer_to_its_meaning_than_to_its_spelling(encoder: MiniLmEncoder) -> None:
    maize, corn, maze = encoder.encode(["maize", "corn", "maze"])
    assert maize @ corn > maize @ maze


def test_a_vector_does_not_depend_on_neighbours(encoder: MiniLmEncoder) -> None:
    alone = encoder.encode(["egg"])[0]
    among = encoder.encode(["egg", "a much longer text about something else entirely"])[0]
    assert np.array_equal(alone, among)


def test_vectors_are_the_same_every_time(encoder: MiniLmEncoder) -> None:
    texts = [f"{n} boiled eggs with toast" for n in range(20)]
    assert np.array_equal(encoder.encode(texts), encoder.encode(texts))
