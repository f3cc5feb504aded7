#include "cni/result.h"

#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "base/mem.h"
#include "cni/config.h"

/* Prints 'object' as one line and deletes it. */
static void print(struct text *out, cJSON *object)
{
    char *printed = cJSON_PrintUnformatted(object);

    if (printed) {
        text_add(out, printed);
        text_add(out, "\n");
    }
    out->failed |= !printed;
    cJSON_free(printed);
    cJSON_Delete(object);
}

static cJSON *add_element(cJSON *array)
{
    cJSON *object = cJSON_CreateObject();

    if (!cJSON_AddItemToArray(array, object)) {
        cJSON_Delete(object);
        return NULL;
    }
    return object;
}

static void add_interfaces(cJSON *object, const struct cni_result *result)
{
    cJSON *interfaces = cJSON_AddArrayToObject(object, "interfaces");
    cJSON *outside = add_element(interfaces), *inside = add_element(interfaces);
    char mac[MAC_TEXT];

    cJSON_AddStringToObject(outside, "name", result->host_interface);
    cJSON_AddStringToObject(inside, "name", result->interface);
    cJSON_AddStringToObject(inside, "mac", mac_to_text(&result->network->mac, mac));
    cJSON_AddStringToObject(inside, "sandbox", result->netns);
}

static void add_address(cJSON *ips, const struct prefix *address, const struct ip *gateway)
{
    enum { INSIDE = 1 }; /* Its place among the interfaces. */
    char text[PREFIX_TEXT];
    cJSON *ip = add_element(ips);

    cJSON_AddStringToObject(ip, "version", address->ip.family == 4 ? "4" : "6");
    cJSON_AddStringToObject(ip, "address", prefix_to_text(address, text));
    if (gateway->family) {
        cJSON_AddStringToObject(ip, "gateway", ip_to_text(gateway, text));
    }
    cJSON_AddNumberToObject(ip, "interface", INSIDE);
}

static void add_default_route(cJSON *routes, const struct ip *gateway)
{
    char text[IP_TEXT];
    cJSON *route = add_element(routes);

    cJSON_AddStringToObject(route, "dst", gateway->family == 4 ? "0.0.0.0/0" : "::/0");
    cJSON_AddStringToObject(route, "gw", ip_to_text(gateway, text));
}

void cni_write_result(struct text *out, const struct cni_result *result)
{
    const struct pod_network *network = result->network;
    cJSON *object = cJSON_CreateObject(), *ips, *routes;

    cJSON_AddStringToObject(object, "cniVersion", result->version);
    add_interfaces(object, result);
    ips = cJSON_AddArrayToObject(object, "ips");
    routes = cJSON_AddArrayToObject(object, "routes");
    for (size_t i = 0; i < network->addresses.n; i++) {
        add_address(ips, &network->addresses.of[i], &network->gateways[i]);
        if (network->gateways[i].family) {
            add_default_route(routes, &network->gateways[i]);
        }
    }
    cJSON_AddObjectToObject(object, "dns");
    print(out, object);
}

void cni_write_versions(struct text *out, const char *version)
{
    cJSON *object = cJSON_CreateObject(), *versions;

    cJSON_AddStringToObject(object, "cniVersion", version);
    versions = cJSON_AddArrayToObject(object, "supportedVersions");
    for (size_t i = 0; cni_versions[i]; i++) {
        cJSON_AddItemToArray(versions, cJSON_CreateString(cni_versions[i]));
    }
    print(out, object);
}

/* The bytes of the character of UTF-8 that 'text' begins with; 0 when it is none. */
static size_t character_length(const unsigned char *text)
{
    static const struct {
        unsigned char mask, is, least; /* Of the first byte; of the second. */
    } forms[] = {{0x80, 0, 0}, {0xe0, 0xc0, 0}, {0xf0, 0xe0, 0xa0}, {0xf8, 0xf0, 0x90}};

    for (size_t i = 0; i < COUNT_OF(forms); i++) {
        if ((text[0] & forms[i].mask) != forms[i].is) {
            continue;
        }
        for (size_t j = 1; j <= i; j++) {
            if ((text[j] & 0xc0) != 0x80) {
                return 0;
            }
        }
        /* The shortest form only, no surrogates, nothing beyond U+10FFFF. */
        return text[0] == 0xc0 || text[0] == 0xc1 || text[0] > 0xf4 ||
                       ((text[0] == 0xe0 || text[0] == 0xf0) && text[1] < forms[i].least) ||
                       (text[0] == 0xed && text[1] > 0x9f) || (text[0] == 0xf4 && text[1] > 0x8f)
                   ? 0
                   : i + 1;
    }
    return 0;
}

static char *make_utf8(const char *text)
{
    char *copy = strdup(text);

    for (char *c = copy; c && *c;) {
        const size_t length = character_length((const unsigned char *)c);

        if (!length) {
            *c = '?';
        }
        c += length ? length : 1;
    }
    return copy;
}

static void add_message(cJSON *object, const char *key, const char *text)
{
    _cleanup_free_ char *sound = make_utf8(text);

    cJSON_AddStringToObject(object, key, sound ? sound : "");
}

void cni_write_error(struct text *out, const char *version, int code, const char *message,
                     const char *details)
{
    cJSON *object = cJSON_CreateObject();

    cJSON_AddStringToObject(object, "cniVersion", version);
    cJSON_AddNumberToObject(object, "code", code);
    add_message(object, "msg", message);
    if (*details) {
        add_message(object, "details", details);
    }
    print(out, object);
}
