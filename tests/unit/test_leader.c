/* Only who leads, by the database, commits. */

#include "topology_world.h"

#include <ovnk8s/leader.h>

#include "topology/leader.h"

static const struct row *leader_in(const struct world *w)
{
    return rows_find(&w->database, LEDGER_TABLE, leader_id(OWNER));
}

static void have_leader(struct world *w, const char *identity, uint64_t term)
{
    succeed(ovnk8s_leader_take(w->plan, identity, term));
    settle(w);
}

static void assert_leads(const struct world *w, const char *identity, uint64_t term)
{
    const struct leader_record leader = leader_read(leader_in(w));

    assert_string_equal(leader.identity, identity);
    assert_int_equal(leader.term, term);
}

static void assert_take_refused(struct world *w, const char *identity, uint64_t term,
                                const char *message)
{
    succeed(ovnk8s_leader_take(w->plan, identity, term));
    assert_refused(w, OVNK8S_PERMISSION, message);
    renew(w);
}

static void taking_writes_who_leads(void **state)
{
    struct world *w = *state;

    have_leader(w, "a", 7);
    assert_leads(w, "a", 7);
    assert_string_equal(row_pair(leader_in(w), "external_ids", "ovnk8s-owner"), OWNER);
    assert_string_equal(row_pair(leader_in(w), "external_ids", "ovnk8s-ledger"), "leader");
    succeed(ovnk8s_leader_take(w->plan, "a", 7));
    assert_nothing_to_do(w);
}

static void a_later_term_overrides(void **state)
{
    struct world *w = *state;

    have_leader(w, "a", 7);
    have_leader(w, "b", 8);
    assert_leads(w, "b", 8);
    have_leader(w, "b", 18);
    assert_leads(w, "b", 18);
}

static void an_earlier_term_is_refused(void **state)
{
    struct world *w = *state;

    have_leader(w, "b", 8);
    assert_take_refused(w, "a", 7,
                        "taking the lead as a: term 7: by the database b leads, for the term 8");
    assert_take_refused(w, "a", 8,
                        "taking the lead as a: term 8: by the database b leads, for the term 8");
    assert_take_refused(w, "b", 7,
                        "taking the lead as b: term 7: by the database b leads, for the term 8");
    assert_leads(w, "b", 8);
}

static void who_leads_commits(void **state)
{
    struct world *w = *state;
    const struct row *row;

    have_cluster(w, "m", "10.0.0.0/8");
    have_leader(w, "a", 7);
    succeed(ovnk8s_leader_require(w->plan, "a", 7));
    succeed(add_node(w, "n1", NULL, NULL));
    apply(w);
    assert_non_null(switch_in(&w->database, "n1"));
    /* The server compares it once more, when it commits. */
    row = rows_find(&w->plan->wanted, LEDGER_TABLE, leader_id(OWNER));
    assert_true(row->guarded);
    assert_non_null(row_fact(&w->plan->facts, row));
    for (const struct change *c = w->plan->changes.first; c; c = c->next) {
        assert_ptr_not_equal(c->row, row);
    }
}

static void who_does_not_lead_commits_nothing(void **state)
{
    struct world *w = *state;

    have_cluster(w, "m", "10.0.0.0/8");
    succeed(ovnk8s_leader_require(w->plan, "a", 7));
    succeed(add_node(w, "n1", NULL, NULL));
    assert_refused(w, OVNK8S_PERMISSION, "leading as a: term 7: by the database nobody leads");
    renew(w);
    have_leader(w, "b", 8);
    succeed(add_node(w, "n1", NULL, NULL));
    succeed(ovnk8s_leader_require(w->plan, "a", 7));
    assert_refused(w, OVNK8S_PERMISSION,
                   "leading as a: term 7: by the database b leads, for the term 8");
}

/* As long as the database is what an old backup has, somebody who led then does not lead again. */
static void an_earlier_leader_is_not_the_leader_of_another_term(void **state)
{
    struct world *w = *state;

    have_leader(w, "a", 7);
    succeed(ovnk8s_leader_require(w->plan, "a", 9));
    assert_refused(w, OVNK8S_PERMISSION,
                   "leading as a: term 9: by the database a leads, for the term 7");
    renew(w);
    have_leader(w, "a", 9);
    succeed(ovnk8s_leader_require(w->plan, "a", 9));
    assert_nothing_to_do(w);
}

static void a_damaged_row_names_no_leader_and_is_mended_by_taking(void **state)
{
    static const char *const bad[] = {"", "0", "-1", "x", "7x", " 7", "99999999999999999999", NULL};
    struct world *w = *state;

    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        have_leader(w, "a", 7);
        edit_pair(rows_find(&w->database, LEDGER_TABLE, leader_id(OWNER)), "external_ids", "term",
                  bad[i]);
        succeed(ovnk8s_leader_require(w->plan, "a", 7));
        assert_refused(w, OVNK8S_PERMISSION, "leading as a: term 7: by the database nobody leads");
        renew(w);
    }
    have_leader(w, "a", 7);
    assert_leads(w, "a", 7);
}

static void the_row_is_read_together_with_the_rest(void **state)
{
    struct world *w = *state;

    have_cluster(w, "m", "10.0.0.0/8");
    have_node(w, "n1", NULL);
    have_leader(w, "a", 7);
    succeed(ovnk8s_leader_require(w->plan, "a", 7));
    succeed(add_pod(w, "web", "n1", NULL));
    apply(w);
    /* Nothing of what is wanted of it is not known from the first question. */
    assert_non_null(rows_find(&w->asked, LEDGER_TABLE, leader_id(OWNER)));
    assert_non_null(port_in(&w->database, "default_web"));
}

static void check_and_repair_leave_it_and_the_cluster_takes_it_along(void **state)
{
    struct world *w = *state;

    have_cluster(w, "m", "10.0.0.0/8");
    have_node(w, "n1", NULL);
    have_leader(w, "a", 7);
    succeed(ovnk8s_topology_repair(w->plan));
    assert_nothing_to_do(w);
    renew(w);
    succeed(ovnk8s_cluster_delete(w->plan, OVNK8S_FORCE));
    settle(w);
    assert_int_equal(w->database.n, 0);
}

static void bad_names_and_terms_are_refused(void **state)
{
    struct world *w = *state;
    char name[257];

    memset(name, 'x', 256);
    name[256] = '\0';
    assert_failed(ovnk8s_leader_take(w->plan, "", 1), OVNK8S_INVALID,
                  "identity \"\": expected 1 to 255 characters");
    assert_failed(ovnk8s_leader_require(w->plan, NULL, 1), OVNK8S_INVALID,
                  "identity \"\": expected 1 to 255 characters");
    assert_failed(ovnk8s_leader_take(w->plan, name, 1), OVNK8S_INVALID,
                  "identity \"xxxxxxxxxxxxxxxxxxxx\": expected 1 to 255 characters");
    assert_failed(ovnk8s_leader_require(w->plan, "a", 0), OVNK8S_INVALID,
                  "term 0: expected more than 0");
    succeed(ovnk8s_leader_take(w->plan, name + 1, 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(taking_writes_who_leads),
        TEST(a_later_term_overrides),
        TEST(an_earlier_term_is_refused),
        TEST(who_leads_commits),
        TEST(who_does_not_lead_commits_nothing),
        TEST(an_earlier_leader_is_not_the_leader_of_another_term),
        TEST(a_damaged_row_names_no_leader_and_is_mended_by_taking),
        TEST(the_row_is_read_together_with_the_rest),
        TEST(check_and_repair_leave_it_and_the_cluster_takes_it_along),
        TEST(bad_names_and_terms_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
