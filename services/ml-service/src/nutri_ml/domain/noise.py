"""What a meal text holds beside the meal: times, calories, prices, and what was not eaten.

Each is blanked out, so that a text keeps its length and no number of it is taken for an amount.
"""

import re

_NUMBER = r"\d+(?:[.,]\d+)?"
NOISE = re.compile(
    rf"""(?<![\w.])(?:(?:at|@|around|about|by)\s*)?(?:
        \d{{1,2}}:\d{{2}}(?:\s*[ap]\.?m\b\.?)?(?!\d)
      | \d{{1,2}}(?:[.:h]\d{{2}})?\s*[ap]\.?m\b\.?
      | \d{{1,2}}\s*-?ish\b | \d{{1,2}}\s*o['’]?clock\b | \d{{1,2}}h\d{{2}}\b
    )
    | (?<![\w.])(?:at|@)\s*\d{{1,2}}
      (?=\s*(?:$|[;)\n]|[.,](?!\d)|(?:in\s+the|this|tonight|and|then)\b))
    | \b\d{{4}}-\d{{1,2}}-\d{{1,2}}\b | \b\d{{1,2}}[/.]\d{{1,2}}[/.]\d{{2,4}}\b
    | (?:[~≈]|\b(?:about|around|approx(?:imately)?)\b)?\s*(?<![\w.]){_NUMBER}\s*
      (?:k?cals?|kilocalories|calories?|kj|kilojoules?)\b(?!\s+(?:worth\s+)?of\s+[^\W\d])
    | (?<![\w.]){_NUMBER}\s*-?(?:inch(?:es)?\b|cm\b|(?:"|”|''|′′)(?=\s+[^\W\d]))
    | (?<![\w.]){_NUMBER}-?in\b(?=\s+[^\W\d])
    | [£$€]\s*{_NUMBER} | (?<![\w.]){_NUMBER}\s*(?:[£$€]|(?:dollars?|euros?|quid|bucks|pence)\b)
    | (?<![\w.]){_NUMBER}\s*-?(?:min|mins|minutes?|hrs?|hours?|secs?|seconds?|km|kms|miles?|steps
      |reps|sets|bpm|weeks?|days?|years?|courses?|people|persons?)\b
    | (?<![\w.])\d+k\b(?:\s+(?:run|walk|ride|swim|row))?
    | \b(?:day|week|meal|no\.|number)\s*\#?\d+\b(?:\s+of\s+(?:my\s+|the\s+|a\s+)?\w+)?
    | (?<![\w.]){_NUMBER}\s*%(?!\s*milk)(?:\s*(?:fat|cocoa|cacao|abv|less)\b)?
    | (?<![\w.]){_NUMBER}\s*g(?:rams?)?\s+(?:of\s+)?(?:protein|carbs?|carbohydrates?|fat)\b
      (?!\s+powder)
    | \b\d+\s+for\s+\d+\b | \b(?:level|size|stage|phase)\s+\d+\b | \b5\s+guys\b
    | \bfor\s+(?:\d+|one|two|three|four)\b(?!\s*\w)
    | (?<=sandwich)\s+on\s+(?:an?\s+)?\w+(?:\s+(?:wheat|grain|bread|roll|bun))?
    | \#\w+ | https?://\S+ | [@]\w+""",
    re.IGNORECASE | re.VERBOSE,
)
# "lunch 12.30 ham sandwich": an hour of the day with a point, where no measure follows.
HOUR = re.compile(
    r"""(?P<before>^\s*|\b(?:breakfast|brunch|lunch|dinner|supper|tea|snack)[\s:,]+(?:at\s+)?)
    (?:[5-9]|1\d|2[0-3])\.[0-5]\d(?=\s+[^\W\d])
    (?!\s+(?:g|gr|grams?|kg|mg|oz|ounces?|lbs?|pounds?|ml|cl|dl|l|lit(?:re|er)s?|fl|cups?|tbsps?|tsps?|kcal|cal|kj
      |slices?|servings?|portions?|pieces?|of|x)\b)""",
    re.IGNORECASE | re.VERBOSE | re.MULTILINE,
)
# "20g protein bar" is a bar; the word stays, for it is part of the name.
NUTRIENT = re.compile(
    rf"(?<![\w.]){_NUMBER}\s*g(?:rams?)?\s+(?=protein\s+(?:shake|bar|yog|pudding|drink|milk|ball))",
    re.IGNORECASE,
)
# Up to where the next thing is told.
_SPAN = r"""[^,;.:()!?\n&+]*?(?=[,;.:()!?\n&+]|\s[-–—]\s|$
    |\bin\s+(?:my|the|coffee|tea)\b|\b(?:but|and|with|just|only|had|have|ate|then|plus|so|instead|i)\b)"""
NOT_EATEN = re.compile(
    rf"""\b(?:(?:everything|all)\s+(?:but|except(?:\s+for)?|apart\s+from|besides)|without|w/o|minus|excluding|except(?:\s+for)?|not|no(?!-)|hold\s+the|skip(?:ped|ping)?
      |instead\s+of|rather\s+than|left\s+out|none\s+of
      |(?:did|do|does|could|would|was|were|had|have)(?:n['’]?t|\s+not)(?:\s+(?:eat|have|had|drink|touch|finish))?
      |never(?:\s+(?:ate|had|touched|finished|eat|drank))?
    )\b{_SPAN}""",
    re.IGNORECASE | re.VERBOSE,
)
# "everything except the rice: chicken, rice, beans"
LEFT_OUT = re.compile(
    r"\b(?:everything|all)\s+(?:but|except(?:\s+for)?|apart\s+from|besides)\s+(?P<food>[^,;:.]+)",
    re.IGNORECASE,
)
SENTENCE_END = re.compile(r"[;\n]|[.!?]+(?=\s|$)")
FREE_OF = re.compile(
    r"\b(?:(?:sugar|gluten|dairy|lactose|fat|alcohol|caffeine|nut|egg|meat|cheese)[\s-]free|no-\w+)\b",
    re.IGNORECASE,
)
# "for lunch today I had", "so we grabbed"
TOLD_BEFORE = re.compile(
    r"""^.*\b(?:i|we|he|she|they|i['’]ve|we['’]ve|and|so|just|then)\s+(?:\w+ly\s+|just\s+|also\s+)?
    (?:had|have|ate|eat|eating|drank|drink|grabbed|got|made|shared|split|bought|enjoyed|cooked
      |ordered|finished|snacked|munched|nibbled|devoured|inhaled|took|tried|demolished)\b(?:\s+on\b)?""",
    re.IGNORECASE | re.VERBOSE,
)
# "from the shop", "after work"; at the beginning only as far as what was done.
TOLD_AFTER = re.compile(
    r"""(?<=\w)\s+(?:from|before|after|during|while|because|when|until|since|cos|cause)\b.*$
    | ^\s*(?:after|before|during|post|pre)[\s-]+(?:the\s+|my\s+|an?\s+)?(?:\w+\s+)?
      (?:run|workout|gym|work|school|training|session|match|yoga|class|swim|walk|ride|meeting|exercise|hike|game)\b
    | \b(?:at|in|on)\s+(?:top|noon|midnight|work|home|school|night
      |(?:the|my|his|her|our)\s+\w+)\s*$""",
    re.IGNORECASE | re.VERBOSE,
)
_ITEM = re.compile(r"(?:^|(?<=[\s,;]))(\d{1,2})[.)](?=\s+[^\W\d])")


def _blank(match: re.Match[str]) -> str:
    return " " * len(match[0])


def without_noise(text: str) -> str:
    """Blanks out what is no amount of food, and makes separators of the numbers of a list."""
    text = HOUR.sub(lambda it: it["before"] + " " * (len(it[0]) - len(it["before"])), text)
    text = NUTRIENT.sub(_blank, text)
    text = NOISE.sub(_blank, text)
    return _without_list_numbers(text)


def without_what_was_not_eaten(text: str, is_name: "re.Pattern[str]") -> str:
    """Blanks out "no sugar" and the like; names such as "fat-free milk" stay."""
    names = [match.span() for match in is_name.finditer(text)]

    def blank(match: re.Match[str]) -> str:
        inside = any(a <= match.start() < b for a, b in names)
        return match[0] if inside else _blank(match)

    return FREE_OF.sub(blank, NOT_EATEN.sub(blank, text))


def without_story(mention: str) -> str:
    """Takes out what is told around one mention."""
    return TOLD_AFTER.sub(_blank, TOLD_BEFORE.sub(_blank, mention))


def _without_list_numbers(text: str) -> str:
    found = [int(match[1]) for match in _ITEM.finditer(text)]
    if len(found) < 2 or found != list(range(1, len(found) + 1)):
        return text
    return _ITEM.sub(lambda match: ";" + " " * (len(match[0]) - 1), text)
