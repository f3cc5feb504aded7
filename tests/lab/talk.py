"""Servers that say who they are and whom they see, and clients that ask them: by TCP and UDP, IPv4 and IPv6."""
from __future__ import annotations

from host import Daemon, Host, Netns, wait_for

SERVER = """
import socket, sys, threading
def server(family, kind, port):
    s = socket.socket(family, kind)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if family == socket.AF_INET6:
        s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    s.bind(("", port))
    if kind == socket.SOCK_STREAM:
        s.listen()
    return s
def tcp(s):
    while True:
        connection, peer = s.accept()
        with connection:
            try:
                connection.recv(65536)  # all of it: unread data would make closing a reset
                connection.sendall(f"{sys.argv[1]} {peer[0]}".encode())
            except OSError:
                pass
def udp(s):
    while True:
        data, peer = s.recvfrom(65536)
        s.sendto(f"{sys.argv[1]} {peer[0]}".encode(), peer)
for port in map(int, sys.argv[2:]):
    for family in socket.AF_INET, socket.AF_INET6:
        threading.Thread(target=tcp, args=(server(family, socket.SOCK_STREAM, port),)).start()
        threading.Thread(target=udp, args=(server(family, socket.SOCK_DGRAM, port),)).start()
print("ready", flush=True)
"""
CLIENT = """
import socket, sys
protocol, address, port, size, times, timeout = *sys.argv[1:3], *map(float, sys.argv[3:])
kind = {"tcp": socket.SOCK_STREAM, "udp": socket.SOCK_DGRAM}[protocol]
for _ in range(int(times)):
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, kind) as s:
        s.settimeout(timeout)
        try:
            s.connect((address, int(port)))
            s.send(b"x" * int(size))
            print(s.recv(100).decode())
        except ConnectionRefusedError:
            print("refused")
        except TimeoutError:
            print("silence")
        except OSError as error:
            print(error)
"""


def serve(host: Host, name: str, *ports: int, pod: str | None = None) -> Daemon:
    """Starts a server of that name on the host, or in the network of a pod on it."""
    where = ["ip", "netns", "exec", pod] if pod else []
    daemon = host.spawn(f"server-{name}", [*where, "python3", "-c", SERVER, name, *map(str, ports)])
    wait_for(name, lambda: "ready" in daemon.log.read_text(), log=daemon.log)
    return daemon


def answers(where: Host | Netns, protocol: str, address: str, port: int, times: int = 1, size: int = 10,
            timeout: float = 5) -> list[str]:
    """What a client there gets to hear: "NAME ADDRESS", of the server and of the client as the server sees it; or "refused",
    "silence", or another error."""
    words = ["python3", "-c", CLIENT, protocol, address, port, size, times, timeout]
    return where.run(list(map(str, words)), timeout=60 + times * timeout).stdout.splitlines()
