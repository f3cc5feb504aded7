/* A trace as text and as JSON. */

#include <stdlib.h>

#include <cjson/cJSON.h>

#include "base/text.h"
#include "topology/trace.h"

int ovnk8s_trace_text(const ovnk8s_trace *trace, char **out)
{
    struct text text = {0};

    for (const struct hop *hop = trace->first; hop; hop = hop->next) {
        text_printf(&text, "%s %s %s: %s\n", hop->public.is_ok ? "ok  " : "FAIL", hop->public.table,
                    hop->public.object, hop->public.text);
    }
    if (trace->is_broken) {
        const ovnk8s_hop *last = &trace->last->public;

        text_printf(&text, "not reachable: %s %s: %s\nto mend it: %s\n", last->table, last->object,
                    last->text, last->mend);
    } else {
        text_add(&text, "reachable\n");
    }
    return text_take(&text, out);
}

static cJSON *hop_json(const ovnk8s_hop *hop)
{
    cJSON *object = cJSON_CreateObject();

    if (object && cJSON_AddBoolToObject(object, "ok", hop->is_ok) &&
        cJSON_AddStringToObject(object, "table", hop->table) &&
        cJSON_AddStringToObject(object, "object", hop->object) &&
        cJSON_AddStringToObject(object, "text", hop->text) &&
        cJSON_AddStringToObject(object, "mend", hop->mend)) {
        return object;
    }
    cJSON_Delete(object);
    return NULL;
}

static bool add_item(cJSON *object, const char *key, cJSON *item)
{
    if (!item || !cJSON_AddItemToObject(object, key, item)) {
        cJSON_Delete(item);
        return false;
    }
    return true;
}

static bool add_hops(cJSON *object, const ovnk8s_trace *trace)
{
    cJSON *array = cJSON_AddArrayToObject(object, "hops");
    bool added = array;

    for (const struct hop *hop = trace->first; hop && added; hop = hop->next) {
        cJSON *item = hop_json(&hop->public);

        added = item && cJSON_AddItemToArray(array, item);
        if (!added) {
            cJSON_Delete(item);
        }
    }
    return added;
}

static bool add_all(cJSON *object, const ovnk8s_trace *trace)
{
    const struct query *query = &trace->query;

    return cJSON_AddStringToObject(object, "source", query->source.text) &&
           cJSON_AddStringToObject(object, "destination", query->destination.text) &&
           add_item(object, "port",
                    query->port_text ? cJSON_CreateString(query->port_text) : cJSON_CreateNull()) &&
           cJSON_AddBoolToObject(object, "reachable", !trace->is_broken) &&
           add_item(object, "broken",
                    trace->is_broken ? hop_json(&trace->last->public) : cJSON_CreateNull()) &&
           add_hops(object, trace);
}

int ovnk8s_trace_json(const ovnk8s_trace *trace, char **out)
{
    cJSON *object = cJSON_CreateObject();

    *out = object && add_all(object, trace) ? cJSON_PrintUnformatted(object) : NULL;
    cJSON_Delete(object);
    return *out ? 0 : fail_nomem();
}
