#include "cni/result.h"

#include <string.h>

#include "base/mem.h"
#include "cni/answer.h"
#include "cni/config.h"
#include "cni/previous.h"

static cJSON *add_element(cJSON *array)
{
    cJSON *object = cJSON_CreateObject();

    if (!cJSON_AddItemToArray(array, object)) {
        cJSON_Delete(object);
        return NULL;
    }
    return object;
}

/* In the form of the newest version, which can tell everything. */

static cJSON *add_interface(cJSON *interfaces, const struct cni_result *result, const char *name)
{
    cJSON *interface = add_element(interfaces);

    cJSON_AddStringToObject(interface, "name", name);
    if (result->mtu && cni_version_is_since(result->version, "1.1.0")) {
        cJSON_AddNumberToObject(interface, "mtu", result->mtu);
    }
    return interface;
}

/* Returns the place of the one inside the container. */
static int add_interfaces(cJSON *interfaces, const struct cni_result *result)
{
    cJSON *inside;
    char mac[MAC_TEXT];

    add_interface(interfaces, result, result->host_interface);
    inside = add_interface(interfaces, result, result->interface);
    cJSON_AddStringToObject(inside, "mac", mac_to_text(&result->network->mac, mac));
    cJSON_AddStringToObject(inside, "sandbox", result->netns);
    return cJSON_GetArraySize(interfaces) - 1;
}

static void add_address(cJSON *ips, const struct prefix *address, const struct ip *gateway,
                        int interface)
{
    char text[PREFIX_TEXT];
    cJSON *ip = add_element(ips);

    cJSON_AddStringToObject(ip, "address", prefix_to_text(address, text));
    if (gateway->family) {
        cJSON_AddStringToObject(ip, "gateway", ip_to_text(gateway, text));
    }
    cJSON_AddNumberToObject(ip, "interface", interface);
}

static void add_route(cJSON *routes, const char *to, const char *gateway)
{
    cJSON *route = add_element(routes);

    cJSON_AddStringToObject(route, "dst", to);
    if (*gateway) {
        cJSON_AddStringToObject(route, "gw", gateway);
    }
}

static void add_default_route(cJSON *routes, const struct ip *gateway)
{
    char text[IP_TEXT];

    add_route(routes, gateway->family == 4 ? "0.0.0.0/0" : "::/0", ip_to_text(gateway, text));
}

/* Those of "DESTINATION[ GATEWAY],...". */
static void add_further_routes(cJSON *routes, const char *text)
{
    while (text && *text) {
        const size_t length = strcspn(text, ",");
        char to[PREFIX_TEXT] = "", gateway[IP_TEXT] = "", one[PREFIX_TEXT + IP_TEXT];

        snprintf(one, sizeof one, "%.*s", (int)length, text);
        if (sscanf(one, " %49s %45s", to, gateway) > 0) {
            add_route(routes, to, gateway);
        }
        text += length + (text[length] == ',');
    }
}

static void add_network(cJSON *object, const struct cni_result *result)
{
    const struct pod_network *network = result->network;
    const int inside = add_interfaces(cJSON_GetObjectItem(object, "interfaces"), result);
    cJSON *routes = cJSON_GetObjectItem(object, "routes");

    for (size_t i = 0; i < network->addresses.n; i++) {
        add_address(cJSON_GetObjectItem(object, "ips"), &network->addresses.of[i],
                    &network->gateways[i], inside);
        if (network->gateways[i].family) {
            add_default_route(routes, &network->gateways[i]);
        }
    }
    add_further_routes(routes, result->routes);
}

/* In the forms of earlier versions. */

static bool is_ipv6(const cJSON *object, const char *key)
{
    const char *text = cJSON_GetStringValue(cni_find(object, key));

    return text && strchr(text, ':');
}

/* Until 1.0.0 each address says of which family it is. */
static void set_families(cJSON *object, bool said)
{
    cJSON *ip;

    cJSON_ArrayForEach (ip, cJSON_GetObjectItem(object, "ips")) {
        cJSON_DeleteItemFromObject(ip, "version");
        if (said) {
            cJSON_AddStringToObject(ip, "version", is_ipv6(ip, "address") ? "6" : "4");
        }
    }
}

static void add_routes_of(cJSON *family, const cJSON *routes, bool ipv6)
{
    cJSON *own = cJSON_AddArrayToObject(family, "routes");
    const cJSON *route;

    cJSON_ArrayForEach (route, routes) {
        if (is_ipv6(route, "dst") == ipv6) {
            cJSON_AddItemToArray(own, cJSON_Duplicate(route, true));
        }
    }
}

/* Before 0.3.0 there are no interfaces, and one address of each family. */
static void add_family(cJSON *object, const char *key, bool ipv6)
{
    const cJSON *ip;

    cJSON_ArrayForEach (ip, cJSON_GetObjectItem(object, "ips")) {
        if (is_ipv6(ip, "address") == ipv6) {
            cJSON *family = cJSON_AddObjectToObject(object, key);
            const char *gateway = cJSON_GetStringValue(cni_find(ip, "gateway"));

            cJSON_AddItemToObject(family, "ip", cJSON_Duplicate(cni_find(ip, "address"), false));
            if (gateway) {
                cJSON_AddStringToObject(family, "gateway", gateway);
            }
            add_routes_of(family, cJSON_GetObjectItem(object, "routes"), ipv6);
            return;
        }
    }
}

static void make_old(cJSON *object)
{
    cJSON *dns = cJSON_DetachItemFromObject(object, "dns");

    add_family(object, "ip4", false);
    add_family(object, "ip6", true);
    cJSON_DeleteItemFromObject(object, "interfaces");
    cJSON_DeleteItemFromObject(object, "ips");
    cJSON_DeleteItemFromObject(object, "routes");
    cJSON_AddItemToObject(object, "dns", dns);
}

void cni_write_result(struct text *out, const struct cni_result *result)
{
    cJSON *object = cni_previous_copy(result->previous, result->version);

    add_network(object, result);
    if (cJSON_GetArraySize(result->dns)) {
        cJSON_ReplaceItemInObject(object, "dns", cJSON_Duplicate(result->dns, true));
    }
    if (!cni_version_is_since(result->version, "0.3.0")) {
        make_old(object);
    } else {
        set_families(object, !cni_version_is_since(result->version, "1.0.0"));
    }
    cni_write(out, object);
}
