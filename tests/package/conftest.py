import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lab"))
pytest.register_assert_rewrite("fixtures")

from fixtures import *  # noqa: E402, F401, F403
from installed import Installed  # noqa: E402


@pytest.fixture(scope="session")
def installed(tmp_path_factory):
    """libovnk8s in a prefix that it was moved to after it was installed."""
    folder = tmp_path_factory.mktemp("installed")
    Installed.at(folder / "before").prefix.rename(folder / "after")
    return Installed(folder / "after")
