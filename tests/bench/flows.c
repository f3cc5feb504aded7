/* bench-flows REMOTE NIC PATCH PORTS: takes a gateway's flows off a bridge and puts them back, with
 * so many NodePorts, over IPv4. Prints how long the latter took, without the connecting, and how
 * many flows they are, as JSON: {"ms": TIME, "flows": NUMBER}. */

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <ovnk8s/ovnk8s.h>

static void check(int error)
{
    if (error) {
        fprintf(stderr, "bench-flows: %s\n", ovnk8s_last_error()->message);
        exit(1);
    }
}

static double now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e3 + (double)time.tv_nsec / 1e6;
}

/* Computing what is wanted counts too. */
static double put(ovnk8s_bridge *bridge, const ovnk8s_gateway_flows *gateway, unsigned int n,
                  ovnk8s_flows_result *result)
{
    const double start = now();
    ovnk8s_flows *flows;
    double took;

    check(ovnk8s_flows_new(&flows, gateway));
    for (unsigned int i = 0; i < n; i++) {
        check(ovnk8s_flows_add_service(flows, "tcp", NULL, 30000 + i));
    }
    check(ovnk8s_flows_apply(flows, bridge, result));
    took = now() - start;
    ovnk8s_flows_free(flows);
    return took;
}

int main(int argc, char *argv[])
{
    ovnk8s_gateway_flows gateway = OVNK8S_GATEWAY_FLOWS_INIT;
    ovnk8s_flows_result result = {.size = sizeof result};
    ovnk8s_bridge *bridge;
    double took;

    if (argc != 5) {
        fputs("usage: bench-flows REMOTE NIC PATCH PORTS\n", stderr);
        return 2;
    }
    gateway.physical_port = argv[2];
    gateway.patch_port = argv[3];
    gateway.ipv6 = false;
    check(ovnk8s_bridge_open(&bridge, argv[1], NULL));
    check(ovnk8s_flows_delete(bridge, NULL));
    took = put(bridge, &gateway, (unsigned int)atoi(argv[4]), &result);
    printf("{\"ms\": %.4f, \"flows\": %zu}\n", took, result.added);
    ovnk8s_bridge_close(bridge);
    return 0;
}
