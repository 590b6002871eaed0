"""A bakery of its own for each test. Its stores are those of the plugin, so that the backend is pytest's business."""

from collections.abc import Callable
from pathlib import Path

import pytest

from bakery.agent import Agent
from bakery.model import FakeModel
from bakery.oven import Oven
from bakery.worker import Worker
from flue_memdb import ManualClock, Stores

Hire = Callable[..., Worker]


@pytest.fixture
def oven(tmp_path: Path) -> Oven:
    return Oven(tmp_path / "oven")


@pytest.fixture
def spoken() -> list[str]:
    """Every piece of text that came from the model."""
    return []


@pytest.fixture
def hire(oven: Oven, spoken: list[str], flue_clock: ManualClock) -> Hire:
    """A function that gives a worker over some stores."""

    def new_worker(stores: Stores, owner: str = "counter") -> Worker:
        return Worker(stores, Agent(stores, FakeModel(), oven, spoken.append), flue_clock, owner)

    return new_worker
