/* bench-work REMOTE VERB [ARGUMENT...]: does with the library what a row of the benchmark measures,
 * or makes the database that it is measured in. What has a time prints it, without the start of the
 * process and the connecting, as JSON: {"ms": TIME, "peak_kb": MEMORY}. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <ovnk8s/ovnk8s.h>

#define CLUSTER "10.0.0.0/8"

static const char usage[] =
    "usage: bench-work REMOTE VERB [ARGUMENT...]\n"
    "  fill NODES PORTS              a cluster of so many nodes, each with so many pod ports\n"
    "  node-add NAME                 one node, timed\n"
    "  node-del NAME...              nodes, and all ports on them\n"
    "  fresh PREFIX NODES NETWORK    nodes <PREFIX>0, <PREFIX>1, ... anew, with no ports, and "
    "with\n"
    "                                subnets <NETWORK>.0.0/24, <NETWORK>.1.0/24, ...\n"
    "  ports PREFIX NODES PORTS NETWORK|auto\n"
    "                                so many ports on each of them, timed: with addresses of "
    "these\n"
    "                                subnets, or chosen by the library\n";

static void check(int error)
{
    if (error) {
        fprintf(stderr, "bench-work: %s\n", ovnk8s_last_error()->message);
        exit(1);
    }
}

static double now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e3 + (double)time.tv_nsec / 1e6;
}

/* Not by getrusage(), which counts what the process was before it became this program. */
static long peak_kb(void)
{
    FILE *status = fopen("/proc/self/status", "r");
    char line[256];
    long kb = 0;

    while (status && fgets(line, sizeof line, status)) {
        sscanf(line, "VmHWM: %ld", &kb);
    }
    if (status) {
        fclose(status);
    }
    return kb;
}

static void tell(double start)
{
    const double ms = now() - start;

    printf("{\"ms\": %.4f, \"peak_kb\": %ld}\n", ms, peak_kb());
}

static ovnk8s_plan *new_plan(void)
{
    ovnk8s_plan *plan;

    check(ovnk8s_plan_new(&plan, NULL));
    return plan;
}

static void finish(ovnk8s_plan *plan, ovnk8s_nb *nb)
{
    check(ovnk8s_plan_apply(plan, nb, NULL));
    ovnk8s_plan_free(plan);
}

static void add_node(ovnk8s_plan *plan, const char *name, const char *subnet)
{
    ovnk8s_node node = OVNK8S_NODE_INIT;

    node.name = name;
    node.subnet = subnet;
    check(ovnk8s_node_add(plan, &node));
}

/* The strings of one port, made before the time that counts. */
struct pod {
    char name[128], uid[64], address[96];
};

/* Pods as Kubernetes would name them. With 'subnet', "10.1.2", from its third address on. */
static void name_pods(struct pod *pods, const char *node, unsigned int n, const char *subnet)
{
    for (unsigned int i = 0; i < n; i++) {
        snprintf(pods[i].name, sizeof pods->name, "web-%s-7d4b9c6f5-%05u", node, i);
        snprintf(pods[i].uid, sizeof pods->uid, "6f1c2d3e-4b5a-4c7d-8e9f-%012x", i);
        if (subnet) {
            snprintf(pods[i].address, sizeof pods->address, "%s.%u/24", subnet, i + 3);
        }
    }
}

static void add_ports(ovnk8s_plan *plan, const char *node, unsigned int n, const struct pod *pods)
{
    for (unsigned int i = 0; i < n; i++) {
        ovnk8s_port port = OVNK8S_PORT_INIT;

        port.pod_namespace = "production";
        port.pod = pods[i].name;
        port.node = node;
        port.pod_uid = pods[i].uid;
        port.addresses = *pods[i].address ? pods[i].address : NULL;
        check(ovnk8s_port_add(plan, &port));
    }
}

static struct pod *new_pods(unsigned int n)
{
    struct pod *pods = calloc(n + 1, sizeof *pods);

    if (!pods) {
        perror("bench-work");
        exit(1);
    }
    return pods;
}

static void fill(ovnk8s_nb *nb, char *args[])
{
    const unsigned int n_nodes = (unsigned int)atoi(args[0]), n_ports = (unsigned int)atoi(args[1]);
    ovnk8s_cluster cluster = OVNK8S_CLUSTER_INIT;
    struct pod *pods = new_pods(n_ports);
    ovnk8s_plan *plan = new_plan();

    cluster.name = "master";
    cluster.subnet = CLUSTER;
    check(ovnk8s_cluster_add(plan, &cluster));
    finish(plan, nb);
    for (unsigned int i = 0; i < n_nodes; i++) {
        char name[32];

        snprintf(name, sizeof name, "node%u", i);
        name_pods(pods, name, n_ports, NULL);
        plan = new_plan();
        add_node(plan, name, NULL);
        add_ports(plan, name, n_ports, pods);
        finish(plan, nb);
    }
    free(pods);
}

static void node_add(ovnk8s_nb *nb, char *args[])
{
    const double start = now();
    ovnk8s_plan *plan = new_plan();

    add_node(plan, args[0], NULL);
    finish(plan, nb);
    tell(start);
}

static void node_del(ovnk8s_nb *nb, char *args[])
{
    ovnk8s_plan *plan = new_plan();

    for (char **name = args; *name; name++) {
        check(ovnk8s_node_delete(plan, *name));
    }
    finish(plan, nb);
}

static void fresh(ovnk8s_nb *nb, char *args[])
{
    const unsigned int n_nodes = (unsigned int)atoi(args[1]);
    ovnk8s_plan *old = new_plan(), *new = new_plan();

    for (unsigned int i = 0; i < n_nodes; i++) {
        char name[64], subnet[64];

        snprintf(name, sizeof name, "%s%u", args[0], i);
        snprintf(subnet, sizeof subnet, "%s.%u.0/24", args[2], i);
        check(ovnk8s_node_delete(old, name));
        add_node(new, name, subnet);
    }
    finish(old, nb);
    finish(new, nb);
}

static void ports(ovnk8s_nb *nb, char *args[])
{
    const unsigned int n_nodes = (unsigned int)atoi(args[1]), n_ports = (unsigned int)atoi(args[2]);
    struct pod *pods = new_pods(n_nodes * n_ports);
    ovnk8s_plan *plan;
    double start;

    for (unsigned int i = 0; i < n_nodes; i++) {
        char name[64], subnet[64];

        snprintf(name, sizeof name, "%s%u", args[0], i);
        snprintf(subnet, sizeof subnet, "%s.%u", args[3], i);
        name_pods(pods + i * n_ports, name, n_ports, strcmp(args[3], "auto") ? subnet : NULL);
    }
    start = now();
    plan = new_plan();
    for (unsigned int i = 0; i < n_nodes; i++) {
        char name[64];

        snprintf(name, sizeof name, "%s%u", args[0], i);
        add_ports(plan, name, n_ports, pods + i * n_ports);
    }
    check(ovnk8s_plan_apply(plan, nb, NULL));
    tell(start);
    ovnk8s_plan_free(plan);
    free(pods);
}

static const struct verb {
    const char *name;
    int n_args;
    void (*run)(ovnk8s_nb *nb, char *args[]);
} verbs[] = {
    {"fill", 2, fill},   {"node-add", 1, node_add}, {"node-del", 1, node_del},
    {"fresh", 3, fresh}, {"ports", 4, ports},
};

int main(int argc, char *argv[])
{
    const struct verb *verb = NULL;
    ovnk8s_nb *nb;

    for (size_t i = 0; i < sizeof verbs / sizeof *verbs && argc > 2; i++) {
        if (!strcmp(argv[2], verbs[i].name) && argc >= 3 + verbs[i].n_args) {
            verb = &verbs[i];
        }
    }
    if (!verb) {
        fputs(usage, stderr);
        return 2;
    }
    check(ovnk8s_nb_open(&nb, argv[1], NULL));
    verb->run(nb, argv + 3);
    ovnk8s_nb_close(nb);
    return 0;
}
