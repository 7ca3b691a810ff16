"""Requests and answers as they travel. Past these, values are the domain's."""

from typing import Annotated, Literal
from unicodedata import normalize

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from nutri_ml.domain.estimate import Estimate, Guess, Item
from nutri_ml.domain.health import Checks, CheckStatus
from nutri_ml.domain.portions import GRAMS_MAX

TEXT_CHARS_MAX = 2000
# Twice as much, for ligatures and the letters of Arabic and Korean in their old forms.
WRITTEN_OUT_MAX = 2 * TEXT_CHARS_MAX


def _not_blank(text: str) -> str:
    if not text.strip():
        raise ValueError("must hold more than spaces")
    return text


def _not_swollen(text: str) -> str:
    """Some letters stand for a whole sentence, and a text is read with all of it written out."""
    if len(normalize("NFKC", text)) > WRITTEN_OUT_MAX:
        raise ValueError(f"must not be longer than {WRITTEN_OUT_MAX} characters when written out")
    return text


Text = Annotated[
    str,
    StringConstraints(min_length=1, max_length=TEXT_CHARS_MAX, strict=True),
    AfterValidator(_not_blank),
    AfterValidator(_not_swollen),
]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Figure = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class EstimateIn(BaseModel):
    """What was eaten, in words."""

    model_config = ConfigDict(extra="forbid")

    text: Text = Field(examples=["two eggs and a slice of toast"])


class NutrientsOut(BaseModel):
    """Energy and nutrients of the grams beside them."""

    model_config = ConfigDict(from_attributes=True)

    kcal: Figure
    protein_g: Figure
    carbohydrate_g: Figure
    fat_g: Figure
    fibre_g: Figure


class FoodOut(BaseModel):
    """A food of the table; `source` names the row that its figures come from."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    name: str
    source: str


class CandidateOut(BaseModel):
    """A food that the words may mean, and how likely they do."""

    model_config = ConfigDict(from_attributes=True)

    food: FoodOut
    confidence: Share


Candidates = Annotated[
    list[CandidateOut], Field(max_length=3, description="At most three, the likeliest first")
]


class GuessOut(BaseModel):
    """Words that name no food we are sure of, and what they may mean."""

    model_config = ConfigDict(from_attributes=True)

    text: str
    candidates: Candidates

    @classmethod
    def of(cls, guess: Guess) -> "GuessOut":
        return cls.model_validate(guess)


class ItemOut(BaseModel):
    """One food that was recognised, the words in which it was said, and what else they may mean."""

    food: FoodOut
    grams: Annotated[float, Field(ge=0, le=GRAMS_MAX, allow_inf_nan=False)]
    nutrients: NutrientsOut
    confidence: Share
    text: str
    candidates: Candidates

    @classmethod
    def of(cls, item: Item) -> "ItemOut":
        return cls(
            food=FoodOut.model_validate(item.food),
            grams=item.grams,
            nutrients=NutrientsOut.model_validate(item.nutrients),
            confidence=item.confidence,
            text=item.text,
            candidates=[CandidateOut.model_validate(it) for it in item.candidates],
        )


class EstimateOut(BaseModel):
    """What the meal held; `unknown` lists the words that name no food we know, `guesses` the same
    words with what they may mean.
    """

    items: list[ItemOut]
    unknown: list[str]
    guesses: list[GuessOut]
    total: NutrientsOut
    confidence: Share
    model: str

    @classmethod
    def of(cls, estimate: Estimate, model: str) -> "EstimateOut":
        return cls(
            items=[ItemOut.of(item) for item in estimate.items],
            unknown=list(estimate.unknown),
            guesses=[GuessOut.of(guess) for guess in estimate.guesses],
            total=NutrientsOut.model_validate(estimate.total),
            confidence=estimate.confidence,
            model=model,
        )


class CheckOut(BaseModel):
    """One dependency."""

    model_config = ConfigDict(from_attributes=True)

    status: CheckStatus
    latency_ms: float


class ChecksOut(BaseModel):
    """All dependencies."""

    model: CheckOut
    database: CheckOut
    redis: CheckOut

    @classmethod
    def of(cls, checks: Checks) -> "ChecksOut":
        return cls.model_validate(checks, from_attributes=True)


class HealthOut(BaseModel):
    """How the service and everything it leans on are."""

    status: Literal["healthy", "degraded", "unhealthy"]
    version: str
    timestamp: str
    age_ms: float | None
    checks: ChecksOut


class LiveOut(BaseModel):
    """The process answers."""

    status: Literal["live"]
    version: str


Readiness = Literal["ready", "loading", "failed", "draining", "saturated"]


class ReadyOut(BaseModel):
    """Whether requests may be sent here."""

    status: Readiness
    version: str


class ProblemDetail(BaseModel):
    """One part of a request that is not as agreed."""

    path: str
    message: str


class Problem(BaseModel):
    """What went wrong."""

    code: str
    message: str
    request_id: str
    details: list[ProblemDetail]


class ProblemOut(BaseModel):
    """The body of every answer that is an error, the same as the backend's."""

    error: Problem
