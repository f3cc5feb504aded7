#include "watch/lease_record.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/error.h"
#include "base/json.h"

/* More than an hour is no lease but a mistake. */
enum { MOST_DURATION_S = 3600 };

static const char *text_or_none(const cJSON *object, const char *name)
{
    const char *text = text_of(object, name);

    return text ? text : "";
}

static int64_t number_of(const cJSON *object, const char *name, int64_t most)
{
    const cJSON *number = member_of(object, name);

    return cJSON_IsNumber(number) && number->valuedouble >= 0 && number->valuedouble <= (double)most
               ? (int64_t)number->valuedouble
               : 0;
}

struct lease_record lease_record_none(void)
{
    return (struct lease_record){.holder = "", .version = ""};
}

void lease_record_clear(struct lease_record *record)
{
    cJSON_Delete(record->object);
    *record = lease_record_none();
}

int lease_record_take(cJSON *object, struct lease_record *out)
{
    const cJSON *spec = member_of(object, "spec");

    *out = (struct lease_record){
        .object = object,
        .holder = text_or_none(spec, "holderIdentity"),
        .version = text_or_none(member_of(object, "metadata"), "resourceVersion"),
        .duration_ms = 1000 * number_of(spec, "leaseDurationSeconds", MOST_DURATION_S),
        .transitions = number_of(spec, "leaseTransitions", INT32_MAX),
    };
    if (!cJSON_IsObject(object) || !*out->version) {
        lease_record_clear(out);
        return fail(OVNK8S_PROTOCOL, "the answer is no Lease");
    }
    return 0;
}

bool lease_record_is_same(const struct lease_record *a, const struct lease_record *b)
{
    const cJSON *spec = member_of(a->object, "spec"), *other = member_of(b->object, "spec");

    return spec && other ? cJSON_Compare(spec, other, true)
                         : spec == other && !a->object == !b->object;
}

/* Versions are numbers, says the API server since 1.35, and was silent about before. */
static uint64_t version_number(const char *version)
{
    char *end;
    const uint64_t number = strtoull(version, &end, 10);

    return *version >= '0' && *version <= '9' && !*end ? number : 0;
}

bool lease_record_is_later(const struct lease_record *a, const struct lease_record *b)
{
    const uint64_t one = version_number(a->version), other = version_number(b->version);

    return !one || !other || one > other;
}

/* Writing. */

static bool set(cJSON *object, const char *name, cJSON *value)
{
    if (!object || !value) {
        cJSON_Delete(value);
        return false;
    }
    return cJSON_HasObjectItem(object, name)
               ? cJSON_ReplaceItemInObjectCaseSensitive(object, name, value)
               : cJSON_AddItemToObject(object, name, value);
}

/* The member 'name', an object, which is made when there is none. */
static cJSON *object_of(cJSON *object, const char *name)
{
    if (!cJSON_IsObject(member_of(object, name)) && !set(object, name, cJSON_CreateObject())) {
        return NULL;
    }
    return cJSON_GetObjectItemCaseSensitive(object, name);
}

/* For people alone: nobody compares it with a clock. */
static cJSON *time_now(void)
{
    char seconds[32], text[64];
    struct timespec now;
    struct tm utc;

    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &utc);
    strftime(seconds, sizeof seconds, "%Y-%m-%dT%H:%M:%S", &utc);
    snprintf(text, sizeof text, "%s.%06ldZ", seconds, now.tv_nsec / 1000);
    return cJSON_CreateString(text);
}

static bool set_spec(cJSON *spec, const struct lease_claim *claim)
{
    return set(spec, "holderIdentity", cJSON_CreateString(claim->holder)) &&
           set(spec, "leaseDurationSeconds", cJSON_CreateNumber((double)claim->duration_s)) &&
           set(spec, "leaseTransitions", cJSON_CreateNumber((double)claim->transitions)) &&
           set(spec, "renewTime", time_now()) &&
           (claim->is_renewal || set(spec, "acquireTime", time_now()));
}

char *lease_claim_text(const struct lease_record *record, const struct lease_claim *claim)
{
    cJSON *object = record->object ? cJSON_Duplicate(record->object, true) : cJSON_CreateObject();
    cJSON *metadata = object_of(object, "metadata");
    char *text = NULL;

    cJSON_DeleteItemFromObjectCaseSensitive(metadata, "managedFields"); /* The server's own. */
    if (set(object, "apiVersion", cJSON_CreateString("coordination.k8s.io/v1")) &&
        set(object, "kind", cJSON_CreateString("Lease")) &&
        set(metadata, "namespace", cJSON_CreateString(claim->lease_namespace)) &&
        set(metadata, "name", cJSON_CreateString(claim->name)) &&
        set_spec(object_of(object, "spec"), claim)) {
        text = cJSON_PrintUnformatted(object);
    }
    cJSON_Delete(object);
    return text;
}
