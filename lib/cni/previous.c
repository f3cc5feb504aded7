#include "cni/previous.h"

#include <string.h>

#include "base/mem.h"
#include "cni/config.h"

static const char *const arrays[] = {"interfaces", "ips", "routes"};

/* Before 0.3.0 there was one address of each family. */
static const char *const families[] = {"ip4", "ip6"};

static int check_array(const char *key, const cJSON *array)
{
    const cJSON *element;

    if (array && !cJSON_IsArray(array)) {
        return cni_fail_value(key, array, "an array");
    }
    cJSON_ArrayForEach (element, array) {
        if (!cJSON_IsObject(element)) {
            return cni_fail_value(key, element, "an object");
        }
    }
    return 0;
}

static int check_object(const char *key, const cJSON *object)
{
    return !object || cJSON_IsObject(object) ? 0 : cni_fail_value(key, object, "an object");
}

int cni_previous_check(const cJSON *previous)
{
    int error = check_object("prevResult", previous);

    for (size_t i = 0; !error && i < COUNT_OF(arrays); i++) {
        error = check_array(arrays[i], cni_find(previous, arrays[i]));
    }
    for (size_t i = 0; !error && i < COUNT_OF(families); i++) {
        const cJSON *family = cni_find(previous, families[i]);

        error = check_object(families[i], family);
        error = error ? error : check_array("routes", cni_find(family, "routes"));
    }
    return error ? error : check_object("dns", cni_find(previous, "dns"));
}

/* Moves what 'from' has under 'key', in whatever case, to 'to', under this very key. */
static void move(cJSON *from, cJSON *to, const char *key)
{
    cJSON *value = cJSON_DetachItemFromObject(from, key);

    if (value && !cJSON_IsNull(value)) {
        cJSON_AddItemToObject(to, key, value);
    } else {
        cJSON_Delete(value);
    }
}

static cJSON *move_or_make(cJSON *from, cJSON *to, const char *key, cJSON *(*make)(void))
{
    move(from, to, key);
    if (!cJSON_HasObjectItem(to, key)) {
        cJSON_AddItemToObject(to, key, make());
    }
    return cJSON_GetObjectItem(to, key);
}

/* Turns the address of a family, {"ip", "gateway", "routes"}, into elements of arrays. */
static void move_family(cJSON *from, const char *key, cJSON *ips, cJSON *routes)
{
    cJSON *family = cJSON_DetachItemFromObject(from, key), *route, *ip;
    cJSON *all = cJSON_DetachItemFromObject(family, "routes");

    while ((route = cJSON_DetachItemFromArray(all, 0))) {
        cJSON_AddItemToArray(routes, route);
    }
    if (cJSON_GetObjectItem(family, "ip") && (ip = cJSON_CreateObject())) {
        cJSON_AddItemToObject(ip, "address", cJSON_DetachItemFromObject(family, "ip"));
        move(family, ip, "gateway");
        cJSON_AddItemToArray(ips, ip);
    }
    cJSON_Delete(all);
    cJSON_Delete(family);
}

cJSON *cni_previous_copy(const cJSON *previous, const char *version)
{
    cJSON *from = previous ? cJSON_Duplicate(previous, true) : cJSON_CreateObject();
    cJSON *to = cJSON_CreateObject(), *ips, *routes, *other;

    cJSON_AddStringToObject(to, "cniVersion", version);
    move_or_make(from, to, "interfaces", cJSON_CreateArray);
    ips = move_or_make(from, to, "ips", cJSON_CreateArray);
    routes = move_or_make(from, to, "routes", cJSON_CreateArray);
    move_or_make(from, to, "dns", cJSON_CreateObject);
    for (size_t i = 0; i < COUNT_OF(families); i++) {
        move_family(from, families[i], ips, routes);
    }
    while (from && (other = cJSON_DetachItemViaPointer(from, from->child))) {
        if (cJSON_HasObjectItem(to, other->string)) {
            cJSON_Delete(other);
        } else {
            cJSON_AddItemToObject(to, other->string, other);
        }
    }
    cJSON_Delete(from);
    return to;
}

static bool is_text(const cJSON *object, const char *key, const char *text)
{
    const char *value = cJSON_GetStringValue(cni_find(object, key));

    return value && !strcmp(value, text);
}

int cni_previous_index(const cJSON *previous, const char *name, const char *sandbox)
{
    const cJSON *interface;
    int i = 0;

    cJSON_ArrayForEach (interface, cni_find(previous, "interfaces")) {
        if (is_text(interface, "name", name) && is_text(interface, "sandbox", sandbox)) {
            return i;
        }
        i++;
    }
    return -1;
}
