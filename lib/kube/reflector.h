/* The inside of reflectors, shared by the files that make one, and by kube_wait_object().
 *
 * A reflector has either a call under way or a point in time to start the next one at. What that
 * one will be is its phase: the LIST of a page, or a WATCH. */

#ifndef KUBE_REFLECTOR_H
#define KUBE_REFLECTOR_H

#include "kube/kube.h"
#include "kube/scan.h"

enum { REFUSALS_UNTIL_LIST = 3 }; /* What is answered badly so often is given up. */

struct kube_reflector {
    ovnk8s_kube *kube;
    struct kube_reflector *next; /* In kube->reflectors. */
    bool stopped;                /* To be freed when the step ends. */
    struct kube_handler handler;
    char *path;
    char *selectors; /* "&fieldSelector=...", encoded. */
    struct kube_reflector_status status;

    bool watch_next; /* The phase: WATCH from status.resource_version on, or LIST. */
    struct kube_call *call;
    int64_t start_at;      /* When to start the next call; INT64_MAX while one is under way. */
    unsigned int attempts; /* Failures since the last real progress: how long to back off. */
    unsigned int refusals; /* WATCHes in a row that were answered, but without an event. */

    const char *const *parts; /* As struct kube_collection has them. */
    struct text trimmed;      /* The latest object or event, cut down to them. */

    struct scanner scanner;
    struct scan_handler scan_handler;
    char *next_page;  /* The continue token to go on from; NULL: from the beginning. */
    char *page_token; /* That of the page being read. */
    char list_version[64];

    struct lines lines;
    int64_t watch_since;
    bool progress; /* The WATCH told something. */
    bool refused;  /* The WATCH ended by an event that is an error. */
    bool expired;  /* The WATCH was told that its version is too old. */
};

/* As kube_reflector_start(), but begins with a WATCH from 'version' on instead of a LIST. */
int reflector_start_at(struct kube_reflector **out, ovnk8s_kube *kube,
                       const struct kube_collection *collection, const struct kube_handler *handler,
                       const char *version);

/* The text of metadata.NAME of an object, or NULL. */
const char *object_metadata(const cJSON *object, const char *name);

/* Parses an object, or an event, of which what nobody wants is left out; 'level' as trim_json() has
 * it. NULL when it is no JSON. */
cJSON *reflector_parse(struct kube_reflector *reflector, const char *json, size_t n, size_t level);

/* Tell the receiver. Return whether the reflector is still wanted afterwards. */
bool reflector_tell(struct kube_reflector *reflector, void (*what)(void *));
bool reflector_tell_object(struct kube_reflector *reflector, const cJSON *object, bool gone);

/* What to do next: the phase at once, or after a wait because of the last error of the thread. */
void reflector_start_now(struct kube_reflector *reflector);
void reflector_start_later(struct kube_reflector *reflector, int error, int asked_ms);

/* Makes a LIST from the beginning the phase. */
void reflector_list_anew(struct kube_reflector *reflector);

/* Takes the latest failure out of the status. */
void reflector_all_is_well(struct kube_reflector *reflector);

/* Starts the call 'request' for 'path', to which the selectors are added. */
int reflector_start_call(struct kube_reflector *reflector, struct text *path,
                         struct kube_request *request);

/* Replaces '*kept' by a copy of 'text', or by NULL where that is NULL or empty. */
int reflector_keep_text(char **kept, const char *text);

/* Fails with OVNK8S_PROTOCOL when 'text' is NULL or no version. */
int reflector_keep_version(char version[static 64], const char *text);

/* Start the call of the phase. */
int reflector_start_list(struct kube_reflector *reflector);
int reflector_start_watch(struct kube_reflector *reflector);

#endif /* reflector.h */
