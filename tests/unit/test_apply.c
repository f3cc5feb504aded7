/* What is sent to the server when a plan is computed and applied, and what happens when the server
 * answers something else than it was believed to. With a real ovsdb-server; between it and the
 * library the linker puts __wrap_conn_send(). */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <ovnk8s/ovnk8s.h>

#include "guest_server.h"
#include "openvswitch/json.h"
#include "ovsdb/conn.h"
#include "topology/names.h"

#include <cmocka.h> /* Last: it has a macro called fail. */

/* What was sent, and how the server is to be replaced. */
static struct {
    char *ops[4096];
    size_t n_ops, n_reads, n_commits;
    const char *error; /* In answer to the first guard of a commit, instead of asking the server; */
    size_t n_errors;   /* so often. */
    void (*meanwhile)(void); /* Done once before the next commit. */
    bool is_off;
} wire;

int __real_conn_send(struct conn *conn, struct json *ops, conn_reply_fn *reply, void *payload);
int __wrap_conn_send(struct conn *conn, struct json *ops, conn_reply_fn *reply, void *payload);

static bool is_op(const struct json *op, const char *name)
{
    return !strcmp(json_string(shash_find_data(json_object(op), "op")), name);
}

static bool is_read(const struct json *ops)
{
    for (size_t i = 0; i < ops->array.n; i++) {
        if (!is_op(ops->array.elems[i], "select")) {
            return false;
        }
    }
    return true;
}

static void record(const struct json *ops)
{
    for (size_t i = 0; i < ops->array.n && wire.n_ops < 4096; i++) {
        wire.ops[wire.n_ops++] = json_to_string(ops->array.elems[i], JSSF_SORT);
    }
    *(is_read(ops) ? &wire.n_reads : &wire.n_commits) += 1;
}

/* An answer as RFC 7047 has it: one result for each operation up to the failed one. */
static struct json *refuse(const struct json *ops)
{
    struct json *results = json_array_create_empty(), *error = json_object_create();

    for (size_t i = 0; i < ops->array.n && !is_op(ops->array.elems[i], "wait"); i++) {
        json_array_add(results, json_object_create());
    }
    json_object_put_string(error, "error", wire.error);
    json_array_add(results, error);
    return results;
}

/* Parts of it may be text that is yet to be sent. */
static struct json *parsed(struct json *ops)
{
    char *text = json_to_string(ops, 0);
    struct json *plain = json_from_string(text);

    free(text);
    json_destroy(ops);
    return plain;
}

int __wrap_conn_send(struct conn *conn, struct json *ops, conn_reply_fn *reply, void *payload)
{
    void (*meanwhile)(void) = wire.meanwhile;

    ops = parsed(ops);
    if (!wire.is_off) {
        record(ops);
        if (!is_read(ops) && wire.n_errors) {
            struct json *results = refuse(ops);

            wire.n_errors--;
            reply(0, results, payload);
            json_destroy(results);
            json_destroy(ops);
            return 0;
        }
        if (!is_read(ops) && meanwhile) {
            wire.meanwhile = NULL;
            wire.is_off = true;
            meanwhile();
            wire.is_off = false;
        }
    }
    return __real_conn_send(conn, ops, reply, payload);
}

static void forget(void)
{
    while (wire.n_ops) {
        free(wire.ops[--wire.n_ops]);
    }
    memset(&wire, 0, sizeof wire);
}

/* How many of the operations contain both texts. */
static size_t count_ops(const char *a, const char *b)
{
    size_t n = 0;

    for (size_t i = 0; i < wire.n_ops; i++) {
        n += strstr(wire.ops[i], a) && strstr(wire.ops[i], b);
    }
    return n;
}

static void succeed(int error)
{
    if (error) {
        fail_msg("%s: %s", ovnk8s_error_name(error), ovnk8s_last_error()->message);
    }
}

/* Plans. */

static ovnk8s_nb *nb;
static ovnk8s_plan *plan;

static void renew(void)
{
    ovnk8s_plan_free(plan);
    succeed(ovnk8s_plan_new(&plan, NULL));
}

static void add_node(ovnk8s_plan *to, const char *name, const char *subnet)
{
    ovnk8s_node node = OVNK8S_NODE_INIT;

    node.name = name;
    node.subnet = subnet;
    succeed(ovnk8s_node_add(to, &node));
}

static void add_pod(const char *pod)
{
    ovnk8s_port port = OVNK8S_PORT_INIT;

    port.pod_namespace = "default";
    port.pod = pod;
    port.node = "n1";
    succeed(ovnk8s_port_add(plan, &port));
}

/* Each test begins with a cluster, a node and two pods. */
static int set_up(void **state)
{
    ovnk8s_cluster cluster = OVNK8S_CLUSTER_INIT;

    (void)state;
    cluster.name = "m";
    cluster.subnet = "10.0.0.0/8";
    succeed(ovnk8s_nb_open(&nb, server.remote, NULL));
    renew();
    succeed(ovnk8s_cluster_delete(plan, OVNK8S_FORCE));
    succeed(ovnk8s_plan_apply(plan, nb, NULL));
    renew();
    succeed(ovnk8s_cluster_add(plan, &cluster));
    add_node(plan, "n1", NULL);
    add_pod("a");
    add_pod("b");
    succeed(ovnk8s_plan_apply(plan, nb, NULL));
    renew();
    forget();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    forget();
    ovnk8s_plan_free(plan);
    plan = NULL;
    ovnk8s_nb_close(nb);
    return 0;
}

/* Reading. */

static void a_plan_without_changes_reads_and_sends_nothing_else(void **state)
{
    (void)state;
    add_node(plan, "n1", NULL);
    succeed(ovnk8s_topology_repair(plan));
    succeed(ovnk8s_plan_apply(plan, nb, NULL));
    assert_int_equal(ovnk8s_plan_changes(plan), 0);
    assert_int_equal(wire.n_commits, 0);
    assert_true(wire.n_reads > 0);
    assert_int_equal(count_ops("\"op\":\"select\"", ""), wire.n_ops);
}

static void an_empty_plan_sends_nothing_at_all(void **state)
{
    (void)state;
    succeed(ovnk8s_plan_apply(plan, nb, NULL));
    succeed(ovnk8s_plan_compute(plan, nb, NULL));
    assert_int_equal(wire.n_ops, 0);
}

static void computing_changes_nothing(void **state)
{
    size_t n;

    (void)state;
    add_node(plan, "n2", NULL);
    succeed(ovnk8s_plan_compute(plan, nb, NULL));
    assert_string_equal(ovnk8s_plan_node_subnet(plan, "n2"), "10.0.1.0/24");
    assert_int_equal(wire.n_commits, 0);
    n = ovnk8s_plan_changes(plan);
    assert_true(n > 0);
    succeed(ovnk8s_plan_apply(plan, nb, NULL));
    assert_int_equal(ovnk8s_plan_changes(plan), n);
    assert_int_equal(wire.n_commits, 1);
}

/* All that a node could consist of is asked at once; what was found, or not, is not asked again. */
static void what_is_known_is_not_asked_again(void **state)
{
    (void)state;
    add_node(plan, "n2", NULL);
    succeed(ovnk8s_plan_apply(plan, nb, NULL));
    assert_int_equal(wire.n_reads, 1);
    assert_int_equal(count_ops("\"op\":\"select\"", "\"table\":\"DNS\""), 2);
    assert_int_equal(count_ops("\"op\":\"select\"", "\"table\":\"Logical_Switch\""), 2);
    assert_int_equal(count_ops("\"op\":\"select\"", "\"table\":\"Logical_Router_Port\""), 1);
    assert_int_equal(count_ops("\"op\":\"select\"", "\"table\":\"Logical_Router\""), 1);
    assert_int_equal(count_ops("\"op\":\"select\"", "\"table\":\"Logical_Switch_Port\""), 2);
}

static void a_new_port_takes_one_reading_and_one_commit(void **state)
{
    (void)state;
    add_pod("c");
    succeed(ovnk8s_plan_apply(plan, nb, NULL));
    assert_int_equal(wire.n_reads, 1);
    assert_int_equal(wire.n_commits, 1);
    assert_int_equal(count_ops("\"op\":\"select\"", "\"Logical_Switch_Port\""), 0);
}

/* Looking at a port asks for all that is wanted of it, too. */
static void a_port_that_is_looked_at_is_asked_for_once(void **state)
{
    (void)state;
    add_pod("a");
    succeed(ovnk8s_plan_compute(plan, nb, NULL));
    assert_int_equal(ovnk8s_plan_changes(plan), 0);
    assert_int_equal(count_ops("\"op\":\"select\"", "\"table\":\"Logical_Switch_Port\""), 1);
}

static void write_by_hand(const char *ops)
{
    const struct deadline deadline = deadline_in(0, NULL);
    struct conn *conn;
    struct json *results;

    succeed(conn_open(&conn, "OVN_Northbound", server.remote, NULL, NULL, 0));
    succeed(conn_transact(conn, json_from_string(ops), &deadline, &results));
    json_destroy(results);
    conn_close(conn);
}

static void take_out_of_switch(const char *name, const char *port)
{
    char ops[512], switch_text[UUID_TEXT], port_text[UUID_TEXT];

    snprintf(ops, sizeof ops,
             "[{\"op\":\"mutate\",\"table\":\"Logical_Switch\",\"where\":[[\"_uuid\",\"==\","
             "[\"uuid\",\"%s\"]]],\"mutations\":[[\"ports\",\"delete\",[\"uuid\",\"%s\"]]]}]",
             row_id_format(switch_id("k8s", name), switch_text),
             row_id_format(switch_port_id("k8s", port), port_text));
    write_by_hand(ops);
}

#define WHOLE_COLUMN "\"columns\":[\"_uuid\",\"ports\"]"

static void a_set_is_read_whole_only_where_elements_are_missing(void **state)
{
    char id[UUID_TEXT];

    (void)state;
    add_node(plan, "n2", NULL);
    succeed(ovnk8s_plan_apply(plan, nb, NULL));
    renew();
    forget();
    add_node(plan, "n1", NULL);
    succeed(ovnk8s_plan_compute(plan, nb, NULL));
    assert_int_equal(count_ops(WHOLE_COLUMN, ""), 0); /* The server has looked. */
    take_out_of_switch("n1", "k8s-n1");
    succeed(ovnk8s_plan_compute(plan, nb, NULL));
    assert_int_equal(count_ops(WHOLE_COLUMN, ""), 1);
    assert_int_equal(count_ops(WHOLE_COLUMN, row_id_format(switch_id("k8s", "n1"), id)), 1);
    succeed(ovnk8s_plan_apply(plan, nb, NULL));
    assert_int_equal(ovnk8s_plan_changes(plan), 2); /* The port is back, and in the set. */
}

/* Conflicts. */

static void a_guard_that_always_fails_is_given_up(void **state)
{
    ovnk8s_apply_options options = OVNK8S_APPLY_OPTIONS_INIT;

    (void)state;
    wire.error = "timed out";
    wire.n_errors = SIZE_MAX;
    options.timeout_ms = 60000;
    add_pod("c");
    assert_int_equal(ovnk8s_plan_apply(plan, nb, &options), OVNK8S_CONFLICT);
    assert_string_equal(ovnk8s_last_error()->message, "committing DNS ledger of n1: timed out");
    assert_string_equal(ovnk8s_last_error()->object, "ledger of n1");
    assert_string_equal(ovnk8s_last_error()->stage, "commit");
    assert_int_equal(wire.n_commits, 200);
    assert_int_equal(ovnk8s_plan_changes(plan), 0);
}

static void the_deadline_comes_before_the_last_attempt(void **state)
{
    ovnk8s_apply_options options = OVNK8S_APPLY_OPTIONS_INIT;
    const double since = seconds();
    int error;

    (void)state;
    wire.error = "timed out";
    wire.n_errors = SIZE_MAX;
    options.timeout_ms = 200;
    add_pod("c");
    error = ovnk8s_plan_apply(plan, nb, &options);
    assert_true(error == OVNK8S_CONFLICT || error == OVNK8S_TIMEOUT);
    assert_true(seconds() - since < 1);
}

static void what_passes_is_tried_again(void **state)
{
    static const char *const errors[] = {"timed out", "not leader", "cluster error", "I/O error"};
    char pod[] = "p";

    (void)state;
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++, ++*pod) {
        forget();
        renew();
        wire.error = errors[i];
        wire.n_errors = 3;
        add_pod(pod);
        succeed(ovnk8s_plan_apply(plan, nb, NULL));
        assert_int_equal(wire.n_commits, 4);
        assert_int_equal(ovnk8s_plan_changes(plan), 3);
    }
}

static void what_does_not_pass_is_not(void **state)
{
    static const struct {
        const char *error;
        int code;
    } cases[] = {
        {"constraint violation", OVNK8S_EXISTS},
        {"permission error", OVNK8S_PERMISSION},
        {"unknown column", OVNK8S_UNSUPPORTED},
        {"what is this", OVNK8S_PROTOCOL},
    };

    (void)state;
    add_pod("c");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        forget();
        wire.error = cases[i].error;
        wire.n_errors = SIZE_MAX;
        assert_int_equal(ovnk8s_plan_apply(plan, nb, NULL), cases[i].code);
        assert_int_equal(wire.n_commits, 1);
    }
}

/* Somebody else adds a node, or a pod, just before the commit. */

static void apply_other(ovnk8s_plan *other)
{
    ovnk8s_nb *theirs;

    succeed(ovnk8s_nb_open(&theirs, server.remote, NULL));
    succeed(ovnk8s_plan_apply(other, theirs, NULL));
    ovnk8s_nb_close(theirs);
    ovnk8s_plan_free(other);
}

static void add_other_node(void)
{
    ovnk8s_plan *other;

    succeed(ovnk8s_plan_new(&other, NULL));
    add_node(other, "other", NULL);
    apply_other(other);
}

static void who_was_slower_gets_the_next_subnet(void **state)
{
    (void)state;
    wire.meanwhile = add_other_node;
    add_node(plan, "n2", NULL);
    succeed(ovnk8s_plan_apply(plan, nb, NULL));
    assert_int_equal(wire.n_commits, 2);
    assert_string_equal(ovnk8s_plan_node_subnet(plan, "n2"), "10.0.2.0/24");
}

static void add_other_port(void)
{
    ovnk8s_port port = OVNK8S_PORT_INIT;
    ovnk8s_plan *other;

    port.pod_namespace = "default";
    port.pod = "other";
    port.node = "n1";
    port.addresses = "10.0.0.5/24";
    succeed(ovnk8s_plan_new(&other, NULL));
    succeed(ovnk8s_port_add(other, &port));
    apply_other(other);
}

static void who_was_slower_gets_the_next_address(void **state)
{
    (void)state;
    wire.meanwhile = add_other_port;
    add_pod("c");
    succeed(ovnk8s_plan_apply(plan, nb, NULL));
    assert_int_equal(wire.n_commits, 2);
    assert_string_equal(ovnk8s_plan_port_addresses(plan, "default", "c"), "10.0.0.6/24");
}

static void delete_node(void)
{
    ovnk8s_plan *other;

    succeed(ovnk8s_plan_new(&other, NULL));
    succeed(ovnk8s_node_delete(other, "n1"));
    apply_other(other);
}

static void a_node_that_goes_meanwhile_is_found_missing(void **state)
{
    (void)state;
    wire.meanwhile = delete_node;
    add_pod("c");
    assert_int_equal(ovnk8s_plan_apply(plan, nb, NULL), OVNK8S_NOTFOUND);
    assert_int_equal(wire.n_commits, 1);
}

static void a_node_that_gets_a_port_meanwhile_is_deleted_with_it(void **state)
{
    (void)state;
    wire.meanwhile = add_other_port;
    succeed(ovnk8s_node_delete(plan, "n1"));
    succeed(ovnk8s_plan_apply(plan, nb, NULL));
    renew();
    succeed(ovnk8s_topology_read(plan, NULL, 1));
    succeed(ovnk8s_plan_compute(plan, nb, NULL));
    forget();
    write_by_hand("[{\"op\":\"wait\",\"table\":\"Logical_Switch_Port\",\"where\":"
                  "[[\"name\",\"==\",\"default_other\"]],\"columns\":[\"name\"],\"until\":\"==\","
                  "\"rows\":[],\"timeout\":0}]");
}

/* The same thing twice in one plan, and the other way round, as a real server sees it. */

static void a_plan_may_say_the_same_thing_twice(void **state)
{
    (void)state;
    add_node(plan, "n2", NULL);
    add_node(plan, "n2", NULL);
    add_pod("c");
    add_pod("c");
    succeed(ovnk8s_plan_apply(plan, nb, NULL));
    renew();
    succeed(ovnk8s_port_delete(plan, "default", "c", "n1"));
    add_pod("c");
    succeed(ovnk8s_node_delete(plan, "n2"));
    add_node(plan, "n2", NULL);
    succeed(ovnk8s_plan_apply(plan, nb, NULL));
    renew();
    succeed(ovnk8s_topology_repair(plan));
    succeed(ovnk8s_plan_compute(plan, nb, NULL));
    assert_int_equal(ovnk8s_plan_changes(plan), 0);
}

static void a_node_whose_ledger_is_lost_gives_no_address_twice(void **state)
{
    char ops[256], id[UUID_TEXT];

    (void)state;
    snprintf(ops, sizeof ops,
             "[{\"op\":\"delete\",\"table\":\"DNS\",\"where\":[[\"_uuid\",\"==\","
             "[\"uuid\",\"%s\"]]]}]",
             row_id_format(node_ledger_id("k8s", "n1"), id));
    write_by_hand(ops);
    add_pod("c");
    succeed(ovnk8s_plan_apply(plan, nb, NULL));
    assert_string_equal(ovnk8s_plan_port_addresses(plan, "default", "c"), "10.0.0.5/24");
    renew();
    succeed(ovnk8s_topology_repair(plan));
    succeed(ovnk8s_plan_compute(plan, nb, NULL));
    assert_int_equal(ovnk8s_plan_changes(plan), 0);
}

static void a_port_that_is_elsewhere_is_no_conflict(void **state)
{
    (void)state;
    add_node(plan, "n2", NULL);
    succeed(ovnk8s_plan_apply(plan, nb, NULL));
    renew();
    succeed(ovnk8s_port_delete(plan, "default", "a", "n2"));
    succeed(ovnk8s_plan_apply(plan, nb, NULL));
    assert_int_equal(ovnk8s_plan_changes(plan), 0);
}

/* Rows of somebody else. */

static void a_namesake_of_somebody_else_is_refused(void **state)
{
    (void)state;
    write_by_hand("[{\"op\":\"insert\",\"table\":\"Logical_Switch\",\"row\":{\"name\":\"n2\"}}]");
    add_node(plan, "n2", NULL);
    assert_int_equal(ovnk8s_plan_compute(plan, nb, NULL), OVNK8S_EXISTS);
    assert_string_equal(ovnk8s_last_error()->message,
                        "planning Logical_Switch n2: there is one of this name that belongs to"
                        " somebody else");
    assert_int_equal(ovnk8s_plan_apply(plan, nb, NULL), OVNK8S_EXISTS);
    assert_string_equal(ovnk8s_last_error()->message,
                        "committing Logical_Switch n2: there is one of this name that belongs to"
                        " somebody else");
    write_by_hand("[{\"op\":\"delete\",\"table\":\"Logical_Switch\",\"where\":"
                  "[[\"name\",\"==\",\"n2\"]]}]");
}

#define TEST(FUNCTION) cmocka_unit_test_setup_teardown(FUNCTION, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_plan_without_changes_reads_and_sends_nothing_else),
        TEST(an_empty_plan_sends_nothing_at_all),
        TEST(computing_changes_nothing),
        TEST(what_is_known_is_not_asked_again),
        TEST(a_new_port_takes_one_reading_and_one_commit),
        TEST(a_port_that_is_looked_at_is_asked_for_once),
        TEST(a_set_is_read_whole_only_where_elements_are_missing),
        TEST(a_guard_that_always_fails_is_given_up),
        TEST(the_deadline_comes_before_the_last_attempt),
        TEST(what_passes_is_tried_again),
        TEST(what_does_not_pass_is_not),
        TEST(who_was_slower_gets_the_next_subnet),
        TEST(who_was_slower_gets_the_next_address),
        TEST(a_node_that_goes_meanwhile_is_found_missing),
        TEST(a_node_that_gets_a_port_meanwhile_is_deleted_with_it),
        TEST(a_namesake_of_somebody_else_is_refused),
        TEST(a_plan_may_say_the_same_thing_twice),
        TEST(a_node_whose_ledger_is_lost_gives_no_address_twice),
        TEST(a_port_that_is_elsewhere_is_no_conflict),
    };

    server_require();
    return cmocka_run_group_tests(tests, server_create, server_remove);
}
