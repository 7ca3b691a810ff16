import re

import pytest

from nutri_ml.domain.noise import without_noise, without_story, without_what_was_not_eaten

NEVER = re.compile("(?!)")


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("10:30 am coffee", "coffee"),
        ("eggs at 7pm", "eggs"),
        ("a banana at 7", "a banana"),
        ("pizza at 8 in the evening, salad", "pizza in the evening, salad"),
        ("eggs at 7, tea", "eggs , tea"),
        ("eggs at 7 each", "eggs at 7 each"),
        ("rice at 1.5 cups", "rice at 1.5 cups"),
        ("rice @ 15:00", "rice"),
        ("350 kcal yoghurt", "yoghurt"),
        ("bar (210 calories)", "bar ( )"),
        ("grapes, 150 cal", "grapes,"),
        ("£3.50 sandwich", "sandwich"),
        ("5k run", ""),
        ("30 min yoga", "yoga"),
        ("70% dark chocolate", "dark chocolate"),
        ("2% milk", "2% milk"),
        ("20g protein bar", "protein bar"),
        ("30 g protein powder", "30 g protein powder"),
        ("2024-03-01 ham", "ham"),
        ("#cheatday pizza", "pizza"),
        ("200 g rice", "200 g rice"),
        ("1.5 l water", "1.5 l water"),
        ("lunch 12.30 ham sandwich", "lunch ham sandwich"),
        ("Dinner: 19.45 salmon", "Dinner: salmon"),
        ("8.15 porridge", "porridge"),
        ("8.15 g salt", "8.15 g salt"),
        ("12.50 ml of rum", "12.50 ml of rum"),
        ("1.50 pizza", "1.50 pizza"),
        ("eggs 8.15", "eggs 8.15"),
        ("2 for 1 pizza", "pizza"),
        ("level 3 chicken curry", "chicken curry"),
        ("5 guys burger", "burger"),
    ],
)
def test_what_is_no_amount_is_blanked_out(text: str, left: str) -> None:
    found = without_noise(text)
    assert len(found) == len(text)
    assert " ".join(found.split()) == left


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("coffee without sugar", "coffee"),
        ("salad, no dressing, no croutons", "salad, ,"),
        ("burger without cheese and fries", "burger and fries"),
        ("instead of chips I had carrots", "I had carrots"),
        ("a steak, didn't have the fries", "a steak,"),
        ("never touched the bacon but ate eggs", "but ate eggs"),
        ("pizza minus the pepperoni", "pizza"),
        ("gluten-free bread", "bread"),
    ],
)
def test_what_was_not_eaten_is_blanked_out(text: str, left: str) -> None:
    found = without_what_was_not_eaten(text, NEVER)
    assert len(found) == len(text)
    assert " ".join(found.split()) == left


def test_a_name_that_says_what_it_is_free_of_stays() -> None:
    name = re.compile("fat-free milk")
    assert without_what_was_not_eaten("fat-free milk", name) == "fat-free milk"


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("for lunch today I had a tuna sandwich from the shop", "a tuna sandwich"),
        ("so we grabbed pizza after work", "pizza"),
        ("after my run banana", "banana"),
    ],
)
def test_what_is_told_around_a_food_is_blanked_out(text: str, left: str) -> None:
    assert " ".join(without_story(text).split()) == left
