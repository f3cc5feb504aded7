"""Tests of the Python bindings on a Northbound database of their own. The package is found by PYTHONPATH."""
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests/lab"), str(ROOT / "tests/python")]

import ovnk8s  # noqa: E402
from northbound import Database  # noqa: E402


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    with Database.start(tmp_path_factory.mktemp("nb")) as database:
        yield database


@pytest.fixture
def database(server):
    """The database, empty at the end as it was at the start."""
    before = server.dump()
    yield server
    server.restore(before)


@pytest.fixture
def nb(database):
    with ovnk8s.Northbound(database.remote) as connection:
        yield connection


@pytest.fixture
def cluster(nb):
    """A connection to a database with a cluster, a node and a pod."""
    from doctests import furnish
    furnish(nb)
    return nb
