/* What a cluster is in the Northbound database, how it comes and how it goes. */

#include "topology_world.h"

static void a_cluster_is_a_router_and_a_join_switch(void **state)
{
    struct world *w = *state;
    const struct rows *wanted = &w->plan->wanted;

    succeed(add_cluster(w, "master", "192.168.0.0/16", NULL));
    succeed(compute(w));
    assert_int_equal(wanted->n, 7);
    assert_row(router_in(wanted), ROUTER_TABLE, "master",
               COLUMNS("name is 'master'",
                       "external_ids includes 'k8s-cluster-router'='yes'"
                       " 'k8s-cluster-subnet'='192.168.0.0/16' 'k8s-join-subnet'='100.64.1.0/24'"
                       " 'ovnk8s-owner'='k8s' 'k8s-taken-subnets'='' 'k8s-taken-join-addresses'='' "
                       "'k8s-first-gateway'=''"));
    assert_row(switch_in(wanted, "join"), SWITCH_TABLE, "join",
               COLUMNS("name is 'join'",
                       "external_ids includes 'k8s-cluster-name'='master'"
                       " 'k8s-cluster-subnet'='192.168.0.0/16' 'k8s-join-subnet'='100.64.1.0/24'"
                       " 'ovnk8s-owner'='k8s'"));
    assert_row(router_port_in(wanted, "rtoj-master"), ROUTER_PORT_TABLE, "rtoj-master",
               COLUMNS("name is 'rtoj-master'", "mac is '0a:58:64:40:01:01'",
                       "networks is '100.64.1.1/24'",
                       "external_ids includes 'ovnk8s-owner'='k8s'"));
    assert_row(port_in(wanted, "jtor-master"), SWITCH_PORT_TABLE, "jtor-master",
               COLUMNS("name is 'jtor-master'", "type is 'router'", "addresses is 'router'",
                       "options includes 'router-port'='rtoj-master'",
                       "external_ids includes 'ovnk8s-owner'='k8s'"));
    assert_holds(router_in(wanted), "ports", router_port_id(OWNER, "rtoj-master"));
    assert_holds(switch_in(wanted, "join"), "ports", switch_port_id(OWNER, "jtor-master"));
    assert_true(router_in(wanted)->sole && switch_in(wanted, "join")->sole);
}

static void a_cluster_has_a_row_in_the_ledger(void **state)
{
    struct world *w = *state;
    const struct row *ledger;

    have_cluster(w, "master", "192.168.0.0/16");
    ledger = cluster_ledger_in(&w->database);
    assert_string_equal(row_pair(ledger, "external_ids", "ovnk8s-ledger"), "cluster");
    assert_string_equal(row_pair(ledger, "external_ids", "ovnk8s-owner"), "k8s");
    assert_string_equal(row_pair(ledger, "external_ids", "k8s-cluster-name"), "master");
    assert_string_equal(row_pair(ledger, "external_ids", "k8s-cluster-subnet"), "192.168.0.0/16");
    assert_string_equal(row_pair(ledger, "external_ids", "k8s-join-subnet"), "100.64.1.0/24");
    assert_string_equal(row_pair(ledger, "external_ids", "k8s-taken-subnets"), "");
}

static void a_cluster_of_both_families(void **state)
{
    struct world *w = *state;
    const struct rows *wanted = &w->plan->wanted;

    succeed(add_cluster(w, "m", "fd01::/48,10.128.0.0/14", NULL));
    succeed(compute(w));
    assert_string_equal(row_pair(router_in(wanted), "external_ids", "k8s-cluster-subnet"),
                        "10.128.0.0/14,fd01::/48");
    assert_string_equal(column_text(row_column(router_port_in(wanted, "rtoj-m"), "networks")),
                        "networks is '100.64.1.1/24' 'fd98::1/64'");
}

static void a_cluster_of_ipv6_alone(void **state)
{
    struct world *w = *state;
    const struct row *port;

    succeed(add_cluster(w, "m", "fd01::/48", "fd99::/64"));
    succeed(compute(w));
    port = router_port_in(&w->plan->wanted, "rtoj-m");
    assert_string_equal(column_text(row_column(port, "networks")), "networks is 'fd99::1/64'");
    assert_int_equal(strncmp(row_string(port, "mac"), "0a:58:", 6), 0);
}

static void malformed_clusters_are_refused(void **state)
{
    struct world *w = *state;

    assert_failed(add_cluster(w, "m", "192.168.0.0", NULL), OVNK8S_INVALID,
                  "cluster subnet \"192.168.0.0\": expected ADDRESS/LENGTH, or one of IPv4 and one"
                  " of IPv6 with a comma between");
    assert_int_equal(add_cluster(w, "m", NULL, NULL), OVNK8S_INVALID);
    assert_int_equal(add_cluster(w, "m", "10.0.0.0/8,11.0.0.0/8", NULL), OVNK8S_INVALID);
    assert_failed(add_cluster(w, "m", "192.168.1.0/16", NULL), OVNK8S_INVALID,
                  "cluster subnet \"192.168.1.0/16\": host bits are set: expected 192.168.0.0/16");
    assert_failed(add_cluster(w, "m", "10.0.0.0/8,fd01::1/48", NULL), OVNK8S_INVALID,
                  "cluster subnet \"fd01::1/48\": host bits are set: expected fd01::/48");
    assert_failed(add_cluster(w, "m", "100.64.0.0/10", NULL), OVNK8S_INVALID,
                  "join subnet \"100.64.1.0/24\": expected one of the cluster's family that does"
                  " not overlap 100.64.0.0/10");
    assert_failed(add_cluster(w, "m", "fd01::/48", "10.0.0.0/24"), OVNK8S_INVALID,
                  "join subnet \"\": expected one of the cluster's family that does not overlap"
                  " fd01::/48");
    assert_failed(add_cluster(w, "m", "10.0.0.0/8", "100.64.1.1/24"), OVNK8S_INVALID,
                  "join subnet \"100.64.1.1/24\": host bits are set: expected 100.64.1.0/24");
    assert_null(w->plan->first); /* Nothing was added. */
}

static void a_cluster_that_is_there_is_left_alone(void **state)
{
    struct world *w = *state;

    have_cluster(w, "m", "10.0.0.0/8");
    have_node(w, "n1", NULL);
    succeed(add_cluster(w, "m", "10.0.0.0/8", NULL));
    assert_nothing_to_do(w);
}

static void a_cluster_keeps_its_name_and_subnets(void **state)
{
    struct world *w = *state;

    have_cluster(w, "old", "10.0.0.0/8");
    succeed(add_cluster(w, "new", "10.0.0.0/8", NULL));
    assert_refused(w, OVNK8S_EXISTS,
                   "adding cluster new: there is a cluster already, whose router is named old");
    renew(w);
    succeed(add_cluster(w, "old", "11.0.0.0/8", NULL));
    assert_refused(w, OVNK8S_EXISTS,
                   "adding cluster old: the cluster has subnet 10.0.0.0/8, not 11.0.0.0/8, and"
                   " cannot change it while it exists");
    assert_string_equal(ovnk8s_last_error()->stage, "plan");
    assert_string_equal(ovnk8s_last_error()->object, "old");
    renew(w);
    succeed(add_cluster(w, "old", "10.0.0.0/8", "100.65.0.0/24"));
    assert_refused(w, OVNK8S_EXISTS,
                   "adding cluster old: the cluster has join subnet 100.64.1.0/24, not"
                   " 100.65.0.0/24, and cannot change it while it exists");
}

static void owners_do_not_meet(void **state)
{
    ovnk8s_plan_options options = OVNK8S_PLAN_OPTIONS_INIT;
    const struct row_id theirs = cluster_router_id("lab.2");
    struct world *w = *state;

    ovnk8s_plan_free(w->plan);
    options.owner = "lab 2";
    assert_failed(ovnk8s_plan_new(&w->plan, &options), OVNK8S_INVALID,
                  "owner \"lab 2\": expected 1 to 63 letters, digits, dots, dashes or"
                  " underscores");
    assert_null(w->plan);
    options.owner = w->scene.owner = "lab.2";
    succeed(ovnk8s_plan_new(&w->plan, &options));
    succeed(add_cluster(w, "m", "10.0.0.0/8", NULL));
    apply(w);
    assert_false(row_id_equal(theirs, cluster_router_id(OWNER)));
    assert_non_null(rows_find(&w->database, ROUTER_TABLE, theirs));
    assert_null(router_in(&w->database));
    assert_string_equal(row_pair(w->database.first, "external_ids", OWNER_KEY), "lab.2");
    w->scene.owner = OWNER;
    renew(w);
    succeed(ovnk8s_cluster_delete(w->plan, OVNK8S_FORCE));
    assert_nothing_to_do(w); /* Not ours to delete. */
}

static void adding_twice_in_one_plan_is_adding(void **state)
{
    struct world *w = *state;

    succeed(add_cluster(w, "m", "10.0.0.0/8", NULL));
    succeed(add_cluster(w, "m", "10.0.0.0/8", NULL));
    assert_int_equal(apply(w), 7);
    assert_int_equal(row_column(router_port_in(&w->database, "rtoj-m"), "networks")->n, 1);
    assert_int_equal(row_column(router_in(&w->plan->wanted), "ports")->n, 1);
    assert_int_equal(row_column(switch_in(&w->plan->wanted, "join"), "ports")->n, 1);
}

/* The service range. */

static void assert_range(const struct world *w, const char *range)
{
    const struct row *join = rows_find(&w->database, SWITCH_TABLE, join_switch_id(OWNER));
    const struct row *const rows[] = {cluster_ledger_in(&w->database), router_in(&w->database),
                                      join};

    for (size_t i = 0; i < 3; i++) {
        const char *said = row_pair(rows[i], "external_ids", "k8s-service-range");

        assert_string_equal(said ? said : "none", range);
    }
}

static void what_is_for_no_service_is_dropped(void **state)
{
    struct world *w = *state;

    succeed(add_cluster_of_services(w, "m", "10.128.0.0/14,fd01::/48", "fd02::/112,10.96.0.0/16"));
    apply(w);
    assert_range(w, "10.96.0.0/16,fd02::/112");
    assert_string_equal(ovnk8s_plan_service_range(w->plan), "10.96.0.0/16,fd02::/112");
    assert_row(service_policy_in(&w->plan->wanted, "10.96.0.0/16"), POLICY_TABLE,
               "services 10.96.0.0/16",
               COLUMNS("priority is 1000", "match is 'ip4.dst == 10.96.0.0/16'", "action is 'drop'",
                       "external_ids includes 'ovnk8s-owner'='k8s'"));
    assert_row(service_policy_in(&w->plan->wanted, "fd02::/112"), POLICY_TABLE,
               "services fd02::/112",
               COLUMNS("priority is 1000", "match is 'ip6.dst == fd02::/112'", "action is 'drop'",
                       "external_ids includes 'ovnk8s-owner'='k8s'"));
    assert_holds(router_in(&w->plan->wanted), "policies",
                 service_policy_in(&w->database, "10.96.0.0/16")->id);
}

static void a_service_range_comes_changes_and_goes(void **state)
{
    struct world *w = *state;
    size_t n;

    have_cluster(w, "m", "10.128.0.0/14");
    n = w->database.n;
    assert_range(w, "none");
    succeed(add_cluster_of_services(w, "m", "10.128.0.0/14", "10.96.0.0/16"));
    settle(w);
    succeed(add_cluster_of_services(w, "m", "10.128.0.0/14", "10.97.0.0/16"));
    settle(w);
    assert_range(w, "10.97.0.0/16");
    assert_null(service_policy_in(&w->database, "10.96.0.0/16"));
    assert_int_equal(row_column(router_in(&w->database), "policies")->n, 1);
    assert_non_null(service_policy_in(&w->database, "10.97.0.0/16"));
    succeed(add_cluster_of_services(w, "m", "10.128.0.0/14", NULL));
    assert_nothing_to_do(w);
    assert_string_equal(ovnk8s_plan_service_range(w->plan), "10.97.0.0/16");
    renew(w);
    succeed(add_cluster_of_services(w, "m", "10.128.0.0/14", ""));
    apply(w);
    assert_null(ovnk8s_plan_service_range(w->plan));
    renew(w);
    assert_range(w, "none");
    assert_int_equal(w->database.n, n);
}

static void nodes_learn_the_service_range(void **state)
{
    struct world *w = *state;

    succeed(add_cluster_of_services(w, "m", "10.128.0.0/14", "10.96.0.0/16"));
    settle(w);
    succeed(add_node(w, "n1", NULL, NULL));
    apply(w);
    assert_string_equal(ovnk8s_plan_service_range(w->plan), "10.96.0.0/16");
    renew(w);
    edit_pair(cluster_ledger_in(&w->database), "external_ids", "k8s-service-range", "10.0.0.0/16");
    succeed(add_node(w, "n2", NULL, NULL));
    apply(w);
    assert_string_equal(ovnk8s_plan_service_range(w->plan), "10.96.0.0/16"); /* Two decide. */
    assert_range(w, "10.96.0.0/16");
}

static void a_service_range_goes_with_the_cluster(void **state)
{
    struct world *w = *state;

    succeed(add_cluster_of_services(w, "m", "10.128.0.0/14", "10.96.0.0/16"));
    settle(w);
    succeed(ovnk8s_cluster_delete(w->plan, 0));
    apply(w);
    assert_null(router_in(&w->database));
}

static void impossible_service_ranges_are_refused(void **state)
{
    struct world *w = *state;
    const char *const subnet = "10.128.0.0/14";

    assert_failed(add_cluster_of_services(w, "m", subnet, "10.96.0.1/16"), OVNK8S_INVALID,
                  "service range \"10.96.0.1/16\": host bits are set: expected 10.96.0.0/16");
    assert_failed(add_cluster_of_services(w, "m", subnet, "10.0.0.0/8"), OVNK8S_INVALID,
                  "service range \"10.0.0.0/8\": it overlaps the cluster subnet, 10.128.0.0/14");
    assert_failed(add_cluster_of_services(w, "m", subnet, "100.64.0.0/16"), OVNK8S_INVALID,
                  "service range \"100.64.0.0/16\": it overlaps the join subnet, 100.64.1.0/24");
    assert_failed(add_cluster_of_services(w, "m", subnet, "10.96.0.0/16,fd02::/112"),
                  OVNK8S_INVALID,
                  "service range \"fd02::/112\": expected one of the cluster subnet's family, as"
                  " 10.128.0.0/14");
    assert_null(w->plan->first);
}

/* Deleting. */

static void a_cluster_goes_with_all_that_it_was_made_into(void **state)
{
    struct world *w = *state;

    have_cluster(w, "m", "10.0.0.0/8");
    assert_int_equal(w->database.n, 7);
    succeed(ovnk8s_cluster_delete(w->plan, 0));
    assert_int_equal(apply(w), 7);
    assert_int_equal(w->database.n, 0);
    assert_nothing_to_do(w);
    renew(w);
    have_cluster(w, "other", "11.0.0.0/8"); /* Nothing stands in the way of another one. */
}

static void a_cluster_with_nodes_goes_only_when_forced(void **state)
{
    struct world *w = *state;

    have_cluster(w, "m", "10.0.0.0/8");
    have_node(w, "n1", NULL);
    succeed(ovnk8s_cluster_delete(w->plan, 0));
    assert_refused(w, OVNK8S_EXISTS,
                   "deleting the cluster of owner k8s: node n1 is still there: delete it first, or"
                   " force it");
    renew(w);
    have_node(w, "n2", NULL);
    have_node(w, "n3", NULL);
    have_pod(w, "web", "n2", NULL);
    succeed(ovnk8s_cluster_delete(w->plan, 0));
    assert_refused(w, OVNK8S_EXISTS,
                   "deleting the cluster of owner k8s: node n1 and 2 more are still there: delete"
                   " them first, or force it");
    renew(w);
    succeed(ovnk8s_cluster_delete(w->plan, OVNK8S_FORCE));
    apply(w);
    assert_int_equal(w->database.n, 0);
}

static void what_is_left_of_a_cluster_can_be_deleted(void **state)
{
    struct world *w = *state;

    have_cluster(w, "m", "10.0.0.0/8");
    have_node(w, "n1", NULL);
    delete_row(w, cluster_ledger_in(&w->database));
    delete_row(w, router_in(&w->database));
    delete_row(w, switch_in(&w->database, "n1"));
    succeed(ovnk8s_cluster_delete(w->plan, OVNK8S_FORCE));
    apply(w);
    assert_int_equal(w->database.n, 0);
}

static void rows_of_others_survive_the_cluster(void **state)
{
    struct world *w = *state;
    const struct row_id id = row_id("other", SWITCH_TABLE, "s");

    have_cluster(w, "m", "10.0.0.0/8");
    row_is_string(rows_want(&w->database, SWITCH_TABLE, id, NULL), "name", "s");
    succeed(ovnk8s_cluster_delete(w->plan, OVNK8S_FORCE));
    apply(w);
    assert_int_equal(w->database.n, 1);
    assert_non_null(rows_find(&w->database, SWITCH_TABLE, id));
}

static void unknown_flags_are_refused(void **state)
{
    struct world *w = *state;

    assert_failed(ovnk8s_cluster_delete(w->plan, 2), OVNK8S_INVALID,
                  "flags 0x2: expected none but OVNK8S_FORCE");
    assert_null(w->plan->first);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_cluster_is_a_router_and_a_join_switch),
        TEST(a_cluster_has_a_row_in_the_ledger),
        TEST(a_cluster_of_both_families),
        TEST(a_cluster_of_ipv6_alone),
        TEST(malformed_clusters_are_refused),
        TEST(a_cluster_that_is_there_is_left_alone),
        TEST(a_cluster_keeps_its_name_and_subnets),
        TEST(owners_do_not_meet),
        TEST(what_is_for_no_service_is_dropped),
        TEST(a_service_range_comes_changes_and_goes),
        TEST(nodes_learn_the_service_range),
        TEST(a_service_range_goes_with_the_cluster),
        TEST(impossible_service_ranges_are_refused),
        TEST(a_cluster_goes_with_all_that_it_was_made_into),
        TEST(a_cluster_with_nodes_goes_only_when_forced),
        TEST(what_is_left_of_a_cluster_can_be_deleted),
        TEST(rows_of_others_survive_the_cluster),
        TEST(unknown_flags_are_refused),
        TEST(adding_twice_in_one_plan_is_adding),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
