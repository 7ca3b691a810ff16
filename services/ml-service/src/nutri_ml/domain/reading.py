"""From a text to what it speaks of: how much of which food, in the words of the kitchen."""

import re
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

from nutri_ml.domain.amount import GRAMS, HOUSEHOLD, MILLILITRES, SIZES, Amount, Kind, take_amount
from nutri_ml.domain.emoji import FOOD, PICTURE, is_food, said
from nutri_ml.domain.mentions import EDGES, Piece, Splitter, tidy, trimmed
from nutri_ml.domain.noise import LEFT_OUT, SENTENCE_END, without_story
from nutri_ml.domain.spelling import Speller
from nutri_ml.domain.words import FILLERS, MANNERS, food_words, normal_form, stems

JOINED = frozenset({"with", "w/", "w", "in"})
_NEXT_NUMBER = re.compile(r"(?<=[^\W\d_])\s+(?=\d)")
# "eggs bacon toast" are three foods; "ham egg sandwich" is a dish, and so is most of what has two.
LISTED_MIN = 3
NAME_WORDS_MAX = 5
LISTED_WORDS_MAX = 20
# An amount has at most two: "2 x 30 g cheese".
NUMBERS_AHEAD = 2
# Numbers in a row that count no food of their own; what follows them is no list.
UNCUT_MAX = 12
BAGGED = frozenset(("chips", measure) for measure in ("bag", "handful", "box"))
# "coffee, black": how the food before it was taken.
LONE = frozenset({"black", "white", "dry", "neat", "sweet", "medium rare", "rare"})
DISHES = frozenset(
    """bagel bake bowl bread burger burrito cake casserole cookie curry drink juice lasagne muffin
    noodle omelette pasta pie pizza pudding roll salad sandwich sauce shake smoothie soup stew taco
    tart toastie wrap""".split()
)
_UNSAID = Amount(1.0, Kind.UNSAID)


@dataclass(frozen=True, slots=True)
class Mention:
    """One stretch of the text: as written, how much, and the words that name the food.

    No words are a picture that we have no name for. `beside` says that it came with the one before,
    `drawn` that it is a picture beside words, which may say the same once more, and `left_out` that
    the same sentence says that it was not eaten.
    """

    text: str
    amount: Amount
    food_words: str
    beside: bool = False
    drawn: bool = False
    left_out: bool = False


class LeftOut:
    """What a text says was not eaten of all that it names: "everything but the rice".

    It speaks of its own sentence: who left the rice of lunch may have had some for dinner.
    """

    def __init__(self, text: str) -> None:
        self._ends = [match.start() for match in SENTENCE_END.finditer(text)]
        self._foods = {
            (self._sentence(match.start()), normal_form(food_words(match["food"])))
            for match in LEFT_OUT.finditer(text)
        }

    def _sentence(self, place: int) -> int:
        return bisect_left(self._ends, place)

    def marked(self, mention: Mention, place: int) -> Mention:
        food = normal_form(mention.food_words)
        return replace(mention, left_out=(self._sentence(place), food) in self._foods)


class Reader:
    """Reads texts with the names that the food table knows."""

    def __init__(self, phrases: Iterable[str], is_word: Callable[[str], bool]) -> None:
        phrases = list(phrases)
        measures = (word for names in (GRAMS, MILLILITRES, HOUSEHOLD, SIZES) for word in names)
        self._splitter = Splitter(phrases)
        self._speller = Speller(phrases, measures, is_word)
        self._forms = frozenset(map(normal_form, phrases))
        words = {word for phrase in phrases for word in stems(phrase)}
        self._food_words = words - FILLERS - MANNERS

    def read(self, text: str) -> list[Mention]:
        """Splits a text; stretches without a food word ("for lunch I had") say nothing."""
        read: list[Mention] = []
        heading: Mention | None = None
        left_out = LeftOut(tidy(text))
        for piece in self._splitter.split(text):
            found = [left_out.marked(it, piece.at) for it in self._mentions(piece)]
            if not found:
                heading = self._say_later(read, piece)
                continue
            if piece.joint == ":" and heading is not None and read and read[-1] is heading:
                # "dinner: salmon", "sushi: 6 california rolls" — what it is, not one more food.
                read.pop()
            read.extend(found)
            heading = found[0] if len(found) == 1 and found[0].amount.kind is Kind.UNSAID else None
        return _in_company([it for it in read if not it.left_out])

    def _say_later(self, read: list[Mention], piece: Piece) -> Mention | None:
        """Gives "salmon, 150 g" its amount: the comma stood between a food and how much of it."""
        amount, before, after = take_amount(self._speller.mend(piece.reading))
        said_alone = not before.strip(EDGES) and not after.strip(EDGES)
        if not read or amount.kind is Kind.UNSAID or not said_alone:
            return None
        if read[-1].amount.kind is Kind.UNSAID:
            text = f"{read[-1].text}{piece.lead}{piece.text}"
            read[-1] = replace(read[-1], text=text, amount=amount)
        return None

    def _mentions(self, piece: Piece) -> Iterator[Mention]:
        beside = piece.joint in JOINED
        pictures = [match for match in FOOD.finditer(piece.reading) if is_food(match["one"])]
        spoken = list(self._spoken(piece))
        if not pictures or spoken:
            yield from (replace(mention, beside=beside) for mention in spoken)
            for match in pictures:
                yield self._drawn(match, match[0], drawn=True)
        elif len(pictures) == 1:
            (match,) = pictures
            around = f"{piece.reading[: match.start()]}{said(match)}{piece.reading[match.end() :]}"
            yield replace(self._drawn(match, around), text=piece.text, beside=beside)
        else:
            yield from (self._drawn(match, said(match)) for match in pictures)

    def _drawn(self, match: re.Match[str], reading: str, drawn: bool = False) -> Mention:
        reading = said(match) if drawn else reading
        amount, before, after = take_amount(PICTURE.sub(" ", reading))
        drawn = drawn or amount.kind is Kind.UNSAID
        return Mention(match[0], amount, food_words(f"{before} {after}"), drawn=drawn)

    def _spoken(self, piece: Piece) -> Iterator[Mention]:
        """What is said in words, one mention for each amount that has a name of its own."""
        words = self._speller.mend(without_story(PICTURE.sub(" ", piece.reading)))
        parts = self._parts(words)
        text = " ".join(PICTURE.sub(" ", piece.text).split())
        for part in parts:
            yield from self._part(part, trimmed(text) if len(parts) == 1 else trimmed(part))

    def _parts(self, words: str) -> list[str]:
        """Cuts "2 eggs 2 toast" before its second number."""
        places = [(m.start(), m.end()) for m in _NEXT_NUMBER.finditer(words)]
        ends = [start for start, _ in places] + [len(words)] * NUMBERS_AHEAD
        parts: list[str] = []
        begin = uncut = 0
        for number, (end, after) in enumerate(places):
            if uncut == UNCUT_MAX:
                break
            uncut += 1
            ahead = {words[after : ends[number + more]] for more in range(1, NUMBERS_AHEAD + 1)}
            if self._is_counted(words[begin:end]) and any(map(self._is_counted, ahead)):
                parts.append(words[begin:end])
                begin, uncut = after, 0
        return [*parts, words[begin:]]

    def _is_counted(self, words: str) -> bool:
        amount, before, after = take_amount(words)
        return amount.kind is not Kind.UNSAID and not food_words(before) and self._names(after)

    def _names(self, words: str) -> bool:
        return any(stem in self._food_words for stem in stems(food_words(words)))

    def _part(self, words: str, text: str) -> Iterator[Mention]:
        amount, before, after = take_amount(words)
        first, second = food_words(before), food_words(after)
        if first and second and self._is_name(first) and self._is_name(second):
            yield Mention(before.strip(EDGES), _UNSAID, first)
            yield Mention(text, amount, second)
            return
        if amount.quantity == 0:
            return
        if second and not self._names(first):
            # "felt like treating myself to | a | snickers"
            first = ""
        name = self._speller.mend_name(" ".join(filter(None, (first, second))))
        words_of_name = name.split()
        is_list = LISTED_MIN <= len(words_of_name) <= LISTED_WORDS_MAX and not self._is_name(name)
        listed = self._names_in(words_of_name) if is_list else []
        if amount.kind is Kind.UNSAID and len(listed) >= LISTED_MIN and not _is_dish(name):
            yield from (Mention(one, amount, one) for one in listed)
        elif any(letter.isalpha() for letter in name):
            yield Mention(text, amount, name)

    def _is_name(self, words: str) -> bool:
        return normal_form(words) in self._forms

    def _names_in(self, words: list[str]) -> list[str]:
        """Cuts words into names, the longest first; nothing if something else is left."""
        if not words:
            return []
        for end in range(min(len(words), NAME_WORDS_MAX), 0, -1):
            name = " ".join(words[:end])
            if self._is_name(name):
                rest = self._names_in(words[end:])
                return [name, *rest] if rest or end == len(words) else []
        return []


def _in_company(read: list[Mention]) -> list[Mention]:
    """The fish of "fish and chips" comes in batter, and chips that come in a bag are crisps."""
    read = [
        (
            replace(it, food_words="potato chips")
            if (it.food_words, it.amount.measure) in BAGGED
            else it
        )
        for it in read
        if it.food_words not in LONE
    ]
    for place, (mention, after) in enumerate(pairwise(read)):
        if (mention.food_words, after.food_words) == ("fish", "chips"):
            read[place] = replace(mention, food_words="battered fish")
    return read


def _is_dish(words: str) -> bool:
    return stems(words)[-1] in DISHES
