#include "watch/event_text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include <cjson/cJSON.h>

enum { NAME_PART = 200, NOTE_LENGTH = 1000 };

void event_make_name(const char *object, char *out, size_t size)
{
    size_t length = strnlen(object, NAME_PART);
    uint64_t number = 0;

    /* A name that is cut still consists of DNS labels. */
    while (length && (object[length - 1] == '.' || object[length - 1] == '-')) {
        length--;
    }
    (void)!getrandom(&number, sizeof number, 0);
    snprintf(out, size, "%.*s.%016" PRIx64, (int)length, object, number);
}

const char *event_namespace(const struct event_object *object)
{
    return object->object_namespace && *object->object_namespace ? object->object_namespace
                                                                 : "default";
}

static bool add(cJSON *to, const char *key, const char *value)
{
    return !value || !*value || cJSON_AddStringToObject(to, key, value);
}

static bool add_time(cJSON *to, const char *key, time_t at)
{
    char text[32];
    struct tm utc;

    gmtime_r(&at, &utc);
    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc);
    return cJSON_AddStringToObject(to, key, text);
}

static bool add_note(cJSON *to, const char *note)
{
    char text[NOTE_LENGTH + 1];
    size_t length = strnlen(note, NOTE_LENGTH);

    /* A character is not cut in the middle. */
    while (note[length] && length && (note[length] & 0xc0) == 0x80) {
        length--;
    }
    snprintf(text, sizeof text, "%.*s", (int)length, note);
    return cJSON_AddStringToObject(to, "message", text);
}

/* What changes from one time to the next. */
static bool add_latest(cJSON *to, const struct event *event)
{
    return add_note(to, event->note) && cJSON_AddNumberToObject(to, "count", event->count) &&
           add_time(to, "lastTimestamp", event->last);
}

static bool add_object(cJSON *to, const struct event_object *object)
{
    cJSON *involved = cJSON_AddObjectToObject(to, "involvedObject");

    return add(involved, "kind", object->kind) &&
           add(involved, "apiVersion", object->api_version) &&
           add(involved, "namespace", object->object_namespace) &&
           add(involved, "name", object->name) && add(involved, "uid", object->uid);
}

static bool add_reporter(cJSON *to)
{
    cJSON *source = cJSON_AddObjectToObject(to, "source");
    char host[256] = "";

    gethostname(host, sizeof host - 1);
    return cJSON_AddStringToObject(source, "component", EVENT_COMPONENT) &&
           cJSON_AddStringToObject(to, "reportingComponent", EVENT_COMPONENT) &&
           add(to, "reportingInstance", host);
}

static bool add_all(cJSON *to, const struct event *event)
{
    cJSON *metadata = cJSON_AddObjectToObject(to, "metadata");

    return add(metadata, "name", event->name) &&
           add(metadata, "namespace", event_namespace(&event->object)) &&
           add_object(to, &event->object) && add(to, "type", "Warning") &&
           add(to, "reason", event->reason) && add_time(to, "firstTimestamp", event->first) &&
           add_latest(to, event) && add_reporter(to);
}

static char *text_of(const struct event *event, bool (*add_members)(cJSON *, const struct event *))
{
    cJSON *json = cJSON_CreateObject();
    char *text = json && add_members(json, event) ? cJSON_PrintUnformatted(json) : NULL;

    cJSON_Delete(json);
    return text;
}

char *event_post_text(const struct event *event)
{
    return text_of(event, add_all);
}

char *event_patch_text(const struct event *event)
{
    return text_of(event, add_latest);
}
