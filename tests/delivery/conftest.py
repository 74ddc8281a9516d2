import pytest

from delivery.send import Courier


@pytest.fixture
def make_courier():
    made = []

    def make(**options):
        made.append(Courier(**({"allow_private": True} | options)))
        return made[-1]

    yield make
    for courier in made:
        courier.close()


@pytest.fixture
def courier(make_courier):
    return make_courier()
