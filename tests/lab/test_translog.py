"""That the reader of a database's file sees what was there between two transactions, too."""
import subprocess

from northbound import Database
from translog import transactions


def test_each_transaction_is_seen(tmp_path):
    with Database.start(tmp_path) as database:
        def nbctl(*words):
            subprocess.run(["ovn-nbctl", f"--db={database.remote}", *words], check=True)

        nbctl("ls-add", "s", "--", "lsp-add", "s", "a", "--", "lsp-set-addresses", "a", "0a:58:0a:00:00:02 10.0.0.2")
        nbctl("lsp-add", "s", "b", "--", "set", "Logical_Switch_Port", "b", 'addresses="0a:58:0a:00:00:02 10.0.0.2"')
        nbctl("add", "Logical_Switch_Port", "a", "addresses", "unknown")
        nbctl("remove", "Logical_Switch_Port", "a", "addresses", '"0a:58:0a:00:00:02 10.0.0.2"')
        nbctl("lsp-del", "b")
        seen = [{min(row["name"]): row.get("addresses", set()) for row in rows.values()}
                for rows in transactions(tmp_path / "nb.db", "Logical_Switch_Port")]
    address = "0a:58:0a:00:00:02 10.0.0.2"
    assert seen == [{"a": {address}}, {"a": {address}, "b": {address}}, {"a": {address, "unknown"}, "b": {address}},
                    {"a": {"unknown"}, "b": {address}}, {"a": {"unknown"}}]
