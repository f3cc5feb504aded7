#include "topology/gateway.h"
#include "topology/names.h"
#include "topology/parts.h"
#include "topology/topology.h"

/* A gateway that shares its interface with the host has the host's addresses. What a pod sends to
 * them would be taken to a gateway router: to that of any gateway, of which this very one would
 * take it for its own. So the cluster router takes it to the host by the port that the host has as
 * a node, wherever the pod is, and without SNAT.
 *
 * What is for a NodePort does not come so far: the switches of nodes balance it, whatever number it
 * has. */

static struct policy host_policy(struct arena *arena, const char *owner, const char *node,
                                 const struct prefix *host)
{
    return (struct policy){.id = gateway_policy_id(owner, "host", node, host),
                           .title = route_title(arena, "host ", node, host),
                           .priority = PRIORITY_HOST,
                           .match = match_destination(arena, host),
                           .action = "reroute"};
}

static struct prefix host_of(const struct prefix *address)
{
    return (struct prefix){address->ip, ip_bits(&address->ip)};
}

void want_host_policies(struct rows *wanted, const char *owner, struct row *router,
                        const struct gateway_record *gateway, const struct prefixes *subnets)
{
    const struct prefixes own = addresses_at(subnets, MANAGEMENT_INDEX);

    for (size_t i = 0; i < gateway->addresses.n && gateway->is_shared; i++) {
        const struct prefix host = host_of(&gateway->addresses.of[i]);
        const struct prefix *via = prefixes_of(&own, host.ip.family);
        struct policy policy = host_policy(&wanted->arena, owner, gateway->node, &host);

        if (via) {
            policy.next_hop = &via->ip;
            want_policy(wanted, owner, router, &policy);
        }
    }
}

static bool has_host(const struct gateway_record *gateway, const struct ip *ip)
{
    const struct prefix *address = prefixes_of(&gateway->addresses, ip->family);

    return gateway->is_shared && address && ip_equal(&address->ip, ip);
}

void drop_host_policies(struct rows *wanted, const char *owner, struct row *router,
                        const struct gateway_record *before, const struct gateway_record *now)
{
    for (size_t i = 0; i < before->addresses.n && before->is_shared; i++) {
        const struct prefix host = host_of(&before->addresses.of[i]);
        const struct policy policy = host_policy(&wanted->arena, owner, before->node, &host);

        if (!(now && has_host(now, &host.ip))) {
            drop_policy(wanted, router, &policy);
        }
    }
}
