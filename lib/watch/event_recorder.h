/* Events of Kubernetes: what has failed, told where people look for it.
 *
 *     event_record(recorder, &(struct event_object){"Pod", "v1", "default", "web", uid},
 *                  "PortFailed", "no address is free; trying again in 3 s");
 *
 * "kubectl describe pod web" shows it. The same failure of the same object raises the count of the
 * Event that there is, instead of making another.
 *
 * Nothing waits for an Event. They are written when the server has time for them, so many per
 * second and no more; of those that cannot be written all but the first is forgotten in silence.
 *
 * An Event is of the core API, v1: all versions of kubectl show its count and both of its times.
 *
 * Thread rule: that of the connection. */

#ifndef WATCH_EVENT_RECORDER_H
#define WATCH_EVENT_RECORDER_H

#include <stdint.h>

#include "base/log.h"
#include "kube/kube.h"

struct event_recorder;

/* What an Event is about. */
struct event_object {
    const char *kind, *api_version;
    const char *object_namespace; /* NULL or "": none, as of a Node. */
    const char *name;
    const char *uid; /* NULL: not known; kubectl describe does not show the Event then. */
};

struct event_recorder_options {
    struct log log;
    unsigned int window_ms; /* After so long a silence it is another Event; 0: 10 minutes. */
    unsigned int raise_ms;  /* From one writing of an Event to the next; 0: 10 seconds. */
    unsigned int pause_ms;  /* After a failure of the server; 0: 10 seconds. */
};

/* Fails with OVNK8S_NOMEM. */
int event_recorder_new(struct event_recorder **out, ovnk8s_kube *kube,
                       const struct event_recorder_options *options);

/* Forgets what is not written yet. NULL is accepted. */
void event_recorder_free(struct event_recorder *recorder);

/* Tells a failure, as an Event of type Warning. 'reason' is one word in CamelCase, 'note' a
 * sentence: the cause, and when it will be tried again. Strings are copied. Cannot fail: an Event
 * that there is no room for is dropped. */
void event_record(struct event_recorder *recorder, const struct event_object *object,
                  const char *reason, const char *note);

/* Writes what is due, for kube_step() to send. */
void event_recorder_step(struct event_recorder *recorder);

/* When event_recorder_step() has something to do: in ms as now_ms(); INT64_MAX for never. */
int64_t event_recorder_deadline(const struct event_recorder *recorder);

/* For metrics: Events written, also once more; and those that were dropped. */
uint64_t event_recorder_written(const struct event_recorder *recorder);
uint64_t event_recorder_dropped(const struct event_recorder *recorder);

#endif /* event_recorder.h */
