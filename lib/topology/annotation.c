#include "topology/annotation.h"

#include <string.h>

#include <cjson/cJSON.h>

#include "base/error.h"

/* More than any sound annotation has; one that may tell of many networks. */
enum { MOST = 4096, MOST_NETWORKS = 65536 };

#define DEFAULT_NETWORK "default"

static int fail_value(const char *key, const cJSON *value, const char *expected)
{
    char *shown = value ? cJSON_PrintUnformatted(value) : NULL;

    fail(OVNK8S_INVALID, "%s %.80s: expected %s", key,
         shown   ? shown
         : value ? ""
                 : "is missing",
         expected);
    cJSON_free(shown);
    return OVNK8S_INVALID;
}

static int parse_mac(const cJSON *annotation, struct mac *out)
{
    static const struct mac none;
    const cJSON *value = cJSON_GetObjectItemCaseSensitive(annotation, "mac_address");

    if (!cJSON_IsString(value) || !mac_from_text(value->valuestring, out) || out->bytes[0] & 1 ||
        !memcmp(out, &none, sizeof none)) {
        return fail_value("mac_address", value, "a unicast one such as \"0a:58:0a:01:02:03\"");
    }
    return 0;
}

/* A network of one or two addresses has no address of its own. */
static bool is_host(const struct prefix *prefix)
{
    return prefix->length + 1 >= ip_bits(&prefix->ip) || !prefix_is_network(prefix);
}

static int parse_address(const char *key, const cJSON *value, struct pod_network *network)
{
    struct prefix *address = &network->addresses.of[network->addresses.n];

    if (!cJSON_IsString(value) || !prefix_from_text(value->valuestring, address) ||
        !is_host(address)) {
        return fail_value(key, value, "a host's address such as \"10.1.2.3/24\"");
    }
    if (network->addresses.n == 1 && address->ip.family == network->addresses.of[0].ip.family) {
        return fail_value(key, value, "an address of the other family than the first");
    }
    network->addresses.n++;
    return 0;
}

static int parse_gateway(const char *key, const cJSON *value, struct pod_network *network)
{
    struct ip gateway;

    if (!cJSON_IsString(value) || !ip_from_text(value->valuestring, &gateway)) {
        return fail_value(key, value, "an address such as \"10.1.2.1\"");
    }
    for (size_t i = 0; i < network->addresses.n; i++) {
        const struct prefix *address = &network->addresses.of[i];

        if (address->ip.family == gateway.family && !network->gateways[i].family &&
            prefix_contains(address, &gateway) && !ip_equal(&address->ip, &gateway)) {
            network->gateways[i] = gateway;
            return 0;
        }
    }
    return fail_value(key, value, "one other address for each of the pod's subnets");
}

/* Parses the value of 'key', or the array 'array_key' that begins with it. */
static int parse_both(const cJSON *annotation, const char *key, const char *array_key,
                      int (*parse)(const char *, const cJSON *, struct pod_network *),
                      struct pod_network *network)
{
    const cJSON *value = cJSON_GetObjectItemCaseSensitive(annotation, key);
    const cJSON *array = cJSON_GetObjectItemCaseSensitive(annotation, array_key);
    const int n = cJSON_GetArraySize(array);
    int error = parse(key, value, network);

    if (error || !array) {
        return error;
    }
    if (!cJSON_IsArray(array) || n < 1 || n > 2) {
        return fail_value(array_key, array, "an array of one or two");
    }
    if (!cJSON_Compare(cJSON_GetArrayItem(array, 0), value, true)) {
        return fail_value(array_key, array, "the other key's value in the first place");
    }
    return n == 2 ? parse(array_key, cJSON_GetArrayItem(array, 1), network) : 0;
}

static int parse_object(const cJSON *annotation, struct pod_network *network)
{
    int error;

    if (!cJSON_IsObject(annotation)) {
        return fail(OVNK8S_INVALID, "expected a JSON object");
    }
    error = parse_both(annotation, "ip_address", "ip_addresses", parse_address, network);
    if (!error) {
        error = parse_mac(annotation, &network->mac);
    }
    return error ? error
                 : parse_both(annotation, "gateway_ip", "gateway_ips", parse_gateway, network);
}

static int parse_text(const char *text, size_t most, struct pod_network *out,
                      int (*parse)(const cJSON *, struct pod_network *))
{
    cJSON *annotation;
    int error;

    *out = (struct pod_network){0};
    if (strlen(text) > most) {
        return fail(OVNK8S_INVALID, "\"%.32s...\": expected at most %zu characters", text, most);
    }
    annotation = cJSON_ParseWithOpts(text, NULL, true);
    error = annotation ? parse(annotation, out)
                       : fail(OVNK8S_INVALID, "\"%.80s\": expected JSON", text);
    cJSON_Delete(annotation);
    return error;
}

int annotation_parse(const char *text, struct pod_network *out)
{
    return parse_text(text, MOST, out, parse_object);
}

/* The annotation of ovn-kubernetes. */

/* The array, or, where there is none, the value of 'key'. */
static int parse_either(const cJSON *network, const char *key, const char *array_key,
                        int (*parse)(const char *, const cJSON *, struct pod_network *),
                        struct pod_network *out)
{
    const cJSON *array = cJSON_GetObjectItemCaseSensitive(network, array_key);
    const int n = cJSON_GetArraySize(array);
    int error = 0;

    if (!array) {
        return parse(key, cJSON_GetObjectItemCaseSensitive(network, key), out);
    }
    if (!cJSON_IsArray(array) || n < 1 || n > 2) {
        return fail_value(array_key, array, "an array of one or two");
    }
    for (int i = 0; i < n && !error; i++) {
        error = parse(array_key, cJSON_GetArrayItem(array, i), out);
    }
    return error;
}

/* A route by way of the gateway is part of the default route. */
static int check_route(const cJSON *route, const struct pod_network *network)
{
    const cJSON *value = cJSON_GetObjectItemCaseSensitive(route, "nextHop");
    struct ip via;

    if (!cJSON_IsString(value) || !ip_from_text(value->valuestring, &via) ||
        (!ip_equal(&via, &network->gateways[0]) && !ip_equal(&via, &network->gateways[1]))) {
        return fail_value("routes", route, "a route by way of the pod's gateway");
    }
    return 0;
}

static int check_routes(const cJSON *json, const struct pod_network *network)
{
    const cJSON *routes = cJSON_GetObjectItemCaseSensitive(json, "routes"), *route;
    int error = 0;

    if (routes && !cJSON_IsArray(routes) && !cJSON_IsNull(routes)) {
        return fail_value("routes", routes, "an array");
    }
    cJSON_ArrayForEach (route, routes) {
        error = error ? error : check_route(route, network);
    }
    return error;
}

static int parse_networks(const cJSON *networks, struct pod_network *out)
{
    const cJSON *json = cJSON_GetObjectItemCaseSensitive(networks, DEFAULT_NETWORK);
    int error;

    if (!cJSON_IsObject(json)) {
        return fail_value(DEFAULT_NETWORK, json, "a JSON object");
    }
    error = parse_either(json, "ip_address", "ip_addresses", parse_address, out);
    error = error ? error : parse_mac(json, &out->mac);
    error = error ? error : parse_either(json, "gateway_ip", "gateway_ips", parse_gateway, out);
    return error ? error : check_routes(json, out);
}

int pod_networks_parse(const char *text, struct pod_network *out)
{
    return parse_text(text, MOST_NETWORKS, out, parse_networks);
}

/* Writing. */

static bool add_array(cJSON *json, const char *key, const char *const *texts, size_t n)
{
    cJSON *array = cJSON_CreateStringArray(texts, (int)n);

    if (array && cJSON_AddItemToObject(json, key, array)) {
        return true;
    }
    cJSON_Delete(array);
    return false;
}

/* The addresses and gateways as text. */
struct texts {
    char ips[2][PREFIX_TEXT], vias[2][IP_TEXT], mac[MAC_TEXT];
};

static void write_texts(const struct pod_network *network, struct texts *out)
{
    for (size_t i = 0; i < network->addresses.n; i++) {
        prefix_to_text(&network->addresses.of[i], out->ips[i]);
        ip_to_text(&network->gateways[i], out->vias[i]);
    }
    mac_to_text(&network->mac, out->mac);
}

static bool add_arrays(cJSON *json, const struct texts *texts, size_t n)
{
    const char *const ips[] = {texts->ips[0], texts->ips[1]};
    const char *const vias[] = {texts->vias[0], texts->vias[1]};

    return add_array(json, "ip_addresses", ips, n) && add_array(json, "gateway_ips", vias, n);
}

static bool add_values(cJSON *json, const struct pod_network *network)
{
    struct texts texts;

    write_texts(network, &texts);
    return cJSON_AddStringToObject(json, "ip_address", texts.ips[0]) &&
           cJSON_AddStringToObject(json, "mac_address", texts.mac) &&
           cJSON_AddStringToObject(json, "gateway_ip", texts.vias[0]) &&
           (network->addresses.n < 2 || add_arrays(json, &texts, 2));
}

static bool add_networks(cJSON *json, const struct pod_network *network)
{
    cJSON *member = cJSON_AddObjectToObject(json, DEFAULT_NETWORK);
    struct texts texts;

    write_texts(network, &texts);
    return add_arrays(member, &texts, network->addresses.n) &&
           cJSON_AddStringToObject(member, "mac_address", texts.mac) &&
           (network->addresses.n > 1 ||
            (cJSON_AddStringToObject(member, "ip_address", texts.ips[0]) &&
             cJSON_AddStringToObject(member, "gateway_ip", texts.vias[0])));
}

static char *text_of(const struct pod_network *network,
                     bool (*add)(cJSON *json, const struct pod_network *network))
{
    cJSON *json = cJSON_CreateObject();
    char *text = json && add(json, network) ? cJSON_PrintUnformatted(json) : NULL;

    cJSON_Delete(json);
    return text;
}

char *annotation_text(const struct pod_network *network)
{
    return text_of(network, add_values);
}

char *pod_networks_text(const struct pod_network *network)
{
    return text_of(network, add_networks);
}
