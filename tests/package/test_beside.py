"""Beside another copy of libopenvswitch in one process: the C extension of Debian's python3-openvswitch, which shows all
functions of the copy that it has, thousands of them, to whoever is loaded after it."""
import pathlib
import sys

import pytest

from installed import output_of
from northbound import Database

LAB = pathlib.Path(__file__).resolve().parent.parent / "lab"
BOTH = """
import sys
sys.path.insert(0, sys.argv[1])
remote, order = sys.argv[2:]

def load_theirs():
    global theirs, ovs
    import ctypes, os
    sys.setdlopenflags(os.RTLD_NOW | os.RTLD_GLOBAL)  # who looks for json_create() finds theirs
    import ovs._json, ovs.json, ovs.jsonrpc, ovs.stream
    assert ovs.json.PARSER is ovs.json.PARSER_C
    theirs = ctypes.CDLL(ovs._json.__file__, os.RTLD_GLOBAL)
    theirs.json_from_string.restype = ctypes.c_void_p

def load_ours():
    global library
    import library

for load in (load_theirs, load_ours) if order == "theirs-first" else (load_ours, load_theirs):
    load()

def ask():
    '''What the server has, by their connection and their parser.'''
    error, stream = ovs.stream.Stream.open_block(ovs.stream.Stream.open(remote))
    assert not error, error
    rpc = ovs.jsonrpc.Connection(stream)
    select = {"op": "select", "table": "Logical_Switch", "where": [], "columns": ["name"]}
    error, reply = rpc.transact_block(ovs.jsonrpc.Message.create_request("transact", ["OVN_Northbound", select]))
    rpc.close()
    assert not error, error
    return sorted(row["name"] for row in reply.result[0]["rows"])

with library.Northbound(remote) as nb:
    for i in range(20):
        with library.Plan() as plan:
            plan.network_add(f"n{i:02}", f"10.{i}.0.0/24")
            plan.apply(nb)
        assert ask() == [f"n{j:02}" for j in range(i + 1)]
        assert theirs.json_from_string(b'{"a": [1, 2.5, "b"]}')
        assert ovs.json.from_string('{"a": [1, 2.5]}') == {"a": [1, 2.5]}
print("both work")
"""


@pytest.mark.parametrize("order", ["theirs-first", "ours-first"])
def test_both_are_used_in_turns(tmp_path, order):
    with Database.start(tmp_path) as database:
        assert output_of(sys.executable, "-c", BOTH, LAB, database.remote, order) == "both work\n"
