"""Packets through a gateway that has its address from the host: each arrives where it belongs.

The logical network is made by hand, as small as it can be: a gateway router with the host's address and MAC, a pod behind it,
and load balancers for two NodePorts.
"""
import pytest

from flows import BRIDGE, FLAGS, PEER, PROGRAM, Helper, plug_patch, service, tell_api_server
from host import Netns
from talk import answers, serve

ROUTER = """
ovn-nbctl lr-add c -- lr-add gr -- set Logical_Router gr options:chassis={node} 'options:lb_force_snat_ip="100.64.1.2 fd98::2"'
ovn-nbctl ls-add pods -- ls-add join -- ls-add ext
link() {{ # ROUTER SWITCH PORT MAC ADDRESS...
    local router=$1 switch=$2 port=$3; shift 3
    ovn-nbctl lrp-add $router r-$port "$@" -- lsp-add $switch s-$port -- lsp-set-type s-$port router \
        -- lsp-set-addresses s-$port router -- lsp-set-options s-$port router-port=r-$port
}}
link c pods pods 0a:00:00:00:00:01 192.168.2.1/24 fd01::1/64
link c join c 0a:00:00:00:00:02 100.64.1.1/24 fd98::1/64
link gr join gr 0a:00:00:00:00:03 100.64.1.2/24 fd98::2/64
link gr ext ext {mac} {ip}/24 {ip6}/64
ovn-nbctl lsp-add ext uplink -- lsp-set-addresses uplink unknown
ovn-nbctl lr-route-add gr 192.168.0.0/16 100.64.1.1 -- lr-route-add gr fd01::/48 fd98::1
ovn-nbctl lr-route-add c 0.0.0.0/0 100.64.1.2 -- lr-route-add c ::/0 fd98::2
ovn-nbctl lr-nat-add gr snat {ip} 192.168.0.0/16 -- lr-nat-add gr snat {ip6} fd01::/48
ovn-nbctl lsp-add pods pod -- lsp-set-addresses pod "0a:00:00:00:01:03 192.168.2.3 fd01::3"
for protocol in tcp udp; do
    ovn-nbctl lb-add v4-$protocol {ip}:30080 192.168.2.3:8080 $protocol -- lr-lb-add gr v4-$protocol
    ovn-nbctl lb-add v6-$protocol '[{ip6}]:30080' '[fd01::3]:8080' $protocol -- lr-lb-add gr v6-$protocol
done
ovn-nbctl --wait=hv sync
"""
POD = """
link add pod type veth peer name eth0 netns pod
link set pod up
netns exec pod ip link set eth0 address 0a:00:00:00:01:03 mtu 1400 up
netns exec pod ip address add 192.168.2.3/24 dev eth0
netns exec pod ip address add fd01::3/64 dev eth0 nodad
netns exec pod ip route add default via 192.168.2.1
netns exec pod ip route add default via fd01::1
netns exec pod ethtool -K eth0 tx off
"""


def keep_kernel_out(node):
    """A datapath in userspace leaves the kernel its own copy of what comes in at eth0. With another MAC than the host's it
    does not take that for the host's too."""
    node.run(["ip", "link", "set", "eth0", "address", f"02:00:00:00:99:{node.number:02x}", "arp", "off"])


@pytest.fixture(scope="module")
def gateway(cluster):
    """The first node, with a gateway router, a pod, and the helper."""
    node = cluster.nodes[0]
    for host in node, cluster.nodes[1]:
        keep_kernel_out(host)
    plug_patch(node)
    tell_api_server(cluster, node)
    node.run(["ovs-vsctl", "set", "Interface", PEER, "external_ids:iface-id=uplink"])
    node.netns_add("pod")
    for line in POD.strip().splitlines():
        node.run(["ip", *line.split()])
    node.run(["ovs-vsctl", "add-port", "br-int", "pod", "--", "set", "Interface", "pod", "external_ids:iface-id=pod"])
    mac = node.path(f"/sys/class/net/{BRIDGE}/address").read_text().strip()
    cluster.central.run(["bash", "-euc", ROUTER.format(node=node.name, mac=mac, ip=node.address, ip6=node.address6)])
    start_servers(cluster, node)
    ports = [{"name": name, "port": 8080, "protocol": name.upper(), "nodePort": 30080} for name in ("tcp", "udp")]
    with service(cluster, "web", type="NodePort", ports=ports), Helper(node):
        yield node
    node.run([PROGRAM, *FLAGS, "--remove"])


def start_servers(cluster, node):
    serve(node, "pod", 8080, pod="pod")
    serve(node, "host", 8080)
    serve(cluster.nodes[1], "outside", 8080)


def ask(host, protocol, address, port, **options):
    return answers(host, protocol, address, port, **options)[0]


def addresses(node):
    return node.address, node.address6


@pytest.mark.parametrize("family", [0, 1], ids=["ipv4", "ipv6"])
@pytest.mark.parametrize("protocol", ["tcp", "udp"])
class TestEachWay:
    def test_from_outside_to_a_node_port(self, cluster, gateway, protocol, family):
        answer = ask(cluster.nodes[1], protocol, addresses(gateway)[family], 30080)
        assert answer == f"pod {['100.64.1.2', 'fd98::2'][family]}"

    def test_from_outside_to_the_host(self, cluster, gateway, protocol, family):
        address = addresses(cluster.nodes[1])[family]
        assert ask(cluster.nodes[1], protocol, addresses(gateway)[family], 8080) == f"host {address}"

    def test_from_a_pod_to_the_outside(self, cluster, gateway, protocol, family):
        answer = ask(Netns(gateway, "pod"), protocol, addresses(cluster.nodes[1])[family], 8080)
        assert answer == f"outside {addresses(gateway)[family]}"

    def test_from_the_host_to_the_outside(self, cluster, gateway, protocol, family):
        assert ask(gateway, protocol, addresses(cluster.nodes[1])[family], 8080) == f"outside {addresses(gateway)[family]}"


@pytest.mark.parametrize("family", [0, 1], ids=["ipv4", "ipv6"])
def test_fragments_of_the_host(cluster, gateway, family):
    address = addresses(cluster.nodes[1])[family]
    assert ask(cluster.nodes[1], "udp", addresses(gateway)[family], 8080, size=4000) == f"host {address}"


def test_neither_loses_its_neighbours(cluster, gateway):
    """Host and gateway router ask for the same neighbour and have one address: either gets its answers."""
    for where in [], ["ip", "netns", "exec", "pod"]:
        for address in addresses(cluster.nodes[1]):
            gateway.run(["ip", "neigh", "flush", "dev", BRIDGE])
            gateway.run([*where, "ping", "-c", "3", "-i", "0.2", "-w", "5", address])
