#include "topology/annotation.h"

#include <string.h>

#include <cjson/cJSON.h>

#include "base/error.h"

/* More than any sound annotation has. */
enum { MOST = 4096 };

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

int annotation_parse(const char *text, struct pod_network *out)
{
    cJSON *annotation;
    int error;

    *out = (struct pod_network){0};
    if (strlen(text) > MOST) {
        return fail(OVNK8S_INVALID, "\"%.32s...\": expected at most %d characters", text, MOST);
    }
    annotation = cJSON_ParseWithOpts(text, NULL, true);
    error = annotation ? parse_object(annotation, out)
                       : fail(OVNK8S_INVALID, "\"%.80s\": expected JSON", text);
    cJSON_Delete(annotation);
    return error;
}

/* Writing. */

static bool add_array(cJSON *json, const char *key, const char *const texts[2])
{
    cJSON *array = cJSON_CreateStringArray(texts, 2);

    if (array && cJSON_AddItemToObject(json, key, array)) {
        return true;
    }
    cJSON_Delete(array);
    return false;
}

static bool add_values(cJSON *json, const struct pod_network *network)
{
    char ips[2][PREFIX_TEXT], vias[2][IP_TEXT], mac[MAC_TEXT];
    const char *const ip_texts[] = {ips[0], ips[1]}, *const via_texts[] = {vias[0], vias[1]};

    for (size_t i = 0; i < network->addresses.n; i++) {
        prefix_to_text(&network->addresses.of[i], ips[i]);
        ip_to_text(&network->gateways[i], vias[i]);
    }
    return cJSON_AddStringToObject(json, "ip_address", ips[0]) &&
           cJSON_AddStringToObject(json, "mac_address", mac_to_text(&network->mac, mac)) &&
           cJSON_AddStringToObject(json, "gateway_ip", vias[0]) &&
           (network->addresses.n < 2 || (add_array(json, "ip_addresses", ip_texts) &&
                                         add_array(json, "gateway_ips", via_texts)));
}

char *annotation_text(const struct pod_network *network)
{
    cJSON *json = cJSON_CreateObject();
    char *text = json && add_values(json, network) ? cJSON_PrintUnformatted(json) : NULL;

    cJSON_Delete(json);
    return text;
}
