/* Failures are told as Events: completely, once, with a count, and at the server's pace. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include <ovnk8s/error.h>
#include <ovnk8s/memory.h>

#include "base/wait.h"
#include "fake_server.h"
#include "watch/event_recorder.h"

#include <cmocka.h> /* Last: it has a macro called fail. */

enum { PATIENCE_MS = 30000, WINDOW_MS = 20000, RAISE_MS = 200, PAUSE_MS = 200 };

struct world {
    char script[32];
    ovnk8s_kube *kube, *asking;
    struct event_recorder *recorder;
    unsigned int n_lines;
    char line[512];
};

static void take_line(enum ovnk8s_log_level level, const char *line, void *payload)
{
    struct world *w = payload;

    (void)level;
    w->n_lines++;
    snprintf(w->line, sizeof w->line, "%s", line);
}

static ovnk8s_kube *open_kube(const char *script)
{
    ovnk8s_kube_options options = OVNK8S_KUBE_OPTIONS_INIT;
    ovnk8s_kube *kube;
    char url[64];

    snprintf(url, sizeof url, "http://127.0.0.1:%d/%s", server.port, script);
    options.server = url;
    assert_int_equal(ovnk8s_kube_open(&kube, &options), 0);
    return kube;
}

static void begin(struct world *w, const char *script)
{
    const struct event_recorder_options options = {
        .log = {take_line, w}, .window_ms = WINDOW_MS, .raise_ms = RAISE_MS, .pause_ms = PAUSE_MS};

    *w = (struct world){.kube = open_kube(script), .asking = open_kube("log")};
    snprintf(w->script, sizeof w->script, "/%s", script);
    assert_int_equal(event_recorder_new(&w->recorder, w->kube, &options), 0);
}

static void end(struct world *w)
{
    event_recorder_free(w->recorder);
    ovnk8s_kube_close(w->kube);
    ovnk8s_kube_close(w->asking);
}

static void turn(struct world *w)
{
    struct pollfd fd = {.fd = kube_fd(w->kube), .events = POLLIN};
    const int64_t now = now_ms();
    int64_t at = kube_deadline(w->kube);

    event_recorder_step(w->recorder);
    at = event_recorder_deadline(w->recorder) < at ? event_recorder_deadline(w->recorder) : at;
    poll(&fd, 1, at <= now ? 0 : at - now < 20 ? (int)(at - now) : 20);
    assert_int_equal(kube_step(w->kube), 0);
}

/* Goes on until the server was asked 'n' times, and has answered. */
static void until_written(struct world *w, uint64_t n)
{
    for (const int64_t give_up = now_ms() + PATIENCE_MS;
         event_recorder_written(w->recorder) + event_recorder_dropped(w->recorder) < n;) {
        turn(w);
        assert_true(now_ms() < give_up);
    }
}

/* What the server was sent; to be freed. */
static cJSON *requests(struct world *w)
{
    char *text;
    cJSON *json;

    if (ovnk8s_kube_get(w->asking, w->script, &text)) {
        fail_msg("%s", ovnk8s_last_error()->message);
    }
    json = cJSON_Parse(text);
    ovnk8s_free(text);
    assert_true(cJSON_IsArray(json));
    return json;
}

static const char *text_of(const cJSON *object, const char *key)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, key));

    return text ? text : "";
}

/* Request number 'i': its body, to be freed. */
static cJSON *body_of(const cJSON *all, int i, const char *method, const char *path)
{
    const cJSON *request = cJSON_GetArrayItem(all, i);
    cJSON *body = cJSON_Parse(text_of(request, "body"));

    assert_string_equal(text_of(request, "method"), method);
    assert_non_null(strstr(text_of(request, "path"), path));
    assert_non_null(body);
    return body;
}

static double number_of(const cJSON *object, const char *key)
{
    return cJSON_GetNumberValue(cJSON_GetObjectItemCaseSensitive(object, key));
}

static const struct event_object web = {"Pod", "v1", "shop", "web", "uid-1"};

static void an_event_says_all(void **state)
{
    struct world w;
    cJSON *all, *body, *object;

    (void)state;
    begin(&w, "events-0");
    event_record(w.recorder, &web, "PortFailed", "no address is free; trying again in 3 s");
    until_written(&w, 1);
    all = requests(&w);
    assert_int_equal(cJSON_GetArraySize(all), 1);
    body = body_of(all, 0, "POST", "/api/v1/namespaces/shop/events");
    assert_string_equal(text_of(body, "reason"), "PortFailed");
    assert_string_equal(text_of(body, "message"), "no address is free; trying again in 3 s");
    assert_string_equal(text_of(body, "type"), "Warning");
    assert_string_equal(text_of(body, "reportingComponent"), "ovn-k8s-watcher");
    assert_true(number_of(body, "count") == 1);
    assert_int_equal(strlen(text_of(body, "firstTimestamp")), strlen("2026-01-01T00:00:00Z"));
    assert_string_equal(text_of(body, "firstTimestamp"), text_of(body, "lastTimestamp"));
    object = cJSON_GetObjectItem(body, "source");
    assert_string_equal(text_of(object, "component"), "ovn-k8s-watcher");
    object = cJSON_GetObjectItem(body, "metadata");
    assert_string_equal(text_of(object, "namespace"), "shop");
    assert_memory_equal(text_of(object, "name"), "web.", 4);
    object = cJSON_GetObjectItem(body, "involvedObject");
    assert_string_equal(text_of(object, "kind"), "Pod");
    assert_string_equal(text_of(object, "apiVersion"), "v1");
    assert_string_equal(text_of(object, "namespace"), "shop");
    assert_string_equal(text_of(object, "name"), "web");
    assert_string_equal(text_of(object, "uid"), "uid-1");
    assert_true(event_recorder_deadline(w.recorder) == INT64_MAX);
    cJSON_Delete(body);
    cJSON_Delete(all);
    end(&w);
}

static void events_of_nodes_are_in_the_default_namespace(void **state)
{
    const struct event_object node = {"Node", "v1", NULL, "n1.example.org", NULL};
    struct world w;
    cJSON *all, *body;

    (void)state;
    begin(&w, "events-1");
    event_record(w.recorder, &node, "SubnetFailed", "x");
    until_written(&w, 1);
    all = requests(&w);
    body = body_of(all, 0, "POST", "/api/v1/namespaces/default/events");
    assert_null(cJSON_GetObjectItem(cJSON_GetObjectItem(body, "involvedObject"), "namespace"));
    cJSON_Delete(body);
    cJSON_Delete(all);
    end(&w);
}

static void the_same_once_more_raises_the_count(void **state)
{
    const int64_t since = now_ms();
    struct world w;
    char path[512];
    cJSON *all, *body;

    (void)state;
    begin(&w, "events-2");
    event_record(w.recorder, &web, "PortFailed", "first");
    until_written(&w, 1);
    event_record(w.recorder, &web, "PortFailed", "second");
    event_record(w.recorder, &web, "PortFailed", "third");
    until_written(&w, 2);
    assert_true(now_ms() - since >= RAISE_MS);
    all = requests(&w);
    assert_int_equal(cJSON_GetArraySize(all), 2);
    body = body_of(all, 0, "POST", "/events");
    snprintf(path, sizeof path, "/api/v1/namespaces/shop/events/%s",
             text_of(cJSON_GetObjectItem(body, "metadata"), "name"));
    cJSON_Delete(body);
    body = body_of(all, 1, "PATCH", path);
    assert_string_equal(text_of(body, "message"), "third");
    assert_true(number_of(body, "count") == 3);
    assert_int_equal(cJSON_GetArraySize(body), 3); /* And the time. */
    cJSON_Delete(body);
    cJSON_Delete(all);
    end(&w);
}

static void something_else_is_another_event(void **state)
{
    struct event_object other = web;
    struct world w;
    cJSON *all, *body;

    (void)state;
    begin(&w, "events-3");
    event_record(w.recorder, &web, "PortFailed", "x");
    event_record(w.recorder, &web, "AnnotationFailed", "x");
    other.uid = "uid-2";
    event_record(w.recorder, &other, "PortFailed", "x");
    until_written(&w, 3);
    all = requests(&w);
    assert_int_equal(cJSON_GetArraySize(all), 3);
    for (int i = 0; i < 3; i++) {
        body = body_of(all, i, "POST", "/events");
        assert_true(number_of(body, "count") == 1);
        cJSON_Delete(body);
    }
    cJSON_Delete(all);
    end(&w);
}

static void after_a_long_silence_it_is_another_event(void **state)
{
    const struct event_recorder_options options = {.window_ms = 1};
    struct world w;
    cJSON *all, *body;
    int64_t seen;

    (void)state;
    begin(&w, "events-6");
    event_recorder_free(w.recorder);
    assert_int_equal(event_recorder_new(&w.recorder, w.kube, &options), 0);
    event_record(w.recorder, &web, "PortFailed", "x");
    seen = now_ms();
    until_written(&w, 1);
    while (now_ms() <= seen + 1) {
        turn(&w);
    }
    event_record(w.recorder, &web, "PortFailed", "x");
    until_written(&w, 2);
    all = requests(&w);
    body = body_of(all, 1, "POST", "/events");
    assert_true(number_of(body, "count") == 1);
    cJSON_Delete(body);
    cJSON_Delete(all);
    end(&w);
}

static void a_storm_is_bounded(void **state)
{
    struct event_object object = web;
    struct world w;
    char name[32];
    cJSON *all;

    (void)state;
    begin(&w, "events-4");
    object.name = name;
    for (int i = 0; i < 3000; i++) {
        snprintf(name, sizeof name, "pod-%d", i);
        event_record(w.recorder, &object, "PortFailed", "x");
    }
    assert_int_equal(event_recorder_dropped(w.recorder), 2000);
    until_written(&w, 2000 + 26);
    all = requests(&w);
    assert_in_range(cJSON_GetArraySize(all), 26, 100); /* And not the thousand. */
    cJSON_Delete(all);
    end(&w);
}

static void texts_fit(void **state)
{
    struct event_object object = web;
    char note[2002], name[254];
    struct world w;
    cJSON *all, *body;
    size_t length;

    (void)state;
    for (size_t i = 0; i < 2000; i += 2) {
        memcpy(note + i, "\xc3\xa9", 2);
    }
    memmove(note + 1, note, 2000);
    note[0] = 'x';
    note[2001] = '\0';
    memset(name, 'n', 253);
    memcpy(name + 198, "-.", 2);
    name[253] = '\0';
    begin(&w, "events-5");
    object.name = name;
    event_record(w.recorder, &object, "PortFailed", note);
    until_written(&w, 1);
    all = requests(&w);
    body = body_of(all, 0, "POST", "/events");
    assert_int_equal(strlen(text_of(body, "message")), 999);
    length = strlen(text_of(cJSON_GetObjectItem(body, "metadata"), "name"));
    assert_int_equal(length, 198 + 1 + 16);
    cJSON_Delete(body);
    cJSON_Delete(all);
    end(&w);
}

static void what_may_not_be_written_is_told_once(void **state)
{
    struct event_object object = web;
    struct world w;

    (void)state;
    begin(&w, "events-refused");
    for (int i = 0; i < 5; i++) {
        object.object_namespace = (const char *[]){"a", "b", "c", "d", "e"}[i];
        event_record(w.recorder, &object, "PortFailed", "x");
        until_written(&w, (uint64_t)i + 1);
        assert_int_equal(event_recorder_dropped(w.recorder), i + 1);
    }
    assert_int_equal(w.n_lines, 1);
    assert_non_null(strstr(w.line, "you may not"));
    end(&w);
}

static void a_busy_server_gets_it_later(void **state)
{
    struct world w;
    cJSON *all, *body;

    (void)state;
    begin(&w, "events-busy");
    event_record(w.recorder, &web, "PortFailed", "first");
    while (!w.n_lines) {
        turn(&w);
    }
    event_record(w.recorder, &web, "PortFailed", "second");
    until_written(&w, 1);
    all = requests(&w);
    body = body_of(all, 1, "POST", "/events");
    assert_string_equal(text_of(body, "message"), "second");
    assert_true(number_of(body, "count") == 2);
    cJSON_Delete(body);
    cJSON_Delete(all);
    end(&w);
}

static void an_event_that_the_server_has_forgotten_is_made_again(void **state)
{
    cJSON *all, *first, *again;
    struct world w;

    (void)state;
    begin(&w, "events-forgotten");
    event_record(w.recorder, &web, "PortFailed", "first");
    until_written(&w, 1);
    event_record(w.recorder, &web, "PortFailed", "second");
    until_written(&w, 2);
    all = requests(&w);
    first = body_of(all, 0, "POST", "/events");
    again = body_of(all, 2, "POST", "/events");
    assert_string_not_equal(text_of(cJSON_GetObjectItem(first, "metadata"), "name"),
                            text_of(cJSON_GetObjectItem(again, "metadata"), "name"));
    assert_true(number_of(again, "count") == 2);
    assert_int_equal(w.n_lines, 0);
    cJSON_Delete(first);
    cJSON_Delete(again);
    cJSON_Delete(all);
    end(&w);
}

static void an_answer_that_is_lost_makes_no_second_event(void **state)
{
    struct world w;
    cJSON *all, *body;

    (void)state;
    begin(&w, "events-lost");
    event_record(w.recorder, &web, "PortFailed", "first");
    while (!w.n_lines) {
        turn(&w);
    }
    until_written(&w, 1);
    event_record(w.recorder, &web, "PortFailed", "second");
    until_written(&w, 2);
    all = requests(&w);
    body = body_of(all, 2, "PATCH", "/events/web.");
    assert_true(number_of(body, "count") == 2);
    cJSON_Delete(body);
    cJSON_Delete(all);
    end(&w);
}

static void freed_while_all_is_under_way(void **state)
{
    struct world w;

    (void)state;
    begin(&w, "silent");
    event_record(w.recorder, &web, "PortFailed", "x");
    turn(&w);
    turn(&w);
    end(&w);
    event_recorder_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_event_says_all),
        cmocka_unit_test(events_of_nodes_are_in_the_default_namespace),
        cmocka_unit_test(the_same_once_more_raises_the_count),
        cmocka_unit_test(something_else_is_another_event),
        cmocka_unit_test(after_a_long_silence_it_is_another_event),
        cmocka_unit_test(a_storm_is_bounded),
        cmocka_unit_test(texts_fit),
        cmocka_unit_test(what_may_not_be_written_is_told_once),
        cmocka_unit_test(a_busy_server_gets_it_later),
        cmocka_unit_test(an_event_that_the_server_has_forgotten_is_made_again),
        cmocka_unit_test(an_answer_that_is_lost_makes_no_second_event),
        cmocka_unit_test(freed_while_all_is_under_way),
    };

    return cmocka_run_group_tests(tests, start_server, stop_server);
}
