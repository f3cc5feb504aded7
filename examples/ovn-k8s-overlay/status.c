/* Verbs that show what there is: status and topology. */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "overlay.h"

static ovnk8s_topology *read_topology(const struct command *command, bool with_ports)
{
    ovnk8s_plan *plan = new_plan(command);
    ovnk8s_nb *nb = open_nb(command);
    ovnk8s_topology *topology;

    cli_check(ovnk8s_topology_read(plan, NULL, with_ports));
    cli_check(ovnk8s_plan_compute(plan, nb, NULL));
    cli_check(ovnk8s_topology_new(&topology, plan));
    ovnk8s_nb_close(nb);
    ovnk8s_plan_free(plan);
    return topology;
}

int run_topology(const struct command *command)
{
    static const enum ovnk8s_drawing forms[] = {
        [FORMAT_TEXT] = OVNK8S_DRAWING_TEXT,
        [FORMAT_JSON] = OVNK8S_DRAWING_JSON,
        [FORMAT_DOT] = OVNK8S_DRAWING_DOT,
        [FORMAT_SVG] = OVNK8S_DRAWING_SVG,
    };
    ovnk8s_topology *topology = read_topology(command, command->has_ports);
    char *text;

    cli_check(ovnk8s_topology_draw(&text, topology, forms[command->format]));
    fputs(text, stdout);
    ovnk8s_free(text);
    ovnk8s_topology_free(topology);
    return CLI_OK;
}

/* Chassis: who has joined. */

struct chassis_list {
    ovnk8s_chassis **all; /* Ends with NULL; NULL: not known. */
    size_t n;
};

static void go_on_without(const char *what)
{
    fprintf(stderr, "%s: without %s: %s\n", program_invocation_short_name, what,
            ovnk8s_last_error()->message);
}

/* Open vSwitch knows where the Southbound database is, unless somebody has told. */
static void locate_sb(ovnk8s_settings *settings)
{
    ovnk8s_vswitch *vswitch;

    if (!ovnk8s_settings_asks_vswitch(settings, "sb") ||
        ovnk8s_settings_asks_vswitch(settings, "nb")) { /* Then it was asked. */
        return;
    }
    if (ovnk8s_settings_open_vswitch(settings, &vswitch)) {
        go_on_without("external_ids");
    } else {
        ovnk8s_vswitch_close(vswitch);
    }
}

/* A status without them is better than none. */
static struct chassis_list read_chassis(const struct command *command)
{
    struct chassis_list list = {0};
    ovnk8s_sb *sb = NULL;

    locate_sb(command->cli.settings);
    if (ovnk8s_settings_open_sb(command->cli.settings, &sb) ||
        ovnk8s_sb_chassis(sb, &list.all, &list.n)) {
        go_on_without("chassis");
    }
    ovnk8s_sb_close(sb);
    return list;
}

/* A chassis is a node's when its host is called like it, or it is itself. */
static const ovnk8s_chassis *find_chassis(const struct chassis_list *list, const char *node)
{
    for (size_t i = 0; i < list->n; i++) {
        if (!strcmp(list->all[i]->name, node) || !strcmp(list->all[i]->hostname, node)) {
            return list->all[i];
        }
    }
    return NULL;
}

static bool is_of_node(const ovnk8s_chassis *chassis, const ovnk8s_topology *topology)
{
    const ovnk8s_node_state *node;

    for (size_t i = 0; (node = ovnk8s_topology_node(topology, i)); i++) {
        if (!strcmp(chassis->name, node->name) || !strcmp(chassis->hostname, node->name)) {
            return true;
        }
    }
    return false;
}

/* As text. */

static int width_of(const ovnk8s_topology *topology, const char *heading, bool of_subnets)
{
    size_t width = strlen(heading);
    const ovnk8s_node_state *node;

    for (size_t i = 0; (node = ovnk8s_topology_node(topology, i)); i++) {
        const size_t length = strlen(of_subnets ? node->subnet : node->name);

        width = length > width ? length : width;
    }
    return (int)width;
}

/* "3/252", or "3" where the capacity is more than that counts. */
static void print_use(char text[static 48], const ovnk8s_node_state *node)
{
    if (node->capacity == UINT64_MAX) {
        snprintf(text, 48, "%" PRIu64, node->n_ports);
    } else {
        snprintf(text, 48, "%" PRIu64 "/%" PRIu64, node->n_ports, node->capacity);
    }
}

static void print_chassis(const ovnk8s_chassis *chassis)
{
    printf("%s %s %s\n", chassis->name, *chassis->encap_type ? chassis->encap_type : "-",
           *chassis->encap_ip ? chassis->encap_ip : "-");
}

static void print_nodes(const ovnk8s_topology *topology, const struct chassis_list *list)
{
    const int name = width_of(topology, "NODE", false), subnet = width_of(topology, "SUBNET", true);
    const ovnk8s_node_state *node;

    printf("%-*s  %-*s  %-11s  CHASSIS\n", name, "NODE", subnet, "SUBNET", "PORTS");
    for (size_t i = 0; (node = ovnk8s_topology_node(topology, i)); i++) {
        const ovnk8s_chassis *chassis = find_chassis(list, node->name);
        char use[48];

        print_use(use, node);
        printf("%-*s  %-*s  %-11s  ", name, node->name, subnet, node->subnet, use);
        if (chassis) {
            print_chassis(chassis);
        } else {
            puts(list->all ? "none" : "unknown");
        }
    }
}

/* The width of a column that has a text for each gateway. */
static int width_of_gateways(const ovnk8s_topology *topology, const char *heading,
                             const char *(*tell)(const ovnk8s_gateway *gateway))
{
    size_t width = strlen(heading);
    const ovnk8s_gateway_state *state;

    for (size_t i = 0; (state = ovnk8s_topology_gateway(topology, i)); i++) {
        const size_t length = strlen(tell(state->gateway));

        width = length > width ? length : width;
    }
    return (int)width;
}

static const char *node_of(const ovnk8s_gateway *gateway)
{
    return gateway->node;
}

static const char *addresses_of(const ovnk8s_gateway *gateway)
{
    return gateway->physical_ips;
}

static const char *next_hops_of(const ovnk8s_gateway *gateway)
{
    return *gateway->default_gateways ? gateway->default_gateways : "-";
}

static void print_gateways(const ovnk8s_topology *topology)
{
    const int node = width_of_gateways(topology, "GATEWAY", node_of);
    const int addresses = width_of_gateways(topology, "ADDRESS", addresses_of);
    const int via = width_of_gateways(topology, "NEXT HOP", next_hops_of);
    const ovnk8s_gateway_state *state;

    if (!ovnk8s_topology_gateways(topology)) {
        puts("gateways: none");
        return;
    }
    printf("%-*s  %-*s  %-15s  %-*s  JOIN\n", node, "GATEWAY", addresses, "ADDRESS", "INTERFACE",
           via, "NEXT HOP");
    for (size_t i = 0; (state = ovnk8s_topology_gateway(topology, i)); i++) {
        printf("%-*s  %-*s  %-15s  %-*s  %s%s\n", node, state->gateway->node, addresses,
               state->gateway->physical_ips, state->gateway->interface, via,
               next_hops_of(state->gateway), state->join_addresses,
               state->is_first ? " (first)" : "");
    }
}

static void print_networks(const ovnk8s_topology *topology)
{
    const ovnk8s_network_state *state;

    for (size_t i = 0; (state = ovnk8s_topology_network(topology, i)); i++) {
        printf("network %s, subnet %s, gateway %s, %s, %" PRIu64 " attachment%s\n",
               state->network->name, state->network->subnet,
               state->network->gateway ? state->network->gateway : "none",
               state->network->is_routed ? "routed" : "not routed", state->n_attachments,
               state->n_attachments == 1 ? "" : "s");
    }
}

static void print_status_text(const ovnk8s_topology *topology, const struct chassis_list *list)
{
    const ovnk8s_cluster *cluster = ovnk8s_topology_cluster(topology);

    if (cluster) {
        printf("cluster %s, subnet %s, join subnet %s", cluster->name, cluster->subnet,
               cluster->join_subnet ? cluster->join_subnet : "-");
        if (cluster->service_range) {
            printf(", service range %s", cluster->service_range);
        }
        putchar('\n');
    } else {
        puts("no cluster");
    }
    print_gateways(topology);
    if (ovnk8s_topology_nodes(topology)) {
        print_nodes(topology, list);
    }
    for (size_t i = 0; i < list->n; i++) {
        if (!is_of_node(list->all[i], topology)) {
            fputs("chassis without node: ", stdout);
            print_chassis(list->all[i]);
        }
    }
    print_networks(topology);
}

/* As JSON: the drawing's, with more members. */

static void print_member(const char *key, const char *value)
{
    printf("\"%s\":", key);
    cli_print_json_string(value);
}

static void print_chassis_json(const struct chassis_list *list)
{
    if (!list->all) {
        fputs("null", stdout);
        return;
    }
    putchar('[');
    for (size_t i = 0; i < list->n; i++) {
        fputs(i ? ",{" : "{", stdout);
        print_member("name", list->all[i]->name);
        putchar(',');
        print_member("hostname", list->all[i]->hostname);
        putchar(',');
        print_member("encap_type", list->all[i]->encap_type);
        putchar(',');
        print_member("encap_ip", list->all[i]->encap_ip);
        putchar('}');
    }
    putchar(']');
}

static void print_networks_json(const ovnk8s_topology *topology)
{
    const ovnk8s_network_state *state;

    putchar('[');
    for (size_t i = 0; (state = ovnk8s_topology_network(topology, i)); i++) {
        fputs(i ? ",{" : "{", stdout);
        print_member("name", state->network->name);
        putchar(',');
        print_member("subnet", state->network->subnet);
        if (state->network->gateway) {
            putchar(',');
            print_member("gateway", state->network->gateway);
        }
        printf(",\"routed\":%s,\"attachments\":%" PRIu64 "}",
               state->network->is_routed ? "true" : "false", state->n_attachments);
    }
    putchar(']');
}

static void print_status_json(const ovnk8s_topology *topology, const struct chassis_list *list)
{
    char *json;

    cli_check(ovnk8s_topology_draw(&json, topology, OVNK8S_DRAWING_JSON));
    *strrchr(json, '}') = '\0';
    printf("%s,\"chassis\":", json);
    print_chassis_json(list);
    fputs(",\"networks\":", stdout);
    print_networks_json(topology);
    puts("}");
    ovnk8s_free(json);
}

int run_status(const struct command *command)
{
    ovnk8s_topology *topology = read_topology(command, false);
    struct chassis_list list = read_chassis(command);

    if (command->format == FORMAT_JSON) {
        print_status_json(topology, &list);
    } else {
        print_status_text(topology, &list);
    }
    ovnk8s_free(list.all);
    ovnk8s_topology_free(topology);
    return CLI_OK;
}
