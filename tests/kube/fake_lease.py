"""Leases as an API server keeps them: versions, conflicts and watches are real, and it fails when it is told to.

The tests tell it by "POST /NAME/fault" with {METHOD: FAULT}, until they tell it something else.
"""
import json
import threading


class Leases:
    """Answers what comes for one script. 'tools' are functions that make answers: status, text, cut, raw, silent."""

    def __init__(self, tools):
        self.tools = tools
        self.changed = threading.Condition()
        self.version = 100
        self.object = None
        self.events = []
        self.faults = {}

    def __call__(self, request):
        path, _, query = request.path.partition("?")
        parts = path.split("/")[2:]
        if parts == ["fault"]:
            self.faults = json.loads(request.body)
            return self.tools.text(200, "{}")
        if "watch=" in query:
            return self.refuse_watch() or self.watch(query)
        fault = self.faults.get("LIST" if parts[-1] == "leases" and request.method == "GET" else request.method)
        return self.fail(fault, request) if fault else self.answer(request, parts)

    def refuse_watch(self):
        return self.tools.status(403, "you may not watch") if self.faults.get("WATCH") == "403" else None

    def fail(self, fault, request):
        if fault == "silent":
            return self.tools.silent
        if fault == "late":  # it is done, and nobody is told
            self.answer(request, request.path.partition("?")[0].split("/")[2:])
            return self.tools.cut
        if fault.isdigit():
            return self.tools.status(int(fault), "as the test says")
        return self.tools.text(200, fault)

    def answer(self, request, parts):
        with self.changed:
            if request.method == "GET" and parts[-1] == "leases":
                items = [self.object] if self.object else []
                return self.tools.text(200, json.dumps({"metadata": {"resourceVersion": str(self.version)},
                                                        "items": items}))
            if request.method == "DELETE":
                self.version += 1
                self.object["metadata"]["resourceVersion"] = str(self.version)
                self.tell("DELETED")
                self.object = None
                return self.tools.text(200, "{}")
            if request.method == "POST":
                return self.tools.status(409, "", "AlreadyExists") if self.object else self.write(request, 201)
            if not self.object:
                return self.tools.status(404, "no such lease")
            return self.put(request) if request.method == "PUT" else self.tools.text(200, json.dumps(self.object))

    def put(self, request):
        version = json.loads(request.body)["metadata"].get("resourceVersion")
        if version and version != self.object["metadata"]["resourceVersion"]:
            return self.tools.status(409, "the object has been modified")
        return self.write(request, 200)

    def write(self, request, code):
        self.version += 1
        before, self.object = self.object, json.loads(request.body)
        self.object["metadata"]["resourceVersion"] = str(self.version)
        self.tell("MODIFIED" if before else "ADDED")
        return self.tools.text(code, json.dumps(self.object))

    def tell(self, kind):
        self.events.append((self.version, json.dumps({"type": kind, "object": self.object}).encode() + b"\n"))
        self.changed.notify_all()

    def watch(self, query):
        since = int(dict(pair.split("=") for pair in query.split("&")).get("resourceVersion") or 0)

        def answer(connection, _request):
            connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            seen = since
            while True:
                with self.changed:
                    self.changed.wait_for(lambda: any(version > seen for version, _ in self.events))
                    pieces = [event for version, event in self.events if version > seen]
                    seen = self.events[-1][0]
                for piece in pieces:
                    connection.sendall(b"%x\r\n%s\r\n" % (len(piece), piece))
        return answer
