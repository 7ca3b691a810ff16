"""More estimates than there is processor for, and clients who leave: computations are counted."""

import asyncio
from threading import Event

import pytest
from starlette.testclient import TestClient

from nutri_ml.domain.estimate import Estimate, Estimator, sum_up
from nutri_ml.domain.ports import Wanted
from nutri_ml.loading import PROBE_TEXT, Stage
from nutri_ml.work import SATURATED_SECONDS
from tests.http.conftest import QUEUE_MAX, World
from tests.http.serving import Client, Served, served, until

HELD = "held"


class HeldEstimator(Estimator):
    """Writes down what it computes, and is held up by one text until it is let go or unwanted."""

    def __init__(self) -> None:
        self.computed: list[str] = []
        self.gate = Event()
        self.unwanted = False

    def probe(self, text: str) -> None:
        assert text == PROBE_TEXT

    def estimate(self, text: str, wanted: Wanted = lambda: True) -> Estimate:
        self.computed.append(text)
        while text == HELD and wanted() and not self.gate.wait(0.005):
            pass
        self.unwanted = not wanted()
        return sum_up([])


@pytest.fixture
def held() -> HeldEstimator:
    return HeldEstimator()


@pytest.fixture
def held_world(held: HeldEstimator) -> World:
    return World(build=lambda: held)


async def hold(door: Served, world: World, held: HeldEstimator) -> Client:
    await until(lambda: world.estimator.stage is Stage.READY)
    holder = await door.asked(HELD)
    await until(lambda: held.computed == [HELD])
    return holder


async def fill(door: Served, world: World, count: int) -> list[Client]:
    clients = [await door.asked(f"waiting {n}") for n in range(count)]
    await until(lambda: world.queue.waiting == count)
    return clients


def test_what_was_abandoned_is_not_computed_and_a_normal_estimate_is_answered(
    held_world: World, held: HeldEstimator
) -> None:
    async def flood() -> list[str]:
        async with served(held_world) as door:
            holder = await hold(door, held_world, held)
            for _ in range(5):
                for client in await fill(door, held_world, QUEUE_MAX):
                    client.leave()
                await until(lambda: held_world.queue.waiting == 0)
            normal = asyncio.create_task(door.ask("normal"))
            await until(lambda: held_world.queue.waiting == 1)
            held.gate.set()
            return [await normal, await holder.answer()]

    answers = asyncio.run(flood())
    assert [answer.split("\r\n")[0] for answer in answers] == ["HTTP/1.1 200 OK"] * 2
    assert held.computed == [HELD, "normal"]


def test_what_is_being_computed_stops_when_its_client_leaves(
    held_world: World, held: HeldEstimator
) -> None:
    async def leave() -> str:
        async with served(held_world) as door:
            holder = await hold(door, held_world, held)
            holder.leave()
            await until(lambda: held.unwanted)
            return await door.ask("normal")

    assert asyncio.run(leave()).startswith("HTTP/1.1 200 ")
    assert not held.gate.is_set()


def test_who_does_not_fit_is_told_when_to_come_again(
    held_world: World, held: HeldEstimator
) -> None:
    async def overflow() -> str:
        async with served(held_world) as door:
            await hold(door, held_world, held)
            await fill(door, held_world, QUEUE_MAX)
            answer = await door.ask("one too many")
            held.gate.set()
            return answer

    answer = asyncio.run(overflow())
    assert answer.startswith("HTTP/1.1 503 ")
    assert "retry-after: 1" in answer
    assert '"code":"busy"' in answer
    assert "one too many" not in held.computed


def test_past_the_deadline_nothing_is_computed(held_world: World, held: HeldEstimator) -> None:
    async def be_late() -> str:
        async with served(held_world) as door:
            await hold(door, held_world, held)
            answer = await door.ask("late", "x-deadline-ms: 5")
            held.gate.set()
            assert (await door.ask("in time", "x-deadline-ms: 9000")).startswith("HTTP/1.1 200 ")
            return answer

    answer = asyncio.run(be_late())
    assert answer.startswith("HTTP/1.1 503 ")
    assert '"code":"too_slow"' in answer
    assert held.computed == [HELD, "in time"]


def test_a_queue_that_stays_full_is_not_ready_until_half_of_it_is_free(
    held_world: World, held: HeldEstimator
) -> None:
    async def saturate() -> list[bool]:
        seen = []
        async with served(held_world) as door:
            await hold(door, held_world, held)
            clients = await fill(door, held_world, QUEUE_MAX)
            seen.append(held_world.queue.saturated)
            held_world.clock.skip(SATURATED_SECONDS)
            seen.append(held_world.queue.saturated)
            clients.pop().leave()
            await until(lambda: held_world.queue.waiting == QUEUE_MAX - 1)
            seen.append(held_world.queue.saturated)
            for client in clients:
                client.leave()
            await until(lambda: held_world.queue.waiting == 0)
            seen.append(held_world.queue.saturated)
            held.gate.set()
        return seen

    assert asyncio.run(saturate()) == [False, True, True, False]


def test_saturation_is_told_by_readiness_and_not_by_liveness(
    world: World, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(world.queue), "saturated", True)
    response = client.get("/health/ready")
    assert (response.status_code, response.json()["status"]) == (503, "saturated")
    assert client.get("/health/live").status_code == 200
    assert client.get("/health").json()["checks"]["model"]["status"] == "healthy"


def test_the_health_check_does_not_wait_in_the_queue(
    held_world: World, held: HeldEstimator
) -> None:
    async def probe() -> None:
        async with served(held_world) as door:
            await hold(door, held_world, held)
            await fill(door, held_world, QUEUE_MAX)
            async with asyncio.timeout(30):
                await held_world.estimator.probe()
            held.gate.set()

    asyncio.run(probe())


@pytest.mark.parametrize("value", ["0", "-1", "soon", "1.5", "+5", "1_000"])
def test_a_deadline_that_is_no_whole_number_is_bad_input(client: TestClient, value: str) -> None:
    headers = {"x-deadline-ms": value}
    response = client.post("/v1/estimate", json={"text": "egg"}, headers=headers)
    assert response.status_code == 400
    assert [d["path"] for d in response.json()["error"]["details"]] == ["header.x-deadline-ms"]
