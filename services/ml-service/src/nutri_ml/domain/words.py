"""Words of a mention: lowercase, singular, without those that say nothing about the food."""

import re
import unicodedata

WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?|%")

# Words of a diary rather than of a dish.
FILLERS = frozenset(
    """burned walked ran weighed paid feel sick incl including a about after afternoon afterwards
    again all also an any anything approx approximately are around as ate at average bad bed
    before bit bite bought boy boyfriend break breakfast brunch but by ca can cheat cooked could
    couple course craving daily day deal delicious did dine dinner drank during each early eat
    eaten eating elevenses else enjoyed evening every exactly extra family felt few finally
    finished finish first food for four friday friend friends from full fun girlfriend good got
    grab grabbed great guess guests gym had has have having he her hi him his home homemade hour
    house hungry husband i i'd i'm i've idk if im in instead is it it's its ive just kid kids
    kinda lads last late later leftover leftovers less like little log lol lot lots lovely lunch
    lunchtime made make making many mate mates maybe me meal meals midday midnight mine moment mon
    monday more morning most mum mom dad munched my nearly next nice night noon not nothing now of
    office oh ok okay on one ones only or order ordered other our out over own partner per perhaps
    plain please plus post pre pretty probably proper quick quite rather really roughly s same
    saturday school serving shared she shop side skipped snack snacked snacks so some somehow
    someone something sort still straight stuff sunday supper tasty tbh than that the their them
    then there these they thing things think this those though thought thursday time times to
    today together tomorrow tonight too took total totally tried tue tuesday two tummy tv usual
    usually very was wasn't we we've wed wednesday weekday weekend well went were what which while
    wife will with work workout would yesterday yes yet you yum yummy your""".split()
)
# How a food was made or cut; it stays the food that it is.
MANNERS = frozenset(
    """baked blended boiled braised brand buttered chargrilled chilled chopped chunk chunky cold
    creamy crispy crumbled crunchy crusty cubed cube defrosted diced drained dry fillet fillets
    fine finely floret florets free-range fresh freshly fried frozen fluffy gram grated grilled
    ground half hard heated hot infused iced juicy large lean light lightly local long low fat
    medium mild mini mixed natural non alcoholic organic pan-fried pan peeled piece pieces pitted
    plain poached portion pulled pure quality rare raw real reduced regular rich ripe roast
    roasted roughly salted sauteed sautéed scrambled seared seasonal seasoned seedless shredded
    simple skinless sliced slice slow small smoked smooth soft sparkling spicy steamed stick
    sticks stewed sticky strip strips sugar-free sweetened thick thin tinned canned toasted
    traditional tender unsalted unsweetened variety warm warmed washed wedge""".split()
)
# Who made or sold it; its food is named by the other words.
MAKERS = frozenset(
    """aldi alpro amul asda barilla barista birds bisto burger-king cadbury cadbury's campbell's
    chobani costa costco dannon danone dolmio dominos domino's dunkin dunkin' eye five-guys greggs
    haagen dazs heinz hellmann's hellmanns homepride hovis innocent john kelloggs kellogg's kfc
    kraft lavazza lay's lidl lindt lipton lotus lurpak m&s marks maccies maccy's mcdonalds
    mcdonald's mcdo mcvities mcvitie's morrisons muller müller nandos nando's nature nescafe
    nespresso nestle nestlé oatly oscar mayer papa pizzahut pret princes quaker sabra sainsburys
    sainsbury's skippy starbucks subway tesco tescos tetley tilda trader joe's tropicana twinings
    tyson uncle ben's waitrose walkers walmart warburtons wendys wendy's yeo yoplait""".split()
)
# What a dish tastes of; beside the word that says what it is, it changes little.
FLAVOURS = frozenset(
    """basil caramel cheesy chili chilli cinnamon coconut coriander garlic ginger herb herby honey
    lemon lime mint paprika parsley pepper peppered rosemary salt sea sesame thyme vanilla veg
    vegetable veggie""".split()
)

IRREGULAR = {
    "loaves": "loaf",
    "leaves": "leaf",
    "halves": "half",
    "knives": "knife",
    **{
        f"{word}s": word
        for word in "brownie cookie hoagie smoothie toastie veggie pierogie".split()
    },
}
UNCHANGED_ENDINGS = ("ss", "us", "is", "ous")


def singular(word: str) -> str:
    """Makes English plurals of food words singular; a little too eager is harmless."""
    word = word.removesuffix("'s")
    if word in IRREGULAR:
        return IRREGULAR[word]
    if len(word) <= 3 or word.endswith(UNCHANGED_ENDINGS) or not word.endswith("s"):
        return word
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("oes", "ches", "shes", "sses", "xes")):
        return word[:-2]
    return word[:-1]


def fold(text: str) -> str:
    """Lowercase, without accents: `Crème` and `creme` are one word."""
    plain = unicodedata.normalize("NFKD", text.lower().replace("’", "'"))
    return "".join(letter for letter in plain if not unicodedata.combining(letter))


def split_words(text: str) -> list[str]:
    return WORD.findall(fold(text))


def food_words(text: str) -> str:
    """Keeps the words that name the food, in their order and as they were written."""
    return " ".join(word for word in split_words(text) if word not in FILLERS)


def stems(phrase: str) -> list[str]:
    return [singular(word) for word in split_words(phrase)]


def core(phrase: str) -> frozenset[str]:
    """The words that make the food what it is, without how it was made."""
    words = frozenset(stems(phrase))
    return words - MANNERS - MAKERS or words


def normal_form(phrase: str) -> str:
    """Makes phrases that mean the same word by word equal: order and plurals do not count."""
    return " ".join(sorted(stems(phrase)))
