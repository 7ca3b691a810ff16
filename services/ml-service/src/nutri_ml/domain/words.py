"""Words of a mention: lowercase, singular, without those that say nothing about the food."""

import re

WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?|%")

# Words of a diary rather than of a dish; "with" and "and" are gone by then.
FILLERS = frozenset(
    """a about after afternoon also an any approximately around ate at bit breakfast cooked couple
    delicious dinner drank drink during enjoyed evening extra for fresh from had has have having
    homemade i i'd i've it just leftover little lot lots lunch maybe me meal midday morning my nice
    of on organic our plain plus roughly serving side small snack some supper tasty that the then
    there this to today tonight total was we we've well went which yesterday yummy""".split()
)
# A dropped thing: "coffee without sugar" is coffee.
WITHOUT = re.compile(r"\b(?:without|no|minus)\s+(?:any\s+|added\s+)?[^\W\d_]+", re.IGNORECASE)

IRREGULAR = {"loaves": "loaf", "leaves": "leaf", "halves": "half", "knives": "knife"}
UNCHANGED_ENDINGS = ("ss", "us", "is", "ous")


def singular(word: str) -> str:
    """Makes English plurals of food words singular; a little too eager is harmless."""
    if word in IRREGULAR:
        return IRREGULAR[word]
    if len(word) <= 3 or word.endswith(UNCHANGED_ENDINGS) or not word.endswith("s"):
        return word
    if word.endswith("ies"):
        return word[:-3] + "y"
    if word.endswith(("oes", "ches", "shes", "sses", "xes")):
        return word[:-2]
    return word[:-1]


def split_words(text: str) -> list[str]:
    return WORD.findall(text.lower().replace("’", "'"))


def food_words(text: str) -> str:
    """Keeps the words that name the food, in their order and as they were written."""
    kept = [word for word in split_words(WITHOUT.sub(" ", text)) if word not in FILLERS]
    return " ".join(kept)


def normal_form(phrase: str) -> str:
    """Makes phrases that mean the same word by word equal: order and plurals do not count."""
    return " ".join(sorted(singular(word) for word in split_words(phrase)))
