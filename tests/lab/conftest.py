import pytest

pytest.register_assert_rewrite("fixtures")

from fixtures import *  # noqa: E402, F401, F403
from overlay import set_up_overlay  # noqa: E402


@pytest.fixture(scope="module")
def overlay(sandbox):
    """The sandbox with the overlay network on it."""
    set_up_overlay(sandbox)
    return sandbox
