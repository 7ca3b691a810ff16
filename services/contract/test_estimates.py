"""An estimate on its way through both services: what one finds, the other hands on."""

import httpx2 as httpx
import pytest

from conftest import Service

Headers = dict[str, str]


def ask(backend: Service, headers: Headers, **words: object) -> httpx.Response:
    return httpx.post(f"{backend.url}/api/estimates", json=words, headers=headers)


def test_the_three_best_candidates_are_those_of_the_ml_service(
    backend: Service, ml_service: Service, somebody: Headers
) -> None:
    text = "a bowl of porridge, two eggs and some glorbleflux"
    made = httpx.post(f"{ml_service.url}/v1/estimate", json={"text": text}).json()
    answer = ask(backend, somebody, text=text, candidates=3)

    assert answer.status_code == 200, answer.text
    assert answer.json() == made
    assert [len(item["candidates"]) for item in made["items"]] == [3, 3]


@pytest.mark.parametrize("candidates", [0, 1])
def test_no_more_candidates_are_listed_than_were_asked_for(
    backend: Service, somebody: Headers, candidates: int
) -> None:
    answer = ask(backend, somebody, text="two eggs", candidates=candidates)
    assert [len(item["candidates"]) for item in answer.json()["items"]] == [candidates]


@pytest.mark.parametrize("text", [", ".join(["egg"] * 51), "\x1f"])
def test_words_that_the_ml_service_refuses_are_told_as_bad_input(
    backend: Service, ml_service: Service, somebody: Headers, text: str
) -> None:
    made = httpx.post(f"{ml_service.url}/v1/estimate", json={"text": text})
    answer = ask(backend, somebody, text=text)
    assert (made.status_code, answer.status_code) == (400, 400), answer.text
    assert answer.json()["error"]["details"] == made.json()["error"]["details"]
