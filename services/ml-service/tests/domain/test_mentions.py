import pytest

from nutri_ml.domain.mentions import Splitter

SPLITTER = Splitter(["macaroni and cheese", "gin and tonic", "pb&j", "corn on the cob", "toast"])


@pytest.mark.parametrize(
    ("text", "mentions"),
    [
        ("two eggs and a slice of toast", ["two eggs", "a slice of toast"]),
        ("rice, beans; peas\nham", ["rice", "beans", "peas", "ham"]),
        ("eggs on toast with ham", ["eggs", "toast", "ham"]),
        ("macaroni and cheese and peas", ["macaroni and cheese", "peas"]),
        ("two Gin and Tonics", ["two Gin and Tonics"]),
        ("pb&j & milk", ["pb&j", "milk"]),
        ("corn on the cob", ["corn on the cob"]),
        ("one and a half cups of rice", ["one and a half cups of rice"]),
        ("2 and 1/2 cups rice and peas", ["2 and 1/2 cups rice", "peas"]),
        ("1,5 l milk, ham", ["1,5 l milk", "ham"]),
        ("Had eggs. Then ham.", ["Had eggs", "ham"]),
        ("1½ cups", ["1 1/2 cups"]),
        ("1⅞ cups", ["1 7/8 cups"]),
        ("3⅖ cups", ["3 2/5 cups"]),
        ("without sugar", []),
        ("eggs: 2", ["eggs", "2"]),
        ("rice/beans w/ cheese", ["rice", "beans", "cheese"]),
        ("ham and pickle sandwich", ["ham and pickle sandwich"]),
        ("soup and ham sandwich", ["soup", "ham sandwich"]),
        ("a splash of milk in black coffee", ["a splash of milk", "black coffee"]),
        ("one hundred and twenty grams of rice", ["one hundred and twenty grams of rice"]),
        ("1. eggs 2. toast", ["eggs", "toast"]),
        (" , and , ", []),
    ],
)
def test_a_text_is_cut_into_mentions(text: str, mentions: list[str]) -> None:
    assert [piece.text for piece in SPLITTER.split(text)] == mentions


def test_without_names_to_protect_every_separator_cuts() -> None:
    assert [piece.text for piece in Splitter([]).split("gin and tonic")] == ["gin", "tonic"]
