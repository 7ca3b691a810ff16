import pytest
from starlette.testclient import TestClient

from nutri_ml.domain.estimate import Estimator
from tests.http.conftest import World

TEXT = "two eggs and a slice of toast"


def test_an_estimate_names_foods_grams_and_nutrients(client: TestClient) -> None:
    response = client.post("/v1/estimate", json={"text": TEXT})
    assert response.status_code == 200
    body = response.json()
    assert [item["food"] for item in body["items"]] == [
        {"id": "egg", "name": "egg", "source": "usda-sr:1123"},
        {"id": "toast", "name": "toast", "source": "usda-sr:18070"},
    ]
    assert [item["grams"] for item in body["items"]] == [100.0, 30.0]
    assert body["total"].keys() == {"kcal", "protein_g", "carbohydrate_g", "fat_g", "fibre_g"}
    assert body["unknown"] == []
    assert 0.9 <= body["confidence"] <= 1
    assert body["model"] == "all-MiniLM-L6-v2-int8"


def test_words_that_name_no_food_are_listed(client: TestClient) -> None:
    body = client.post("/v1/estimate", json={"text": "an apple and a screwdriver"}).json()
    assert [item["food"]["id"] for item in body["items"]] == ["apple"]
    assert body["unknown"] == ["a screwdriver"]


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({}, "body.text"),
        ({"text": ""}, "body.text"),
        ({"text": "   "}, "body.text"),
        ({"text": 5}, "body.text"),
        ({"text": "x" * 2001}, "body.text"),
        ({"text": "\ufdfa" * 223}, "body.text"),
        ({"text": ", ".join(["egg"] * 51)}, "body.text"),
        ({"text": "egg", "extra": 1}, "body.extra"),
        ([], "body"),
    ],
)
def test_bad_input_is_named_by_its_path(client: TestClient, body: object, path: str) -> None:
    response = client.post("/v1/estimate", json=body)
    error = response.json()["error"]
    assert response.status_code == 400
    assert error["code"] == "invalid_request"
    assert error["request_id"] == response.headers["x-request-id"]
    assert [detail["path"] for detail in error["details"]] == [path]


@pytest.mark.parametrize("content", [b"{", b"\xff\xfe", b'{"text": "\\ud800"}'])
def test_bytes_that_are_no_json_are_bad_input(client: TestClient, content: bytes) -> None:
    headers = {"content-type": "application/json"}
    response = client.post("/v1/estimate", content=content, headers=headers)
    assert response.status_code == 400
    assert response.json()["error"]["code"] == "invalid_request"


def test_the_longest_text_is_answered(client: TestClient) -> None:
    response = client.post("/v1/estimate", json={"text": "egg " * 500})
    assert response.status_code == 200


def test_an_answer_is_remembered_and_not_computed_again(world: World, client: TestClient) -> None:
    first = client.post("/v1/estimate", json={"text": TEXT})
    assert list(world.cache.kept) == [TEXT]
    world.cache.kept[TEXT] = world.cache.kept[TEXT].replace(b'"toast"', b'"remembered toast"')
    second = client.post("/v1/estimate", json={"text": TEXT})
    assert "remembered toast" in second.text
    assert "remembered toast" not in first.text


def test_a_spoilt_memory_is_the_same_as_none(world: World, client: TestClient) -> None:
    world.cache.kept[TEXT] = b'{"items": "nonsense"}'
    response = client.post("/v1/estimate", json={"text": TEXT})
    assert response.status_code == 200
    assert response.json()["items"][0]["food"]["id"] == "egg"


def test_before_the_model_is_loaded_estimates_are_unavailable(world: World) -> None:
    # Without its lifespan the app never starts to load.
    response = world.client().post("/v1/estimate", json={"text": TEXT})
    assert response.status_code == 503
    assert response.headers["retry-after"] == "1"
    assert response.json()["error"]["code"] == "unavailable"


def test_a_fault_is_answered_with_500_logged_and_not_shown(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Broken(Estimator):
        def __init__(self) -> None: ...

        def estimate(self, text: str, wanted: object = None) -> object:  # type: ignore[override]
            raise RuntimeError("the secret inside")

    with World(build=Broken).client() as client:
        response = client.post("/v1/estimate", json={"text": TEXT})
        for _ in range(1000):
            if response.status_code != 503:
                break
            response = client.post("/v1/estimate", json={"text": TEXT})
    assert response.status_code == 500
    assert response.json()["error"]["code"] == "internal"
    assert response.headers["x-app-version"] == "1.2.3"
    assert "secret" not in response.text
    assert "the secret inside" in caplog.text
