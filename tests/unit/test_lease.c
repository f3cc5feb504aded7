/* One of several leads, whatever the API server does meanwhile. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ovnk8s/error.h>
#include <ovnk8s/memory.h>

#include "base/mem.h"
#include "base/wait.h"
#include "fake_server.h"
#include "watch/lease.h"

#include <cmocka.h> /* Last: it has a macro called fail. */

#define LEASE_PATH "/apis/coordination.k8s.io/v1/namespaces/ns/leases/watcher"

enum {
    PATIENCE_MS = 30000, /* For what must come: the machine may be slow. */
    LONG_MS = 600000,    /* Longer than any test takes. */
};

/* One who competes, with a connection of its own. */
struct candidate {
    ovnk8s_kube *kube;
    struct lease *lease;
};

static ovnk8s_kube *open_kube(int script)
{
    ovnk8s_kube_options options = OVNK8S_KUBE_OPTIONS_INIT;
    char url[64];
    ovnk8s_kube *kube;

    snprintf(url, sizeof url, "http://127.0.0.1:%d/lease-%d", server.port, script);
    options.server = url;
    assert_int_equal(ovnk8s_kube_open(&kube, &options), 0);
    return kube;
}

static struct candidate begin(int script, const char *identity, unsigned int duration_ms)
{
    const struct lease_options options = {.lease_namespace = "ns",
                                          .name = "watcher",
                                          .identity = identity,
                                          .duration_ms = duration_ms,
                                          .renew_ms = duration_ms * 2 / 3,
                                          .retry_ms = duration_ms > 10000 ? 100 : duration_ms / 10};
    struct candidate candidate = {.kube = open_kube(script)};

    assert_int_equal(lease_start(&candidate.lease, candidate.kube, &options), 0);
    return candidate;
}

static void end(struct candidate *candidate)
{
    lease_stop(candidate->lease);
    ovnk8s_kube_close(candidate->kube);
    *candidate = (struct candidate){0};
}

/* As if it was killed: the Lease stays its own, and nobody steps it any more. */
static struct candidate vanished;

static void vanish(struct candidate *candidate)
{
    vanished = *candidate;
    *candidate = (struct candidate){0};
}

static void turn(struct candidate *const *candidates)
{
    struct pollfd fds[4];
    int64_t at = now_ms() + 50;
    nfds_t n = 0;

    for (; candidates[n]; n++) {
        const int64_t kube = kube_deadline(candidates[n]->kube);
        const int64_t lease = lease_deadline(candidates[n]->lease);

        fds[n] = (struct pollfd){.fd = kube_fd(candidates[n]->kube), .events = POLLIN};
        at = kube < at ? kube : at;
        at = lease < at ? lease : at;
    }
    poll(fds, n, at > now_ms() ? (int)(at - now_ms()) : 0);
    for (nfds_t i = 0; i < n; i++) {
        assert_int_equal(kube_step(candidates[i]->kube), 0);
        lease_step(candidates[i]->lease);
    }
}

#define CANDIDATES(...) ((struct candidate *const[]){__VA_ARGS__, NULL})

/* Goes on with all candidates until CONDITION holds. */
#define UNTIL(CONDITION, ...)                                                                      \
    for (const int64_t give_up = now_ms() + PATIENCE_MS; !(CONDITION);) {                          \
        turn(CANDIDATES(__VA_ARGS__));                                                             \
        if (now_ms() > give_up) {                                                                  \
            fail_msg("in vain: %s", #CONDITION);                                                   \
        }                                                                                          \
    }

/* What the test does to the server, by the way of another connection. */

static char *ask(int script, const char *method, const char *path, const char *body)
{
    ovnk8s_kube *kube = open_kube(script);
    char *reply;
    int status;

    assert_int_equal(ovnk8s_kube_request(kube, method, path, NULL, body, &status, &reply), 0);
    ovnk8s_kube_close(kube);
    return reply;
}

static void tell(int script, const char *method, const char *path, const char *body)
{
    ovnk8s_free(ask(script, method, path, body));
}

static void set_faults(int script, const char *faults)
{
    tell(script, "POST", "/fault", faults);
}

/* A Lease that somebody else has, with a time of their clock. */
static void have_lease(int script, const char *holder, unsigned int seconds, const char *time)
{
    char body[512];

    snprintf(body, sizeof body,
             "{\"metadata\":{\"name\":\"watcher\",\"labels\":{\"a\":\"b\"}},\"spec\":"
             "{\"holderIdentity\":\"%s\",\"leaseDurationSeconds\":%u,\"leaseTransitions\":4,"
             "\"acquireTime\":\"%s\",\"renewTime\":\"%s\",\"strategy\":\"x\"}}",
             holder, seconds, time, time);
    tell(script, "POST", "/apis/coordination.k8s.io/v1/namespaces/ns/leases", body);
}

static void assert_lease(int script, const char *words)
{
    char *text = ask(script, "GET", LEASE_PATH, NULL);

    if (!strstr(text, words)) {
        fail_msg("\"%s\" lacks \"%s\"", text, words);
    }
    ovnk8s_free(text);
}

/* Of all requests of a script so far, those by 'method'. */
static unsigned int count(int script, const char *method)
{
    char path[64], sought[64];
    ovnk8s_kube_options options = OVNK8S_KUBE_OPTIONS_INIT;
    unsigned int n = 0;
    ovnk8s_kube *kube;
    char *log;

    snprintf(path, sizeof path, "127.0.0.1:%d/log", server.port);
    options.server = path;
    assert_int_equal(ovnk8s_kube_open(&kube, &options), 0);
    snprintf(path, sizeof path, "/lease-%d", script);
    assert_int_equal(ovnk8s_kube_get(kube, path, &log), 0);
    snprintf(sought, sizeof sought, "\"method\": \"%s\"", method);
    for (const char *at = log; (at = strstr(at, sought)) != NULL; at++) {
        n++;
    }
    ovnk8s_free(log);
    ovnk8s_kube_close(kube);
    return n;
}

/* Tests. */

static void the_only_one_leads_and_renews(void **state)
{
    struct candidate a = begin(0, "a", LONG_MS);

    (void)state;
    assert_false(lease_is_held(a.lease));
    assert_int_equal(lease_term(a.lease), 0);
    UNTIL(lease_is_held(a.lease), &a);
    assert_int_equal(lease_term(a.lease), 1);
    assert_lease(0, "\"holderIdentity\": \"a\", \"leaseDurationSeconds\": 600,"
                    " \"leaseTransitions\": 0");
    UNTIL(count(0, "PUT") >= 3, &a);
    assert_true(lease_is_held(a.lease));
    assert_int_equal(lease_term(a.lease), 1);
    end(&a);
    assert_lease(0, "\"holderIdentity\": \"\", \"leaseDurationSeconds\": 1");
}

static void who_ends_is_followed_at_once(void **state)
{
    struct candidate a = begin(1, "a", LONG_MS), b;

    (void)state;
    UNTIL(lease_is_held(a.lease), &a);
    b = begin(1, "b", LONG_MS);
    UNTIL(!strcmp(lease_holder(b.lease), "a"), &a, &b);
    UNTIL(count(1, "PUT") >= 2, &a, &b);
    assert_false(lease_is_held(b.lease));
    end(&a);
    UNTIL(lease_is_held(b.lease), &b); /* Long before the lease would be over. */
    assert_int_equal(lease_term(b.lease), 2);
    end(&b);
}

static void who_vanishes_is_followed_when_the_lease_is_over(void **state)
{
    struct candidate a = begin(2, "a", 2000), b;
    int64_t since;

    (void)state;
    UNTIL(lease_is_held(a.lease), &a);
    vanish(&a);
    b = begin(2, "b", 2000);
    since = now_ms();
    UNTIL(lease_is_held(b.lease), &b);
    assert_true(now_ms() - since >= 2000);
    assert_int_equal(lease_term(b.lease), 2);
    end(&b);
}

static void clocks_of_others_do_not_matter(void **state)
{
    static const char *const times[] = {"1999-01-01T00:00:00.000000Z",
                                        "2999-01-01T00:00:00.000000Z", "soon"};

    (void)state;
    for (int i = 0; i < 3; i++) {
        struct candidate a;
        int64_t since;

        have_lease(3 + i, "other", 1, times[i]);
        since = now_ms();
        a = begin(3 + i, "a", 2000);
        UNTIL(lease_is_held(a.lease), &a);
        assert_true(now_ms() - since >= 1000);
        assert_int_equal(lease_term(a.lease), 6); /* After 4 transitions it is the fifth. */
        assert_lease(3 + i, "\"labels\": {\"a\": \"b\"}");
        assert_lease(3 + i, "\"strategy\": \"x\"");
        end(&a);
    }
}

static void two_never_lead_at_once(void **state)
{
    struct candidate a = begin(6, "a", 2000), b;

    (void)state;
    UNTIL(lease_is_held(a.lease), &a);
    set_faults(6, "{\"PUT\": \"silent\"}");
    UNTIL(!lease_is_held(a.lease), &a);
    assert_string_equal(lease_holder(a.lease), "a"); /* It gives up before it is told to. */
    b = begin(6, "b", 2000);
    set_faults(6, "{}");
    UNTIL(lease_is_held(a.lease) || lease_is_held(b.lease), &a, &b);
    for (int i = 0; i < 50; i++) {
        turn(CANDIDATES(&a, &b));
        assert_false(lease_is_held(a.lease) && lease_is_held(b.lease));
    }
    end(&a);
    UNTIL(lease_is_held(b.lease), &b);
    end(&b);
}

static void faults_are_told_once_and_survived(void **state)
{
    static const struct {
        const char *faults, *words;
    } cases[] = {
        {"{\"GET\": \"500\", \"POST\": \"500\"}", "as the test says (HTTP 500)"},
        {"{\"GET\": \"403\"}", "as the test says (HTTP 403)"},
        {"{\"POST\": \"403\"}", "as the test says (HTTP 403)"},
        {"{\"POST\": \"404\"}", "as the test says (HTTP 404)"},
        {"{\"GET\": \"hello\"}", "no Lease"},
        {"{\"GET\": \"[]\"}", "no Lease"},
        {"{\"POST\": \"{}\"}", "no Lease"},
        {"{\"POST\": \"{\\\"metadata\\\":{\\\"resourceVersion\\\":\\\"1\\\"}}\"}",
         "not the Lease that was written"},
    };

    (void)state;
    set_faults(7, cases[0].faults);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct candidate a;

        set_faults(7, cases[i].faults);
        a = begin(7, "a", 2000);
        UNTIL(strstr(lease_failure(a.lease), cases[i].words), &a);
        assert_false(lease_is_held(a.lease));
        set_faults(7, "{}");
        UNTIL(lease_is_held(a.lease), &a);
        assert_string_equal(lease_failure(a.lease), "");
        end(&a);
        tell(7, "DELETE", LEASE_PATH, NULL);
    }
}

static void an_answer_that_is_lost_loses_nothing(void **state)
{
    struct candidate a;

    (void)state;
    set_faults(8, "{\"POST\": \"late\", \"PUT\": \"late\"}");
    a = begin(8, "a", LONG_MS);
    UNTIL(count(8, "PUT") >= 2, &a);
    set_faults(8, "{}");
    UNTIL(lease_is_held(a.lease), &a);
    assert_int_equal(lease_term(a.lease), 1);
    assert_lease(8, "\"leaseTransitions\": 0");
    end(&a);
}

static void what_others_add_stays_and_takes_nothing_away(void **state)
{
    static const char body[] = "{\"metadata\":{\"labels\":{\"more\":\"yes\"}},\"spec\":"
                               "{\"holderIdentity\":\"a\",\"leaseDurationSeconds\":600,"
                               "\"leaseTransitions\":0}}";
    struct candidate a = begin(9, "a", LONG_MS);
    unsigned int n;

    (void)state;
    UNTIL(lease_is_held(a.lease), &a);
    tell(9, "PUT", LEASE_PATH, body);
    n = count(9, "PUT");
    UNTIL(count(9, "PUT") >= n + 3, &a);
    assert_true(lease_is_held(a.lease));
    assert_int_equal(lease_term(a.lease), 1);
    assert_lease(9, "\"more\": \"yes\"");
    end(&a);
}

static void who_always_comes_too_late_waits_between(void **state)
{
    struct candidate a;
    int64_t since;

    (void)state;
    set_faults(10, "{\"POST\": \"409\"}");
    a = begin(10, "a", 10000); /* A second between. */
    since = now_ms();
    UNTIL(count(10, "POST") >= 4, &a);
    assert_true(now_ms() - since >= 1000);
    set_faults(10, "{}");
    UNTIL(lease_is_held(a.lease), &a);
    end(&a);
}

static void a_lease_that_is_deleted_is_made_again_for_a_later_term(void **state)
{
    struct candidate a = begin(11, "a", LONG_MS);

    (void)state;
    UNTIL(lease_is_held(a.lease), &a);
    tell(11, "DELETE", LEASE_PATH, NULL);
    UNTIL(lease_term(a.lease) == 2, &a);
    assert_true(lease_is_held(a.lease));
    assert_lease(11, "\"leaseTransitions\": 1");
    end(&a);
}

static void a_later_term_is_had_for_the_asking(void **state)
{
    struct candidate a = begin(12, "a", LONG_MS);

    (void)state;
    lease_exceed(a.lease, 4);
    UNTIL(lease_is_held(a.lease), &a);
    assert_int_equal(lease_term(a.lease), 5);
    lease_exceed(a.lease, 3);
    UNTIL(count(12, "PUT") >= 3, &a);
    assert_int_equal(lease_term(a.lease), 5);
    lease_exceed(a.lease, 5); /* Another one had the same. */
    UNTIL(lease_term(a.lease) == 6, &a);
    lease_exceed(a.lease, 77);
    UNTIL(lease_term(a.lease) == 78, &a);
    assert_true(lease_is_held(a.lease));
    lease_exceed(a.lease, UINT64_MAX);
    UNTIL(lease_term(a.lease) == (uint64_t)INT32_MAX + 1, &a);
    end(&a);
}

static void somebody_with_our_name_is_another_one(void **state)
{
    struct candidate a;
    int64_t since;

    (void)state;
    have_lease(13, "a", 1, "2026-01-01T00:00:00.000000Z");
    since = now_ms();
    a = begin(13, "a", 2000);
    UNTIL(lease_is_held(a.lease), &a);
    assert_true(now_ms() - since >= 1000);
    assert_int_equal(lease_term(a.lease), 6);
    end(&a);
}

static void without_the_right_to_watch_it_works_too(void **state)
{
    struct candidate a, b;

    (void)state;
    set_faults(14, "{\"LIST\": \"403\", \"WATCH\": \"403\"}");
    a = begin(14, "a", 2000);
    UNTIL(lease_is_held(a.lease), &a);
    b = begin(14, "b", 2000);
    for (const int64_t until = now_ms() + 3000; now_ms() < until;) {
        turn(CANDIDATES(&a, &b));
        assert_false(lease_is_held(a.lease) && lease_is_held(b.lease));
    }
    end(&a);
    UNTIL(lease_is_held(b.lease), &b);
    end(&b);
}

static void the_lead_is_lost_to_who_has_the_lease(void **state)
{
    static const char body[] = "{\"metadata\":{},\"spec\":{\"holderIdentity\":\"thief\","
                               "\"leaseDurationSeconds\":600,\"leaseTransitions\":1}}";
    struct candidate a = begin(15, "a", LONG_MS);

    (void)state;
    UNTIL(lease_is_held(a.lease), &a);
    tell(15, "PUT", LEASE_PATH, body);
    UNTIL(!lease_is_held(a.lease), &a);
    assert_string_equal(lease_holder(a.lease), "thief");
    end(&a);
    assert_lease(15, "\"holderIdentity\": \"thief\"");
}

static void ends_while_the_server_is_silent(void **state)
{
    struct candidate a = begin(16, "a", LONG_MS);
    const int64_t since = now_ms();

    (void)state;
    UNTIL(lease_is_held(a.lease), &a);
    set_faults(16, "{\"PUT\": \"silent\", \"GET\": \"silent\"}");
    end(&a);
    assert_true(now_ms() - since < PATIENCE_MS); /* The server would take that. */
}

static void bad_options_are_refused(void **state)
{
    static const struct {
        struct lease_options options;
        const char *message;
    } cases[] = {
        {{.lease_namespace = "A", .name = "x"}, "namespace of the lease \"A\""},
        {{.lease_namespace = "ns", .name = "x/y"}, "name of the lease \"x/y\""},
        {{.lease_namespace = "ns", .name = "x", .duration_ms = 999, .renew_ms = 10, .retry_ms = 1},
         "lease of 999 ms"},
        {{.lease_namespace = "ns", .name = "x", .renew_ms = 15000}, "renewed within 15000 ms"},
        {{.lease_namespace = "ns", .name = "x", .retry_ms = 10000}, "every 10000 ms"},
    };
    ovnk8s_kube *kube = open_kube(17);
    struct lease *lease;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_int_equal(lease_start(&lease, kube, &cases[i].options), OVNK8S_INVALID);
        assert_null(lease);
        assert_non_null(strstr(ovnk8s_last_error()->message, cases[i].message));
    }
    assert_int_equal(
        lease_start(&lease, kube, &(struct lease_options){.lease_namespace = "ns", .name = "x"}),
        0);
    assert_true(strlen(lease_identity(lease)) > 17);
    lease_stop(lease);
    ovnk8s_kube_close(kube);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_only_one_leads_and_renews),
        cmocka_unit_test(who_ends_is_followed_at_once),
        cmocka_unit_test(who_vanishes_is_followed_when_the_lease_is_over),
        cmocka_unit_test(clocks_of_others_do_not_matter),
        cmocka_unit_test(two_never_lead_at_once),
        cmocka_unit_test(faults_are_told_once_and_survived),
        cmocka_unit_test(an_answer_that_is_lost_loses_nothing),
        cmocka_unit_test(what_others_add_stays_and_takes_nothing_away),
        cmocka_unit_test(who_always_comes_too_late_waits_between),
        cmocka_unit_test(a_lease_that_is_deleted_is_made_again_for_a_later_term),
        cmocka_unit_test(a_later_term_is_had_for_the_asking),
        cmocka_unit_test(somebody_with_our_name_is_another_one),
        cmocka_unit_test(without_the_right_to_watch_it_works_too),
        cmocka_unit_test(the_lead_is_lost_to_who_has_the_lease),
        cmocka_unit_test(ends_while_the_server_is_silent),
        cmocka_unit_test(bad_options_are_refused),
    };

    return cmocka_run_group_tests(tests, start_server, stop_server);
}
