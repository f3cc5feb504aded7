/* The annotations of a pod that tell its network.
 *
 * "ovn", by which the watcher tells the CNI plugin what the network of a pod is:
 *
 *     {"ip_address": "192.168.2.3/24", "mac_address": "0a:58:c0:a8:02:03",
 *      "gateway_ip": "192.168.2.1"}
 *
 * A pod with two addresses also has "ip_addresses" and "gateway_ips", arrays that begin with what
 * the other two keys have.
 *
 * "k8s.ovn.org/pod-networks" is how ovn-kubernetes tells the same, by the name of the network:
 *
 *     {"default": {"ip_addresses": ["192.168.2.3/24"], "mac_address": "0a:58:c0:a8:02:03",
 *                  "gateway_ips": ["192.168.2.1"], "ip_address": "192.168.2.3/24",
 *                  "gateway_ip": "192.168.2.1"}}
 *
 * A pod with two addresses has the arrays alone. Networks but the default one are no matter here.
 */

#ifndef TOPOLOGY_ANNOTATION_H
#define TOPOLOGY_ANNOTATION_H

#include "base/ip.h"

#define POD_ANNOTATION "ovn"
#define POD_NETWORKS_ANNOTATION "k8s.ovn.org/pod-networks"

/* The network of a pod; one address of each family at most, the main one first. */
struct pod_network {
    struct prefixes addresses;
    struct ip gateways[2]; /* Of the address of the same index; family 0: none. */
    struct mac mac;
};

/* Parses 'text', trusting nothing in it. Fails with OVNK8S_INVALID and a message that names the
 * field, its value and what was expected. */
int annotation_parse(const char *text, struct pod_network *out);

/* The annotation that tells 'network', to be freed by free(); NULL when memory ran out. */
char *annotation_text(const struct pod_network *network);

/* The same for "k8s.ovn.org/pod-networks". A pod without gateways is none of ours, nor one with a
 * route that does not lead to its gateway. */
int pod_networks_parse(const char *text, struct pod_network *out);
char *pod_networks_text(const struct pod_network *network);

#endif /* annotation.h */
