import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lab"))
pytest.register_assert_rewrite("fixtures")

from fixtures import *  # noqa: E402, F401, F403
from overlay import set_up_overlay  # noqa: E402


@pytest.fixture(scope="module")
def overlay(cluster):
    """The cluster with the overlay network on it."""
    set_up_overlay(cluster)
    return cluster
