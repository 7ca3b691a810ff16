from pathlib import Path

import pytest

from tools.build_food_table import Measure, Row, build, name_portions, parse_measure


@pytest.mark.parametrize(
    ("grams", "words", "measures"),
    [
        ("244", "1 cup", [Measure("cup", 244)]),
        ("126", ".5 cup, sliced", [Measure("cup, sliced", 252)]),
        ("36", "10 gumdrops", [Measure("gumdrops", 3.6)]),
        ("0", "1 cup", []),
        ("5", None, []),
        ("5", "", []),
    ],
)
def test_a_household_measure_is_the_weight_of_one(
    grams: str, words: str | None, measures: list[Measure]
) -> None:
    assert list(parse_measure(grams, words)) == measures


def test_what_stands_in_brackets_is_a_measure_too() -> None:
    cup, egg = parse_measure("243", "1 cup,  (4.86 large eggs)")
    assert (cup.grams, egg.words) == (243, "large eggs")
    assert egg.grams == pytest.approx(50)


def test_a_weight_that_usda_gives_is_told_from_a_house_rule() -> None:
    measures = (Measure("slice", 28.0), Measure("cup, cubes", 35.0))
    assert (
        name_portions("slice=28,serving=60", measures)
        == "slice:28:usda|serving:60:house|cup:35:usda"
    )


def test_nutrients_come_from_the_named_row(tmp_path: Path) -> None:
    selection = tmp_path / "selection.csv"
    selection.write_text("name;synonyms;kind;source;portions\nBig egg;;drink;sr:1;each=50\n")
    table = build(selection, {"sr:1": Row((143.0, 12.6, 0.7, 9.5, 0.0), ())})
    assert (
        table.splitlines()[1] == "big-egg,Big egg,,drink,143,12.6,0.7,9.5,0,each:50:house,usda-sr:1"
    )


def test_a_source_that_is_not_there_is_refused(tmp_path: Path) -> None:
    selection = tmp_path / "selection.csv"
    selection.write_text("name;synonyms;kind;source;portions\nghost;;;sr:0;each=1\n")
    with pytest.raises(SystemExit, match="no such source: \\['sr:0'\\]"):
        build(selection, {})
