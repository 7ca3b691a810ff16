"""Foods that people draw instead of writing them."""

import re

# What each one is usually meant to say, in words that the food table knows.
_TABLE = """
    🍎🍏 apple; 🍌 banana; 🍊 orange; 🍋 lemon; 🍉 watermelon; 🍇 grapes;
    🍓 strawberries; 🫐 blueberries; 🍒 cherries; 🍑 peach; 🥭 mango;
    🍍 pineapple; 🥥 coconut; 🥝 kiwi; 🍅 tomato; 🍐 pear; 🍆 eggplant;
    🥑 avocado; 🥦 broccoli; 🥬 lettuce; 🥒 cucumber; 🌽 corn on the cob;
    🥕 carrot; 🧄 garlic clove; 🧅 onion; 🍄 mushrooms; 🥔 potato;
    🍠 sweet potato; 🥐 croissant; 🥖 baguette; 🥨 pretzels; 🥯 bagel;
    🥞 pancake; 🧇 waffle; 🧀 cheese; 🍖 pork ribs; 🍗 chicken drumstick;
    🥩 steak; 🥓 bacon; 🍔 hamburger; 🍟 french fries; 🍕 pizza; 🌭 hot dog;
    🥪 sandwich; 🌮 taco; 🌯 burrito; 🥙 gyro; 🧆 falafel; 🥚 egg; 🍳 fried egg;
    🥘 paella; 🍲 stew; 🥗 salad; 🍿 popcorn; 🧈 butter; 🍚 white rice; 🍛 curry;
    🍜 ramen; 🍝 spaghetti; 🍣 sushi roll; 🍤🦐 prawns; 🍙 rice ball;
    🥟 dumplings; 🦀 crab meat; 🦞 lobster; 🦑 calamari; 🦪 oysters;
    🍦 ice cream cone; 🍨 ice cream; 🍩 doughnut; 🍪 chocolate chip cookie;
    🎂 birthday cake; 🍰 sponge cake; 🧁 cupcake; 🥧 pie; 🍫 chocolate bar;
    🍬🍭 hard candy; 🍮 custard; 🍯 honey; 🥛 milk; ☕ coffee; 🍵 tea; 🍶 sake;
    🍾🥂 champagne; 🍷 red wine; 🍸 martini; 🍺🍻 beer; 🥃 whisky; 🥤 cola;
    🧃 juice; 🥜 peanuts; 🫒 olives; 🫑 bell pepper; 🫘 kidney beans;
    🌶 chilli pepper; 🫛 peas; 🍞 white bread; 🍹 cocktail
"""
NAMES = {
    picture: name
    for pictures, name in (row.split(maxsplit=1) for row in " ".join(_TABLE.split()).split("; "))
    for picture in pictures
}
# Two glasses in one picture.
COUNTS = {"🍻": 2, "🥂": 2}
# Fruit, dishes, drinks, sea food: named or not, something was eaten.
FOOD = re.compile(
    "(?P<one>[☕\U0001f32d-\U0001f330\U0001f336\U0001f33d\U0001f344-\U0001f37b\U0001f37e\U0001f37f"
    "\U0001f382\U0001f950-\U0001f96f\U0001f980\U0001f990\U0001f991\U0001f99e\U0001f9aa"
    "\U0001f9c0-\U0001f9cb\U0001fad0-\U0001fadc])\ufe0f?(?:\\s*(?P=one)\ufe0f?)*"
)
# Several of them are so many slices.
SEVERAL = {"🍕": "slices of pizza", "🍰": "slices of cake", "🍞": "slices of bread"}
# Hats, cutlery, cooks and the like.
_TABLEWARE = frozenset("🍴🍽🍼🥄🥡🥢🥣🥫🧉🧊🧂🫕🫖🫗🫙")
PICTURE = re.compile("[☀-➿\ufe0f\u200d\U0001f000-\U0001faff]+")


def is_food(picture: str) -> bool:
    return picture not in _TABLEWARE


def said(match: re.Match[str]) -> str:
    """Puts a run of one picture into words: `🍌🍌` says "2 banana"."""
    picture = match["one"]
    count = match[0].count(picture) * COUNTS.get(picture, 1)
    name = NAMES.get(picture, picture)
    return f" {count} {SEVERAL.get(picture, name)} " if count > 1 else f" {name} "
