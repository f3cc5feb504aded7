import pytest

from fixtures import *  # noqa: F401, F403
from overlay import set_up_overlay


@pytest.fixture(scope="module")
def overlay(sandbox):
    """The sandbox with the overlay network on it."""
    set_up_overlay(sandbox)
    return sandbox
