#include "watch/event_recorder.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/mem.h"
#include "base/text.h"
#include "base/wait.h"
#include "watch/event_text.h"

enum {
    MOST_ENTRIES = 1000,
    WINDOW_MS = 10 * 60 * 1000,
    RAISE_MS = 10000,
    INTERVAL_MS = 200, /* From one writing of any Event to the next, ... */
    BURST = 25,        /* ... but so many at once after some time without. */
    PAUSE_MS = 10000,
    MOST_PAUSE_MS = 60000, /* After a refusal. */
    COMPLAINT_MS = 60 * 60 * 1000,
};

/* A failure of an object, and the Event that tells it. */
struct entry {
    struct hashed hashed;
    struct event_recorder *recorder;
    struct event event;   /* Its strings belong to the entry. */
    char name[256];       /* Of the Event; empty: it has none yet. */
    bool is_made;         /* The server has it. */
    unsigned int told;    /* Of event.count, the part that is written. */
    unsigned int sending; /* Will be, when 'call' has succeeded. */
    struct kube_call *call;
    int64_t seen_at;  /* When it happened last. */
    int64_t write_at; /* When it may be written, if there is something to be written. */
    char *strings;
};

struct event_recorder {
    ovnk8s_kube *kube;
    struct event_recorder_options options;
    struct hash entries; /* By all that they are about, and the reason. */
    int64_t next_at;
    int64_t paid_until; /* Each writing costs INTERVAL_MS of time, and BURST of them are lent. */
    int64_t paused_until;
    unsigned int refusals; /* In a row. */
    uint64_t written, dropped;
    unsigned int complaints; /* Kinds of failures that were logged, ... */
    int64_t complained_at;   /* ... the latest one then. */
};

int event_recorder_new(struct event_recorder **out, ovnk8s_kube *kube,
                       const struct event_recorder_options *options)
{
    struct event_recorder *recorder = calloc(1, sizeof *recorder);

    *out = recorder;
    if (!recorder) {
        return fail_nomem();
    }
    recorder->kube = kube;
    recorder->options = (struct event_recorder_options){
        .log = options->log,
        .window_ms = options->window_ms ? options->window_ms : WINDOW_MS,
        .raise_ms = options->raise_ms ? options->raise_ms : RAISE_MS,
        .pause_ms = options->pause_ms ? options->pause_ms : PAUSE_MS,
    };
    recorder->next_at = INT64_MAX;
    return 0;
}

static void free_entry(struct hashed *hashed)
{
    struct entry *entry = (struct entry *)hashed;

    kube_call_cancel(entry->call);
    free((char *)entry->event.note);
    free(entry->strings);
    free(entry);
}

void event_recorder_free(struct event_recorder *recorder)
{
    if (recorder) {
        hash_clear(&recorder->entries, free_entry);
        free(recorder);
    }
}

int64_t event_recorder_deadline(const struct event_recorder *recorder)
{
    return recorder->next_at;
}

uint64_t event_recorder_written(const struct event_recorder *recorder)
{
    return recorder->written;
}

uint64_t event_recorder_dropped(const struct event_recorder *recorder)
{
    return recorder->dropped;
}

static void wake_at(struct event_recorder *recorder, int64_t at)
{
    recorder->next_at = at < recorder->next_at ? at : recorder->next_at;
}

/* The entries. */

static const char *text(const char *maybe)
{
    return maybe ? maybe : "";
}

static uint64_t hash_of(const struct event_object *object, const char *reason)
{
    const char *const parts[] = {object->kind, text(object->object_namespace), object->name,
                                 text(object->uid), reason};
    uint64_t hash = HASH_START;

    for (size_t i = 0; i < COUNT_OF(parts); i++) {
        hash = hash_text(hash, parts[i]);
    }
    return hash;
}

static bool is_about(const struct entry *entry, const struct event_object *object,
                     const char *reason)
{
    const struct event_object *its = &entry->event.object;

    return !strcmp(its->name, object->name) && !strcmp(its->kind, object->kind) &&
           !strcmp(its->object_namespace, text(object->object_namespace)) &&
           !strcmp(its->uid, text(object->uid)) && !strcmp(entry->event.reason, reason);
}

static struct entry *find(const struct event_recorder *recorder, const struct event_object *object,
                          const char *reason)
{
    struct hashed *at = hash_find(&recorder->entries, hash_of(object, reason));

    while (at && !is_about((struct entry *)at, object, reason)) {
        at = hash_find_next(at);
    }
    return (struct entry *)at;
}

static bool is_told(const struct entry *entry)
{
    return entry->told == entry->event.count && !entry->call;
}

/* Makes room by forgetting the one that has been silent for longest, of those that are told. */
static bool make_room(struct event_recorder *recorder)
{
    struct entry *oldest = NULL;

    if (recorder->entries.n < MOST_ENTRIES) {
        return true;
    }
    for (struct hashed *at = hash_first(&recorder->entries); at;
         at = hash_next(&recorder->entries, at)) {
        struct entry *entry = (struct entry *)at;

        if (is_told(entry) && (!oldest || entry->seen_at < oldest->seen_at)) {
            oldest = entry;
        }
    }
    if (oldest) {
        hash_remove(&recorder->entries, &oldest->hashed);
        free_entry(&oldest->hashed);
    }
    return oldest;
}

/* All strings of the entry in one piece of memory. */
static bool copy_strings(struct entry *entry, const struct event_object *object, const char *reason)
{
    const char *const from[] = {object->kind, object->api_version, text(object->object_namespace),
                                object->name, text(object->uid),   reason};
    struct event_object *its = &entry->event.object;
    const char **const to[] = {&its->kind, &its->api_version, &its->object_namespace,
                               &its->name, &its->uid,         &entry->event.reason};
    size_t size = 0;
    char *at;

    for (size_t i = 0; i < COUNT_OF(from); i++) {
        size += strlen(from[i]) + 1;
    }
    at = entry->strings = malloc(size);
    for (size_t i = 0; at && i < COUNT_OF(from); i++) {
        *to[i] = at;
        at = stpcpy(at, from[i]) + 1;
    }
    return at;
}

static struct entry *add(struct event_recorder *recorder, const struct event_object *object,
                         const char *reason)
{
    struct entry *entry = make_room(recorder) ? calloc(1, sizeof *entry) : NULL;

    if (!entry) {
        return NULL;
    }
    entry->recorder = recorder;
    if (!copy_strings(entry, object, reason) ||
        !hash_insert(&recorder->entries, &entry->hashed, hash_of(object, reason))) {
        free_entry(&entry->hashed);
        return NULL;
    }
    return entry;
}

/* The next one of these is another Event. */
static void begin_anew(struct entry *entry)
{
    entry->event.count = entry->told = 0;
    entry->event.first = time(NULL);
    entry->name[0] = '\0';
    entry->is_made = false;
    entry->write_at = 0;
}

void event_record(struct event_recorder *recorder, const struct event_object *object,
                  const char *reason, const char *note)
{
    struct entry *entry = find(recorder, object, reason);
    char *copy = strdup(note);

    entry = entry ? entry : add(recorder, object, reason);
    if (!entry || !copy) {
        recorder->dropped++;
        free(copy);
        return;
    }
    if (!entry->call &&
        (!entry->event.count || now_ms() - entry->seen_at > recorder->options.window_ms)) {
        begin_anew(entry);
    }
    free((char *)entry->event.note);
    entry->event.note = copy;
    entry->event.count++;
    entry->event.last = time(NULL);
    entry->seen_at = now_ms();
    wake_at(recorder, entry->write_at);
}

/* Writing. */

/* Tells the caller's log, but not the same kind of failure once more within an hour. */
static void complain(struct event_recorder *recorder, int error)
{
    const unsigned int kind = 1u << (-error & 31);
    const int64_t now = now_ms();

    if (now - recorder->complained_at > COMPLAINT_MS) {
        recorder->complaints = 0;
    }
    if (!(recorder->complaints & kind)) {
        recorder->complaints |= kind;
        recorder->complained_at = now;
        log_line(&recorder->options.log, OVNK8S_LOG_WARN, "an Event cannot be written: %s",
                 ovnk8s_last_error()->message);
    }
}

static void pause_all(struct event_recorder *recorder, int64_t ms)
{
    recorder->paused_until = now_ms() + ms;
}

/* Those that cannot be written are dropped: they may belong to a namespace that is going away. When
 * we have no right to write any, that shows in time. */
static void refused(struct entry *entry)
{
    struct event_recorder *recorder = entry->recorder;
    const int64_t pause = (int64_t)recorder->options.pause_ms / 10 * ++recorder->refusals;

    entry->told = entry->event.count;
    recorder->dropped++;
    pause_all(recorder, pause < MOST_PAUSE_MS ? pause : MOST_PAUSE_MS);
}

static void failed(struct entry *entry, const struct kube_reply *reply)
{
    if (reply->error == OVNK8S_NOTFOUND && entry->is_made) {
        entry->is_made = false; /* The server forgets them after an hour. */
        entry->name[0] = '\0';
        return;
    }
    complain(entry->recorder, reply->error);
    if (reply->error == OVNK8S_UNAVAILABLE || reply->error == OVNK8S_TIMEOUT) {
        const int64_t pause = entry->recorder->options.pause_ms;

        pause_all(entry->recorder, reply->retry_after_ms > pause ? reply->retry_after_ms : pause);
    } else {
        refused(entry);
    }
}

static void done(const struct kube_reply *reply, void *payload)
{
    struct entry *entry = payload;
    struct event_recorder *recorder = entry->recorder;

    entry->call = NULL;
    if (!reply->error || (reply->error == OVNK8S_EXISTS && !entry->is_made)) {
        entry->is_made = true;
        entry->told = entry->sending;
        entry->write_at = now_ms() + recorder->options.raise_ms;
        recorder->written++;
        recorder->refusals = 0;
    } else {
        failed(entry, reply);
    }
    if (!is_told(entry)) {
        wake_at(recorder, entry->write_at);
    }
}

static int start_call(struct entry *entry, const char *path, char *body)
{
    const struct kube_request request = {
        .method = entry->is_made ? "PATCH" : "POST",
        .path = path,
        .content_type = entry->is_made ? "application/merge-patch+json" : NULL,
        .body = body,
        .done = done,
        .payload = entry,
    };

    return body ? kube_call_start(&entry->call, entry->recorder->kube, &request) : fail_nomem();
}

static void write_entry(struct entry *entry)
{
    _cleanup_text_ struct text path = {0};
    _cleanup_free_ char *body = NULL;
    int error;

    if (!*entry->name) {
        event_make_name(entry->event.object.name, entry->name, sizeof entry->name);
        entry->event.name = entry->name;
    }
    text_printf(&path, "/api/v1/namespaces/%s/events", event_namespace(&entry->event.object));
    if (entry->is_made) {
        text_printf(&path, "/%s", entry->name);
    }
    body = entry->is_made ? event_patch_text(&entry->event) : event_post_text(&entry->event);
    entry->sending = entry->event.count;
    error = path.failed ? fail_nomem() : start_call(entry, path.bytes, body);
    if (error) {
        complain(entry->recorder, error);
        refused(entry);
    }
}

/* Whether one more may be written now. */
static bool take_turn(struct event_recorder *recorder, int64_t now)
{
    const int64_t paid = recorder->paid_until > now ? recorder->paid_until : now;

    if (paid - now > (int64_t)BURST * INTERVAL_MS) {
        return false;
    }
    recorder->paid_until = paid + INTERVAL_MS;
    return true;
}

/* When the entry, of which something is to be written, may be. */
static int64_t its_turn(const struct entry *entry)
{
    const struct event_recorder *recorder = entry->recorder;
    const int64_t paid = recorder->paid_until - (int64_t)BURST * INTERVAL_MS;
    const int64_t at = entry->write_at > paid ? entry->write_at : paid;

    return at > recorder->paused_until ? at : recorder->paused_until;
}

void event_recorder_step(struct event_recorder *recorder)
{
    const int64_t now = now_ms();
    int64_t next = INT64_MAX;

    if (now < recorder->next_at) {
        return;
    }
    for (struct hashed *at = hash_first(&recorder->entries); at;
         at = hash_next(&recorder->entries, at)) {
        struct entry *entry = (struct entry *)at;

        if (entry->call || is_told(entry)) {
            continue;
        }
        if (its_turn(entry) <= now && take_turn(recorder, now)) {
            write_entry(entry);
        } else {
            next = its_turn(entry) < next ? its_turn(entry) : next;
        }
    }
    recorder->next_at = next > now ? next : now + 1;
}
