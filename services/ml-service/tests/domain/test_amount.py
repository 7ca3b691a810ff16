import pytest

from nutri_ml.domain.amount import Amount, Kind, read_amount
from nutri_ml.domain.numerals import with_digits

COUNT, GRAMS, ML, HOUSE = Kind.COUNT, Kind.GRAMS, Kind.MILLILITRES, Kind.HOUSEHOLD


@pytest.mark.parametrize(
    ("mention", "amount", "rest"),
    [
        ("two eggs", Amount(2, COUNT), "eggs"),
        ("half an avocado", Amount(0.5, COUNT), "avocado"),
        ("half a banana", Amount(0.5, COUNT), "banana"),
        ("half a dozen eggs", Amount(6, COUNT), "eggs"),
        ("a couple of oreos", Amount(2, COUNT), "oreos"),
        ("200 g of rice", Amount(200, GRAMS), "rice"),
        ("200g rice", Amount(200, GRAMS), "rice"),
        ("rice 200g", Amount(200, GRAMS), "rice"),
        ("0.5 kg potatoes", Amount(500, GRAMS), "potatoes"),
        ("1,5 kg potatoes", Amount(1500, GRAMS), "potatoes"),
        ("1,000 g potatoes", Amount(1000, GRAMS), "potatoes"),
        ("4 oz cheese", Amount(113.4, GRAMS, "oz"), "cheese"),
        ("330 ml cola", Amount(330, ML), "cola"),
        ("2 fl oz cream", Amount(59.14, ML), "cream"),
        ("1 cup rice", Amount(1, HOUSE, "cup"), "rice"),
        ("a slice of toast", Amount(1, HOUSE, "slice"), "toast"),
        ("a glass of milk", Amount(1, HOUSE, "glass"), "milk"),
        ("glass of milk", Amount(1, HOUSE, "glass"), "milk"),
        ("1/2 cup oats", Amount(0.5, HOUSE, "cup"), "oats"),
        ("1 1/2 tbsp honey", Amount(1.5, HOUSE, "tbsp"), "honey"),
        ("one and a half cups of rice", Amount(1.5, HOUSE, "cup"), "rice"),
        ("half a cup of rice", Amount(0.5, HOUSE, "cup"), "rice"),
        ("three quarters of a cup of oats", Amount(0.75, HOUSE, "cup"), "oats"),
        ("2-3 slices of ham", Amount(2.5, HOUSE, "slice"), "ham"),
        ("2 to 3 apples", Amount(2.5, COUNT), "apples"),
        ("3 x 30 g cheese", Amount(90, GRAMS), "cheese"),
        ("2 large slices of ham", Amount(2, HOUSE, "slice", "large"), "ham"),
        ("a small apple", Amount(1, COUNT, size="small"), "apple"),
        ("two chicken fillets", Amount(2, HOUSE, "fillet"), "chicken"),
        ("toast", Amount(1, Kind.UNSAID), "toast"),
        ("2% milk", Amount(1, Kind.UNSAID), "2% milk"),
        ("7up", Amount(1, Kind.UNSAID), "7up"),
        ("double cream", Amount(1, Kind.UNSAID), "double cream"),
        ("2x eggs", Amount(2, COUNT), "eggs"),
        ("eggs x3", Amount(3, COUNT), "eggs"),
        ("x2 bananas", Amount(2, COUNT), "bananas"),
        ("12 x prawns", Amount(12, COUNT), "prawns"),
        ("twenty five grapes", Amount(25, COUNT), "grapes"),
        ("one hundred grams of rice", Amount(100, GRAMS), "rice"),
        ("1 & 1/2 bagels", Amount(1.5, COUNT), "bagels"),
        ("two thirds of a mango", Amount(2 / 3, COUNT), "mango"),
        ("4 squares of chocolate", Amount(4, HOUSE, "square"), "chocolate"),
        ("12 oz can of cola", Amount(340.2, GRAMS, "oz"), "cola"),
        ("2 cans of cola (330 ml)", Amount(660, ML), "cola ( )"),
        ("2 slices of ham 60 g", Amount(60, GRAMS), "ham"),
        ("2 slices of a pizza", Amount(2, HOUSE, "slice"), "pizza"),
        ("a pot noodle", Amount(1, COUNT), "pot noodle"),
        ("big mac", Amount(1, Kind.UNSAID), "big mac"),
        ("a can of 7up", Amount(1, HOUSE, "can"), "7up"),
    ],
)
def test_the_amount_is_taken_out_of_the_words(mention: str, amount: Amount, rest: str) -> None:
    found, left = read_amount(with_digits(mention))
    assert found.quantity == pytest.approx(amount.quantity)
    assert (found.kind, found.measure, found.size) == (amount.kind, amount.measure, amount.size)
    assert " ".join(left.split()) == rest


@pytest.mark.parametrize(
    "mention", ["", "1/0 cup", "½", "999999999999 eggs", "- - -", "of of", "x"]
)
def test_odd_texts_are_read_without_a_fault(mention: str) -> None:
    found, _ = read_amount(mention)
    assert found.quantity >= 0
