/* What the connection, the reflectors and the wait do when the server does wrong. */

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <ovnk8s/error.h>
#include <ovnk8s/memory.h>

#include "base/text.h"
#include "base/wait.h"
#include "fake_server.h"
#include "kube/kube.h"
#include "kube/reflector.h"
#include "kube/request.h"

#include <cmocka.h> /* Last: it has a macro called fail. */

static ovnk8s_kube *open_with(ovnk8s_kube_options *options, const char *scheme, const char *script)
{
    char url[128];
    ovnk8s_kube *kube;

    snprintf(url, sizeof url, "%s127.0.0.1:%d/%s", scheme,
             strcmp(scheme, "https://") ? server.port : server.tls_port, script);
    options->server = url;
    if (ovnk8s_kube_open(&kube, options)) {
        fail_msg("%s", ovnk8s_last_error()->message);
    }
    return kube;
}

static ovnk8s_kube *open_script(const char *script)
{
    ovnk8s_kube_options options = OVNK8S_KUBE_OPTIONS_INIT;

    options.timeout_ms = 5000;
    return open_with(&options, "http://", script);
}

static void assert_failed_with(int error, int expected, const char *words)
{
    if (error != expected || !strstr(ovnk8s_last_error()->message, words)) {
        fail_msg("%s: \"%s\" instead of %s with \"%s\"", ovnk8s_error_name(error),
                 ovnk8s_last_error()->message, ovnk8s_error_name(expected), words);
    }
}

static void assert_contains(const char *text, const char *words)
{
    if (!strstr(text, words)) {
        fail_msg("\"%s\" lacks \"%s\"", text, words);
    }
}

/* Requests. */

static void requests_arrive_as_they_were_meant(void **state)
{
    ovnk8s_kube_options options = OVNK8S_KUBE_OPTIONS_INIT;
    ovnk8s_kube *kube;
    int status;
    char *reply;

    (void)state;
    options.token = " sesame\n";
    kube = open_with(&options, "http://", "echo");
    assert_int_equal(ovnk8s_kube_get(kube, "/api/v1/pods?limit=1", &reply), 0);
    assert_contains(reply, "\"method\": \"GET\", \"path\": \"/echo/api/v1/pods?limit=1\"");
    assert_contains(reply, "\"authorization\": \"Bearer sesame\"");
    assert_null(strstr(reply, "content-type"));
    ovnk8s_free(reply);
    assert_int_equal(ovnk8s_kube_patch(kube, "/x", NULL, "{\"a\":1}", &reply), 0);
    assert_contains(reply, "\"method\": \"PATCH\"");
    assert_contains(reply, "\"content-type\": \"application/merge-patch+json\"");
    assert_contains(reply, "\"body\": \"{\\\"a\\\":1}\"");
    ovnk8s_free(reply);
    assert_int_equal(ovnk8s_kube_request(kube, "POST", "/x", NULL, "{}", &status, NULL), 0);
    assert_int_equal(status, 200);
    assert_int_equal(ovnk8s_kube_request(kube, "BREW", "/x", NULL, NULL, &status, &reply),
                     OVNK8S_INVALID);
    assert_null(reply);
    assert_int_equal(ovnk8s_kube_get(kube, "/a b", &reply), OVNK8S_INVALID);
    ovnk8s_kube_close(kube);
}

static void statuses_are_errors_with_the_servers_words(void **state)
{
    static const int expected[] = {OVNK8S_NOTFOUND, OVNK8S_PERMISSION, OVNK8S_CONFLICT,
                                   OVNK8S_EXISTS,   OVNK8S_INVALID,    OVNK8S_UNAVAILABLE,
                                   OVNK8S_PROTOCOL};
    ovnk8s_kube *kube = open_script("status");
    char *reply;
    int status;

    (void)state;
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        assert_int_equal(ovnk8s_kube_get(kube, "/thing", &reply), expected[i]);
        assert_null(reply);
        if (!i) {
            assert_contains(ovnk8s_last_error()->message,
                            "/status/thing: no such thing (HTTP 404)");
            assert_string_equal(ovnk8s_last_error()->stage, "request");
            assert_string_equal(ovnk8s_last_error()->object, "/thing");
        }
    }
    assert_int_equal(ovnk8s_kube_request(kube, "GET", "/thing", NULL, NULL, &status, &reply), 0);
    assert_int_equal(status, 302);
    ovnk8s_free(reply);
    ovnk8s_kube_close(kube);
}

static void broken_answers_are_errors(void **state)
{
    static const struct {
        const char *script;
        int error;
        const char *words;
    } bad[] = {
        {"proxy", OVNK8S_UNAVAILABLE, "HTTP 502: <html>Bad Gateway"},
        {"garbage", OVNK8S_PROTOCOL, "HTTP/0.9"},
        {"cut", OVNK8S_UNAVAILABLE, "Empty reply"},
        {"cut-body", OVNK8S_UNAVAILABLE, "bytes remaining"},
        {"endless", OVNK8S_PROTOCOL, "longer than 33554432 bytes"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        ovnk8s_kube *kube = open_script(bad[i].script);
        char *reply;

        assert_failed_with(ovnk8s_kube_get(kube, "/x", &reply), bad[i].error, bad[i].words);
        assert_null(reply);
        ovnk8s_kube_close(kube);
    }
}

static void deadlines_hold(void **state)
{
    static const char *const scripts[] = {"silent", "slow"};

    (void)state;
    for (size_t i = 0; i < sizeof scripts / sizeof *scripts; i++) {
        ovnk8s_kube_options options = OVNK8S_KUBE_OPTIONS_INIT;
        const int64_t since = now_ms();
        ovnk8s_kube *kube;

        options.timeout_ms = 300;
        kube = open_with(&options, "http://", scripts[i]);
        assert_failed_with(ovnk8s_kube_get(kube, "/x", NULL), OVNK8S_TIMEOUT, "timed out");
        assert_in_range(now_ms() - since, 299, 3000);
        ovnk8s_kube_close(kube);
    }
}

static void *trigger_soon(void *cancel)
{
    usleep(100000);
    ovnk8s_cancel_trigger(cancel);
    return NULL;
}

static void calls_are_cancelled_by_another_thread(void **state)
{
    ovnk8s_kube_options options = OVNK8S_KUBE_OPTIONS_INIT;
    ovnk8s_kube *kube;
    pthread_t thread;

    (void)state;
    assert_int_equal(ovnk8s_cancel_new(&options.cancel), 0);
    kube = open_with(&options, "http://", "silent");
    assert_int_equal(pthread_create(&thread, NULL, trigger_soon, options.cancel), 0);
    assert_failed_with(ovnk8s_kube_get(kube, "/x", NULL), OVNK8S_CANCELLED, "cancelled");
    pthread_join(thread, NULL);
    assert_failed_with(ovnk8s_kube_get(kube, "/x", NULL), OVNK8S_CANCELLED, "cancelled");
    ovnk8s_kube_close(kube);
    ovnk8s_cancel_free(options.cancel);
}

static void an_absent_server_is_named(void **state)
{
    ovnk8s_kube_options options = OVNK8S_KUBE_OPTIONS_INIT;
    ovnk8s_kube *kube;

    (void)state;
    options.server = "127.0.0.1:1";
    assert_int_equal(ovnk8s_kube_open(&kube, &options), 0);
    assert_failed_with(ovnk8s_kube_get(kube, "/api", NULL), OVNK8S_UNAVAILABLE,
                       "GET http://127.0.0.1:1/api: Connection refused");
    ovnk8s_kube_close(kube);
}

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void a_rotated_token_is_used(void **state)
{
    ovnk8s_kube_options options = OVNK8S_KUBE_OPTIONS_INIT;
    char path[160], next[160], *reply;
    ovnk8s_kube *kube;

    (void)state;
    snprintf(path, sizeof path, "%s/token", server.folder);
    snprintf(next, sizeof next, "%s/token.next", server.folder);
    write_file(path, "first\n");
    options.token_file = path;
    kube = open_with(&options, "http://", "echo");
    assert_int_equal(ovnk8s_kube_get(kube, "/x", &reply), 0);
    assert_contains(reply, "Bearer first\"");
    ovnk8s_free(reply);
    write_file(next, "second\n");
    assert_int_equal(rename(next, path), 0);
    assert_int_equal(ovnk8s_kube_get(kube, "/x", &reply), 0);
    assert_contains(reply, "Bearer second\"");
    ovnk8s_free(reply);
    unlink(path); /* The old one will do for a while. */
    assert_int_equal(ovnk8s_kube_get(kube, "/x", &reply), 0);
    assert_contains(reply, "Bearer second\"");
    ovnk8s_free(reply);
    ovnk8s_kube_close(kube);
}

/* TLS. */

static char *slurp(const char *name)
{
    char path[160], *text = calloc(1, 8192);
    FILE *file;

    snprintf(path, sizeof path, "%s/%s", server.folder, name);
    file = fopen(path, "r");
    assert_non_null(file);
    assert_true(fread(text, 1, 8191, file) > 0);
    fclose(file);
    return text;
}

static void certificates_are_checked(void **state)
{
    char *pem = slurp("cert.pem"), *key = slurp("key.pem"), path[160];
    ovnk8s_kube_options options = OVNK8S_KUBE_OPTIONS_INIT;
    ovnk8s_kube *kube = open_with(&options, "https://", "echo");

    (void)state;
    assert_failed_with(ovnk8s_kube_get(kube, "/x", NULL), OVNK8S_PERMISSION, "certificate");
    ovnk8s_kube_close(kube);
    options.ca_certificate = pem; /* But the name is wrong. */
    kube = open_with(&options, "https://", "echo");
    assert_failed_with(ovnk8s_kube_get(kube, "/x", NULL), OVNK8S_PERMISSION, "127.0.0.1");
    ovnk8s_kube_close(kube);
    snprintf(path, sizeof path, "%s/cert.pem", server.folder);
    options.ca_certificate = path;
    options.tls_server_name = "fake";
    options.client_certificate = path;
    options.client_key = key;
    kube = open_with(&options, "https://", "echo");
    assert_int_equal(ovnk8s_kube_get(kube, "/x", NULL), 0);
    ovnk8s_kube_close(kube);
    options = (ovnk8s_kube_options)OVNK8S_KUBE_OPTIONS_INIT;
    options.insecure_skip_tls_verify = true;
    kube = open_with(&options, "https://", "echo");
    assert_int_equal(ovnk8s_kube_get(kube, "/x", NULL), 0);
    ovnk8s_kube_close(kube);
    free(pem);
    free(key);
}

static void a_cut_within_tls_is_an_error(void **state)
{
    ovnk8s_kube_options options = OVNK8S_KUBE_OPTIONS_INIT;
    ovnk8s_kube *kube;

    (void)state;
    options.insecure_skip_tls_verify = true;
    kube = open_with(&options, "https://", "cut");
    for (int i = 0; i < 5; i++) {
        assert_int_equal(ovnk8s_kube_get(kube, "/x", NULL), OVNK8S_UNAVAILABLE);
    }
    ovnk8s_kube_close(kube);
}

/* Reflectors: what they tell is written down as "<" begin_list, "+name", "-name", ">" synced. */

struct follower {
    struct text told;
    struct kube_reflector *reflector;
    const char *stop_at; /* Stop the reflector from within the callback that completes this. */
};

static void note(struct follower *follower, const char *sign, const char *name)
{
    text_printf(&follower->told, "%s%s", sign, name ? name : "?");
    if (follower->stop_at && !strcmp(follower->told.bytes, follower->stop_at)) {
        kube_reflector_stop(follower->reflector);
        follower->reflector = NULL;
    }
}

static void on_begin(void *payload)
{
    note(payload, "<", "");
}

static void on_object(void *payload, const cJSON *object)
{
    note(payload, "+", object_metadata(object, "name"));
}

static void on_gone(void *payload, const cJSON *object)
{
    note(payload, "-", object_metadata(object, "name"));
}

static void on_synced(void *payload)
{
    note(payload, ">", "");
}

static void run_until(ovnk8s_kube *kube, struct follower *follower, const char *version,
                      const char *expected, int64_t timeout_ms)
{
    const struct deadline deadline = deadline_in((unsigned int)timeout_ms, NULL);

    for (;;) {
        struct pollfd fds[2] = {{.fd = kube_fd(kube), .events = POLLIN}};
        const struct kube_reflector_status *status =
            follower->reflector ? kube_reflector_status(follower->reflector) : NULL;

        if (follower->told.bytes && !strcmp(follower->told.bytes, expected) &&
            (!status || (!strcmp(status->resource_version, version) && !status->error &&
                         status->state == KUBE_WATCHING))) {
            return;
        }
        if (deadline_poll(&deadline, fds, 1, kube_deadline(kube))) {
            fail_msg("told \"%s\" instead of \"%s\" (%s)", follower->told.bytes, expected,
                     status ? status->message : "stopped");
        }
        assert_int_equal(kube_step(kube), 0);
    }
}

static char *requests_of(const char *script)
{
    ovnk8s_kube *kube = open_script("log");
    char path[64], *reply;

    snprintf(path, sizeof path, "/%s", script);
    assert_int_equal(ovnk8s_kube_get(kube, path, &reply), 0);
    ovnk8s_kube_close(kube);
    return reply;
}

static int count(const char *text, const char *word)
{
    int n = 0;

    while ((text = strstr(text, word))) {
        text += strlen(word);
        n++;
    }
    return n;
}

/* Follows the script until 'expected' has been told and a watch is up at 'version'. */
static void follow(const char *script, const char *expected, const char *version)
{
    const struct kube_collection collection = {.path = "/things",
                                               .field_selector = "spec.nodeName=n1"};
    struct follower follower = {0};
    const struct kube_handler handler = {on_begin, on_object, on_gone, on_synced, &follower};
    ovnk8s_kube *kube = open_script(script);

    assert_int_equal(kube_reflector_start(&follower.reflector, kube, &collection, &handler), 0);
    run_until(kube, &follower, version, expected, 15000);
    kube_reflector_stop(follower.reflector);
    ovnk8s_kube_close(kube);
    text_clear(&follower.told);
}

static void a_collection_is_listed_in_pages_and_watched(void **state)
{
    char *requests;

    (void)state;
    follow("life", "<+a+b+c>+d+a-b", "20");
    requests = requests_of("life");
    assert_contains(requests, "\"/life/things?limit=500&fieldSelector=spec.nodeName%3Dn1\"");
    assert_contains(requests, "limit=500&continue=t%2F1%3D&fieldSelector");
    assert_contains(requests, "watch=1&allowWatchBookmarks=true&timeoutSeconds=");
    assert_contains(requests, "&resourceVersion=10&fieldSelector=");
    ovnk8s_free(requests);
}

static void lists_start_anew_when_they_must(void **state)
{
    (void)state;
    follow("page-expires", "<+a<+a+b>", "12");
    follow("page-fails", "<+a+b>", "10");
    follow("cut-list", "<+x<+a>", "10");
    follow("short-list", "<+?<<<<+a>", "10");
}

static void forgotten_versions_are_listed_anew(void **state)
{
    (void)state;
    follow("gone-status", "<+a><+b>", "20");
    follow("gone-event", "<+a>+c<+b>", "20");
    follow("bad-watch", "<+a><+b>", "20");
    follow("error-watch", "<+a><+b>", "20");
}

static void a_cut_watch_goes_on_where_it_was(void **state)
{
    char *requests;

    (void)state;
    follow("cut-watch", "<+a>+b+c", "12");
    requests = requests_of("cut-watch");
    assert_int_equal(count(requests, "limit=500"), 1);
    assert_contains(requests, "&resourceVersion=11&");
    ovnk8s_free(requests);
    follow("short-watch", "<+a>", "10");
}

static void a_busy_server_is_given_the_time_it_asks_for(void **state)
{
    const int64_t since = now_ms();

    (void)state;
    follow("busy", "<<<+a>", "10");
    assert_in_range(now_ms() - since, 1000, 10000);
}

static void a_reflector_may_be_stopped_from_any_callback(void **state)
{
    static const char *const moments[] = {"<", "<+a", "<+a>", "<+a>+b"};

    (void)state;
    for (size_t i = 0; i < sizeof moments / sizeof *moments; i++) {
        const struct kube_collection collection = {.path = "/things"};
        struct follower follower = {.stop_at = moments[i]};
        const struct kube_handler handler = {on_begin, on_object, on_gone, on_synced, &follower};
        char script[32];
        ovnk8s_kube *kube;

        snprintf(script, sizeof script, "stopped-%zu", i);
        kube = open_script(script);
        assert_int_equal(kube_reflector_start(&follower.reflector, kube, &collection, &handler), 0);
        run_until(kube, &follower, "", moments[i], 10000);
        assert_null(follower.reflector);
        assert_true(kube_deadline(kube) > 0);
        ovnk8s_kube_close(kube);
        text_clear(&follower.told);
    }
}

static void a_connection_may_be_closed_with_all_under_way(void **state)
{
    const struct kube_collection collection = {.path = "/things"};
    struct follower follower = {0};
    const struct kube_handler handler = {on_begin, on_object, on_gone, on_synced, &follower};
    ovnk8s_kube *kube = open_script("silent");

    (void)state;
    assert_int_equal(kube_reflector_start(&follower.reflector, kube, &collection, &handler), 0);
    assert_int_equal(kube_call_start(NULL, kube, &(struct kube_request){.path = "/x"}), 0);
    for (int i = 0; i < 10; i++) {
        assert_int_equal(kube_step(kube), 0);
        usleep(5000);
    }
    ovnk8s_kube_close(kube);
    text_clear(&follower.told);
}

/* Every byte of an answer may be the last one, or the first of something else. */

enum {
    THING_A = 1,
    THING_C = 4,
    ANOTHER = 8,
    KUBES = 8,
    EACH = 25,
};

/* What somebody knows who has been told all. */
struct knower {
    struct kube_reflector *reflector;
    unsigned int known, listed; /* Of the above; a bit too many for any other thing. */
};

static unsigned int thing_of(const cJSON *object)
{
    const char *name = object_metadata(object, "name");

    return name && strlen(name) == 1 && *name >= 'a' && *name <= 'c' ? 1U << (*name - 'a')
                                                                     : ANOTHER;
}

static void know_list(void *payload)
{
    ((struct knower *)payload)->listed = 0;
}

static void know_thing(void *payload, const cJSON *object)
{
    struct knower *knower = payload;

    knower->known |= thing_of(object);
    knower->listed |= thing_of(object);
}

static void know_gone(void *payload, const cJSON *object)
{
    ((struct knower *)payload)->known &= ~thing_of(object);
}

static void know_all(void *payload)
{
    struct knower *knower = payload;

    knower->known = knower->listed;
}

static bool knows_the_truth(const struct knower *knower)
{
    const struct kube_reflector_status *status = kube_reflector_status(knower->reflector);

    return knower->known == (THING_A | THING_C) && !status->error &&
           status->state == KUBE_WATCHING && !strcmp(status->resource_version, "20");
}

/* Several connections, of which each has a bound of what it does at once. */
struct crowd {
    ovnk8s_kube *kubes[KUBES];
    struct knower knowers[KUBES * EACH];
};

static void crowd_step(struct crowd *crowd, const struct deadline *deadline, const char *where,
                       int byte, const struct knower *knower)
{
    struct pollfd fds[KUBES + 1];
    int64_t wake_at = INT64_MAX;

    for (size_t i = 0; i < KUBES; i++) {
        const int64_t at = kube_deadline(crowd->kubes[i]);

        fds[i] = (struct pollfd){.fd = kube_fd(crowd->kubes[i]), .events = POLLIN};
        wake_at = at < wake_at ? at : wake_at;
    }
    if (deadline_poll(deadline, fds, KUBES, wake_at)) {
        const struct kube_reflector_status *status = kube_reflector_status(knower->reflector);

        fail_msg("%s at byte %d: known %#x, version %s (%s)", where, byte, knower->known,
                 status->resource_version, status->message);
    }
    for (size_t i = 0; i < KUBES; i++) {
        assert_int_equal(kube_step(crowd->kubes[i]), 0);
    }
}

static void go_wrong_from(const char *where, int first)
{
    const struct deadline deadline = deadline_in(60000, NULL);
    struct crowd crowd = {0};

    for (int i = 0; i < KUBES * EACH; i++) {
        struct knower *knower = &crowd.knowers[i];
        ovnk8s_kube **kube = &crowd.kubes[i / EACH];
        const struct kube_handler handler = {know_list, know_thing, know_gone, know_all, knower};
        char path[64];
        const struct kube_collection collection = {.path = path};

        *kube = *kube ? *kube : open_script("");
        snprintf(path, sizeof path, "/at-%s-%d/things", where, first + i);
        assert_int_equal(kube_reflector_start(&knower->reflector, *kube, &collection, &handler), 0);
    }
    for (int i = 0; i < KUBES * EACH; i++) {
        while (!knows_the_truth(&crowd.knowers[i])) {
            crowd_step(&crowd, &deadline, where, first + i, &crowd.knowers[i]);
        }
    }
    for (size_t i = 0; i < KUBES; i++) {
        ovnk8s_kube_close(crowd.kubes[i]);
    }
}

static int length_of(const char *where)
{
    ovnk8s_kube *kube = open_script("length");
    char path[16], *reply;
    int length;

    snprintf(path, sizeof path, "/%.*s", (int)strcspn(where, "-"), where);
    assert_int_equal(ovnk8s_kube_get(kube, path, &reply), 0);
    length = atoi(reply);
    assert_in_range(length, 100, 2000);
    ovnk8s_free(reply);
    ovnk8s_kube_close(kube);
    return length;
}

static void answers_may_go_wrong_at_any_byte(void **state)
{
    static const char *const wheres[] = {"watch-cut",   "watch-garbage", "watch-plain",
                                         "watch-pause", "list-cut",      "list-garbage"};

    (void)state;
    for (size_t i = 0; i < sizeof wheres / sizeof *wheres; i++) {
        const int length = length_of(wheres[i]);

        for (int first = 0; first < length; first += KUBES * EACH) {
            go_wrong_from(wheres[i], first);
        }
    }
}

/* Waiting for one object. */

static bool is_ready(const cJSON *object, void *payload)
{
    ++*(int *)payload;
    return cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(object, "ready"));
}

static void an_object_is_waited_for(void **state)
{
    static const struct {
        const char *script;
        int error;
        const char *seen; /* The version it is ready in, or words of the error. */
        int looks;
    } cases[] = {
        {"ready", 0, "5", 1},
        {"later", 0, "7", 3},
        {"appears", 0, "6", 1},
        {"recovers", 0, "6", 1},
        {"absent", OVNK8S_NOTFOUND, "it does not exist", 0},
        {"deleted", OVNK8S_NOTFOUND, "it was deleted", 1},
        {"never", OVNK8S_TIMEOUT, "it exists, but is not ready (seen last: version 5)", 1},
        {"forbidden", OVNK8S_PERMISSION, "you may not", 0},
        {"watch-forbidden", OVNK8S_PERMISSION, "you may not watch", 1},
        {"garbage", OVNK8S_PROTOCOL, "garbage/things/x", 0},
        {"cut", OVNK8S_UNAVAILABLE, "Empty reply", 0},
        {"silent", OVNK8S_UNAVAILABLE, "timed out", 0},
        {"unheard", OVNK8S_UNAVAILABLE, "as the script says", 0},
        {"half-list", OVNK8S_TIMEOUT, "it exists, but is not ready (seen last: version 5)", 1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ovnk8s_kube *kube = open_script(cases[i].script);
        cJSON *object;
        int looks = 0;
        const int error = kube_wait_object(kube, "/things", "x", is_ready, &looks,
                                           cases[i].error ? 1000 : 5000, &object);

        if (cases[i].error) {
            assert_failed_with(error, cases[i].error, cases[i].seen);
            assert_contains(ovnk8s_last_error()->message, "waiting for /things/x");
            assert_null(object);
        } else {
            assert_int_equal(error, 0);
            assert_string_equal(object_metadata(object, "resourceVersion"), cases[i].seen);
        }
        assert_int_equal(looks, cases[i].looks);
        cJSON_Delete(object);
        ovnk8s_kube_close(kube);
    }
}

/* Those that must not wait. */

struct queue {
    unsigned int n, urgent_after;
};

static void count_done(const struct kube_reply *reply, void *payload)
{
    assert_int_equal(reply->error, 0);
    ((struct queue *)payload)->n++;
}

static void note_urgent(const struct kube_reply *reply, void *payload)
{
    struct queue *queue = payload;

    assert_int_equal(reply->error, 0);
    queue->urgent_after = queue->n++;
}

static void an_urgent_call_does_not_wait_its_turn(void **state)
{
    enum { N = 300 };
    ovnk8s_kube *kube = open_script("echo");
    struct kube_request request = {.method = "PATCH", .path = "/x", .body = "{}"};
    const struct deadline deadline = deadline_in(30000, NULL);
    struct queue queue = {.urgent_after = N};

    (void)state;
    request.payload = &queue;
    request.done = count_done;
    for (int i = 0; i < N; i++) {
        assert_int_equal(kube_call_start(NULL, kube, &request), 0);
    }
    request.done = note_urgent;
    request.urgent = true;
    assert_int_equal(kube_call_start(NULL, kube, &request), 0);
    while (queue.n <= N) {
        assert_int_equal(request_wait(kube, &deadline, INT64_MAX), 0);
    }
    assert_in_range(queue.urgent_after, 0, N / 2);
    ovnk8s_kube_close(kube);
}

/* What callers outside of the library use. */

struct told {
    char names[512];
    int result;
    ovnk8s_kube_follower *follower;
    bool is_synced;
};

static void add_name(struct told *told, const char *mark, const char *json)
{
    cJSON *object = cJSON_Parse(json);
    const size_t length = strlen(told->names);

    assert_true(cJSON_IsObject(object));
    snprintf(told->names + length, sizeof told->names - length, "%s%s", mark,
             object_metadata(object, "name"));
    cJSON_Delete(object);
}

static int take_listed(const char *json, void *payload)
{
    add_name(payload, "+", json);
    return ((struct told *)payload)->result;
}

static int list(ovnk8s_kube *kube, struct told *told)
{
    ovnk8s_kube_collection things = OVNK8S_KUBE_COLLECTION_INIT;

    things.path = "/things";
    return ovnk8s_kube_list(kube, &things, take_listed, told);
}

static void a_list_is_told_object_by_object(void **state)
{
    static const struct {
        const char *script, *names;
        int result, error;
        const char *words;
    } cases[] = {
        {"public-list", "+a+b+c", 0, 0, ""},
        {"public-list-stopped", "+a", 77, 77, ""},
        {"public-list-expires", "+a", 0, OVNK8S_CONFLICT, "HTTP 410"},
        {"public-list-busy", "+a", 0, 0, ""},
        {"forbidden", "", 0, OVNK8S_PERMISSION, "you may not"},
        {"unknown", "", 0, OVNK8S_NOTFOUND, "no script"},
        {"garbage", "", 0, OVNK8S_PROTOCOL, "HTTP/0.9"},
        {"silent", "", 0, OVNK8S_TIMEOUT, "timed out"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct told told = {.result = cases[i].result};
        ovnk8s_kube_options options = OVNK8S_KUBE_OPTIONS_INIT;
        ovnk8s_kube *kube;

        options.timeout_ms = strcmp(cases[i].script, "silent") ? 20000 : 300;
        kube = open_with(&options, "http://", cases[i].script);
        if (cases[i].error < 0) {
            assert_failed_with(list(kube, &told), cases[i].error, cases[i].words);
        } else {
            assert_int_equal(list(kube, &told), cases[i].error);
        }
        assert_string_equal(told.names, cases[i].names);
        ovnk8s_kube_close(kube);
    }
}

static void follow_object(const char *json, void *payload)
{
    add_name(payload, "+", json);
}

static void follow_gone(const char *json, void *payload)
{
    add_name(payload, "-", json);
    ovnk8s_kube_follow_stop(((struct told *)payload)->follower);
    ((struct told *)payload)->follower = NULL;
}

static void follow_synced(void *payload)
{
    ((struct told *)payload)->is_synced = true;
}

static void a_collection_is_followed_in_the_callers_loop(void **state)
{
    ovnk8s_kube *kube = open_script("public-follow");
    ovnk8s_kube_collection things = OVNK8S_KUBE_COLLECTION_INIT;
    ovnk8s_kube_handler handler = OVNK8S_KUBE_HANDLER_INIT;
    const int64_t give_up = now_ms() + 30000;
    struct told told = {.result = 0};

    (void)state;
    things.path = "/things?x=y";
    assert_int_equal(ovnk8s_kube_follow(&told.follower, kube, &things, &handler), OVNK8S_INVALID);
    assert_null(told.follower);
    things.path = "/things";
    handler.object = follow_object;
    handler.gone = follow_gone;
    handler.synced = follow_synced;
    handler.payload = &told;
    assert_int_equal(ovnk8s_kube_follow(&told.follower, kube, &things, &handler), 0);
    while (told.follower && now_ms() < give_up) {
        struct pollfd fd = {.fd = ovnk8s_kube_fd(kube), .events = POLLIN};

        assert_string_equal(ovnk8s_kube_follow_failure(told.follower), "");
        poll(&fd, 1, ovnk8s_kube_timeout(kube));
        assert_int_equal(ovnk8s_kube_step(kube), 0);
    }
    assert_true(told.is_synced);
    assert_string_equal(told.names, "+a+b+c-a");
    ovnk8s_kube_follow_stop(NULL);
    ovnk8s_kube_close(kube);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_arrive_as_they_were_meant),
        cmocka_unit_test(statuses_are_errors_with_the_servers_words),
        cmocka_unit_test(broken_answers_are_errors),
        cmocka_unit_test(deadlines_hold),
        cmocka_unit_test(calls_are_cancelled_by_another_thread),
        cmocka_unit_test(an_absent_server_is_named),
        cmocka_unit_test(a_rotated_token_is_used),
        cmocka_unit_test(certificates_are_checked),
        cmocka_unit_test(a_cut_within_tls_is_an_error),
        cmocka_unit_test(a_collection_is_listed_in_pages_and_watched),
        cmocka_unit_test(lists_start_anew_when_they_must),
        cmocka_unit_test(forgotten_versions_are_listed_anew),
        cmocka_unit_test(a_cut_watch_goes_on_where_it_was),
        cmocka_unit_test(a_busy_server_is_given_the_time_it_asks_for),
        cmocka_unit_test(a_reflector_may_be_stopped_from_any_callback),
        cmocka_unit_test(a_connection_may_be_closed_with_all_under_way),
        cmocka_unit_test(answers_may_go_wrong_at_any_byte),
        cmocka_unit_test(an_object_is_waited_for),
        cmocka_unit_test(an_urgent_call_does_not_wait_its_turn),
        cmocka_unit_test(a_list_is_told_object_by_object),
        cmocka_unit_test(a_collection_is_followed_in_the_callers_loop),
    };

    return cmocka_run_group_tests(tests, start_server, stop_server);
}
