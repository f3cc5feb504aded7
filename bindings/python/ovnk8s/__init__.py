"""libovnk8s: puts containers on OVN.

    import ovnk8s

    with ovnk8s.Northbound("unix:/run/ovn/ovnnb_db.sock") as nb, ovnk8s.Plan() as plan:
        plan.add_cluster("kube-master", "192.168.0.0/16")
        plan.add_node("n1")
        plan.apply(nb)
        print(plan)

There is a module for each header of the C library; all names are here. docs/python.md of the repository has a tour.

In the examples of docstrings `nb`, `sb` and `vswitch` are connections, and there is a cluster "kube-master" of
192.168.0.0/16 with node "n1" and pod "default/web".
"""
from ovnk8s.addresses import Addresses, IPAddress, IPInterface, IPNetwork
from ovnk8s.apply import Apply
from ovnk8s.cancel import Cancel
from ovnk8s.cni import CNI_VERSIONS, CniAnswer, cni_install, cni_install_preview, cni_run
from ovnk8s.errors import (Cancelled, Conflict, Error, Exhausted, Exists, Invalid, NoMemory, NotFound, Permission,
                           Protocol, System, Timeout, Unavailable, Unsupported, error_name)
from ovnk8s.flows import DEFAULT_ZONE, FLOWS_COOKIE, Bridge, Flows, FlowsResult, GatewayFlows
from ovnk8s.gateway_helper import GatewayHelper, GatewayHelperStatus, HealthCheck
from ovnk8s.gateway_host import GatewayHost, GatewayLook
from ovnk8s.host import Host
from ovnk8s.kube import Event, EventKind, Follower, Kube, KubeObject
from ovnk8s.log import Log, LogLevel
from ovnk8s.nb import Northbound
from ovnk8s.network import Attachment
from ovnk8s.plan import DEFAULT_OWNER, Change, Plan, PlanDict, Wait
from ovnk8s.plug import Plug, Plugged, plugged
from ovnk8s.sb import Chassis, Southbound
from ovnk8s.service import ENDPOINTS_MAX, PORTS_MAX, Endpoint, ServicePort
from ovnk8s.settings import Settings
from ovnk8s.subnet import Subnets
from ovnk8s.topology import Cluster, Drawing, Gateway, Network, Node, Port, Topology
from ovnk8s.trace import Hop, Trace
from ovnk8s.uplink import Uplink, UplinkRecord, UplinkState, uplinks
from ovnk8s.version import VERSION, version
from ovnk8s.vswitch import Vswitch
from ovnk8s.watcher import Watcher, WatcherStatus

__version__ = VERSION

__all__ = [
    "CNI_VERSIONS", "DEFAULT_OWNER", "DEFAULT_ZONE", "ENDPOINTS_MAX", "FLOWS_COOKIE", "PORTS_MAX", "VERSION",
    "Addresses", "Apply", "Attachment", "Bridge", "Cancel", "Cancelled", "Change", "Chassis", "Cluster", "CniAnswer",
    "Conflict", "Drawing", "Endpoint", "Error", "Event", "EventKind", "Exhausted", "Exists", "Flows", "FlowsResult",
    "Follower", "Gateway", "GatewayFlows", "GatewayHelper", "GatewayHelperStatus", "GatewayHost", "GatewayLook", "HealthCheck",
    "Hop", "Host", "IPAddress", "IPInterface", "IPNetwork", "Invalid", "Kube", "KubeObject", "Log", "LogLevel", "Network",
    "NoMemory", "Node", "Northbound", "NotFound", "Permission", "Plan", "PlanDict", "Plug", "Plugged", "Port",
    "Protocol", "ServicePort", "Settings", "Southbound", "Subnets", "System", "Timeout", "Topology", "Trace",
    "Unavailable", "Unsupported", "Uplink", "UplinkRecord", "UplinkState", "Vswitch", "Wait", "Watcher",
    "WatcherStatus", "cni_install", "cni_install_preview", "cni_run", "error_name", "plugged", "uplinks", "version",
]
