"""What tests ask for by naming it as an argument. Every conftest.py of tests that need hosts imports this whole."""
import signal

import pytest

from host import tail
from overlay import Watcher
from sandbox import Sandbox
from snapshot import differences, snapshot


def pytest_configure():
    """SIGTERM ends all tests, not just the one that runs, and closes what there is."""
    signal.signal(signal.SIGTERM, lambda number, frame: pytest.exit("SIGTERM", 128 + number))


@pytest.fixture(scope="module")
def sandbox():
    """Two nodes and a central host with OVN, for the tests of one module."""
    with Sandbox.create() as ready:
        yield ready


@pytest.fixture(scope="module")
def cluster():
    """The same with a Kubernetes API server."""
    with Sandbox.create(kubernetes=True) as ready:
        yield ready


@pytest.fixture
def watcher(overlay):
    """The watcher, running during one test; "overlay" is the conftest.py's."""
    with Watcher(overlay.central) as running:
        yield running


@pytest.fixture
def unchanged(overlay):
    """Fails the test that asks for it when something of the sandbox has changed."""
    before = snapshot(overlay)
    yield
    assert differences(before, snapshot(overlay)) == []


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item):
    """Adds the end of every daemon's log to the report of a failed test."""
    report = (yield).get_result()
    if not report.failed:
        return
    for lab in [item.funcargs[name] for name in ("sandbox", "cluster") if name in item.funcargs]:
        for host in lab.hosts.values():
            report.sections += [(f"{host.name}: {log.name}", tail(log, 20)) for log in host.logs()]
