/* A topology as JSON; docs/topology.md describes it. */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "topology/draw.h"

/* Building goes on after a lack of memory; what matters is whether anything is missing at the end.
 */
struct builder {
    bool failed;
};

static void put(struct builder *builder, cJSON *object, const char *key, cJSON *value)
{
    if (!value || !cJSON_AddItemToObject(object, key, value)) {
        cJSON_Delete(value);
        builder->failed = true;
    }
}

static void append(struct builder *builder, cJSON *array, cJSON *value)
{
    if (!value || !cJSON_AddItemToArray(array, value)) {
        cJSON_Delete(value);
        builder->failed = true;
    }
}

static void put_string(struct builder *builder, cJSON *object, const char *key, const char *value)
{
    put(builder, object, key, value ? cJSON_CreateString(value) : cJSON_CreateNull());
}

/* As text, since cJSON's numbers are floating-point. */
static void put_count(struct builder *builder, cJSON *object, const char *key, uint64_t value)
{
    char text[24];

    snprintf(text, sizeof text, "%" PRIu64, value);
    put(builder, object, key, cJSON_CreateRaw(text));
}

static void put_items(struct builder *builder, cJSON *object, const char *key, const char *items)
{
    cJSON *array = cJSON_CreateArray();
    const char *item;

    for (size_t n; (n = next_item(&items, &item));) {
        char text[128];

        snprintf(text, sizeof text, "%.*s", (int)n, item);
        append(builder, array, cJSON_CreateString(text));
    }
    put(builder, object, key, array);
}

static cJSON *cluster_json(struct builder *builder, const ovnk8s_cluster *cluster)
{
    cJSON *object;

    if (!cluster) {
        return cJSON_CreateNull();
    }
    object = cJSON_CreateObject();
    put_string(builder, object, "name", cluster->name);
    put_string(builder, object, "subnet", cluster->subnet);
    put_string(builder, object, "join_subnet", cluster->join_subnet);
    if (cluster->service_range) {
        put_string(builder, object, "service_range", cluster->service_range);
    }
    return object;
}

static void put_flag(struct builder *builder, cJSON *object, const char *key, bool value)
{
    put(builder, object, key, cJSON_CreateBool(value));
}

static cJSON *gateway_json(struct builder *builder, const ovnk8s_gateway_state *state)
{
    const ovnk8s_gateway *gateway = state->gateway;
    cJSON *object = cJSON_CreateObject();

    put_string(builder, object, "node", gateway->node);
    put_string(builder, object, "chassis", gateway->chassis);
    put_string(builder, object, "interface", gateway->interface);
    put_string(builder, object, "mac", gateway->mac);
    put_items(builder, object, "physical_ips", gateway->physical_ips);
    put_items(builder, object, "default_gateways", gateway->default_gateways);
    put_items(builder, object, "rampout_subnets", gateway->rampout_subnets);
    put_flag(builder, object, "single_default", gateway->single_default);
    put_flag(builder, object, "shared", gateway->is_shared);
    put_items(builder, object, "join_addresses", state->join_addresses);
    put_flag(builder, object, "first", state->is_first);
    return object;
}

static cJSON *gateways_json(struct builder *builder, const struct drawing *drawing)
{
    cJSON *array = cJSON_CreateArray();

    for (size_t i = 0; i < drawing->n_gateways; i++) {
        append(builder, array, gateway_json(builder, drawing->gateways[i]));
    }
    return array;
}

static cJSON *port_json(struct builder *builder, const ovnk8s_port *port)
{
    cJSON *object = cJSON_CreateObject();

    put_string(builder, object, "namespace", port->pod_namespace);
    put_string(builder, object, "pod", port->pod);
    put_items(builder, object, "addresses", port->addresses);
    put_string(builder, object, "mac", port->mac);
    put_string(builder, object, "pod_uid", port->pod_uid);
    return object;
}

static cJSON *ports_json(struct builder *builder, const struct drawn_node *node)
{
    cJSON *array = cJSON_CreateArray();

    for (size_t i = 0; i < node->n_ports; i++) {
        append(builder, array, port_json(builder, node->ports[i]));
    }
    return array;
}

static cJSON *node_json(struct builder *builder, const struct drawing *drawing,
                        const struct drawn_node *node)
{
    const ovnk8s_node_state *state = node->state;
    cJSON *object = cJSON_CreateObject();

    put_string(builder, object, "name", state->name);
    put_string(builder, object, "subnet", state->subnet);
    put_items(builder, object, "gateways", state->gateways);
    put_items(builder, object, "addresses", state->addresses);
    put_count(builder, object, "n_ports", state->n_ports);
    if (state->capacity == UINT64_MAX) {
        put(builder, object, "capacity", cJSON_CreateNull());
    } else {
        put_count(builder, object, "capacity", state->capacity);
    }
    if (drawing->has_ports) {
        put(builder, object, "ports", ports_json(builder, node));
    }
    return object;
}

static cJSON *drawing_json(struct builder *builder, const struct drawing *drawing)
{
    cJSON *root = cJSON_CreateObject(), *nodes = cJSON_CreateArray();

    put(builder, root, "cluster", cluster_json(builder, drawing->cluster));
    for (size_t i = 0; i < drawing->n_nodes; i++) {
        append(builder, nodes, node_json(builder, drawing, &drawing->nodes[i]));
    }
    put(builder, root, "nodes", nodes);
    put(builder, root, "gateways", gateways_json(builder, drawing));
    return root;
}

void draw_json(const struct drawing *drawing, struct text *out)
{
    struct builder builder = {false};
    cJSON *root = drawing_json(&builder, drawing);
    char *printed = builder.failed ? NULL : cJSON_PrintUnformatted(root);

    if (printed) {
        text_add(out, printed);
        text_add(out, "\n");
    } else {
        out->failed = true;
    }
    cJSON_free(printed);
    cJSON_Delete(root);
}
