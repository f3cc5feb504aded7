/* An Event of the core API as JSON. */

#ifndef WATCH_EVENT_TEXT_H
#define WATCH_EVENT_TEXT_H

#include <time.h>

#include "watch/event_recorder.h"

#define EVENT_COMPONENT "ovn-k8s-watcher"

struct event {
    struct event_object object;
    const char *name; /* Of the Event itself. */
    const char *reason, *note;
    unsigned int count;
    time_t first, last;
};

/* The name of a new Event about an object: unlike any other. */
void event_make_name(const char *object, char *out, size_t size);

/* The namespace that an Event about such an object is in. */
const char *event_namespace(const struct event_object *object);

/* The body of the request that makes it, and of the one that raises its count; to be freed by
 * free(). NULL when memory ran out. */
char *event_post_text(const struct event *event);
char *event_patch_text(const struct event *event);

#endif /* event_text.h */
