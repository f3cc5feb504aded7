/* Any objects told of Services and EndpointSlices, and what they make together.
 *
 * The input is one JSON text. What its array has is told one by one: with a member "addressType" as
 * a slice, otherwise as a Service; with "gone" as one that is there no more; null is a LIST that
 * begins or ends. */

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "watch/published.h"
#include "watch/service_value.h"

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t length);

static void read_one(const struct published *published, void *payload)
{
    *(size_t *)payload += published->port;
}

/* The texts are read, so that a sanitizer sees what is wrong with them. */
static void look(struct cached_service *service, void *payload)
{
    struct reading reading = {.left_out = 0};
    struct arena arena = {0};
    ovnk8s_service value;
    size_t *sum = payload;

    published_each(service->spec, read_one, sum);
    *sum += cached_service_is_on(service, "n1");
    if (service_value(service, &arena, &value, &reading)) {
        for (size_t i = 0; i < value.n_ports; i++) {
            for (size_t at = 0; at < value.ports[i].n_endpoints; at++) {
                *sum += strlen(value.ports[i].endpoints[at].address);
            }
        }
        *sum += strlen(value.cluster_ips ? value.cluster_ips : "");
    }
    arena_clear(&arena);
}

static void tell(const struct kube_handler *handler, const cJSON *object)
{
    if (cJSON_GetObjectItemCaseSensitive(object, "gone")) {
        handler->gone(handler->payload, object);
    } else {
        handler->object(handler->payload, object);
    }
}

static void turn_list(const struct kube_handler *handler, bool is_end)
{
    (is_end ? handler->synced : handler->begin_list)(handler->payload);
}

static void tell_all(struct service_cache *cache, const cJSON *objects)
{
    const struct kube_handler services = service_cache_services(cache);
    const struct kube_handler slices = service_cache_slices(cache);
    const cJSON *object;
    bool listing = false;

    cJSON_ArrayForEach (object, objects) {
        if (cJSON_IsNull(object)) {
            turn_list(&services, listing);
            turn_list(&slices, listing);
            listing = !listing;
        } else {
            tell(cJSON_GetObjectItemCaseSensitive(object, "addressType") ? &slices : &services,
                 object);
        }
    }
}

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t length)
{
    struct service_cache cache = {.changed = NULL};
    cJSON *objects = cJSON_ParseWithLength((const char *)bytes, length);
    volatile size_t kept = 0;
    size_t sum = 0;

    if (objects) {
        tell_all(&cache, objects);
        service_cache_each(&cache, look, &sum);
        kept = sum;
        (void)kept;
        service_cache_clear(&cache);
        if (cache.nodes.table.n) {
            abort();
        }
        cJSON_Delete(objects);
    }
    return 0;
}
