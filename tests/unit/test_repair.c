/* A repair brings back whatever row or column somebody has deleted or edited, and leaves alone what
 * is not the library's. */

#include <ovnk8s/leader.h>
#include <ovnk8s/network.h>
#include <ovnk8s/service.h>

#include "topology_world.h"

static void add_gateways(struct world *w)
{
    ovnk8s_gateway gateway = gateway_of("n2", "172.16.0.6/24", "172.16.0.1");

    gateway.single_default = true;
    gateway.rampout_subnets = "10.2.0.0/24";
    succeed(ovnk8s_gateway_add(w->plan, &gateway));
    gateway = gateway_of("n1", "172.16.0.5/24,fd10::5/64", "172.16.0.1,fd10::1");
    gateway.is_shared = true;
    succeed(ovnk8s_gateway_add(w->plan, &gateway));
}

static int set_up_network(void **state)
{
    const int error = set_up(state);
    struct world *w = *state;

    succeed(add_cluster_of_services(w, "m", "10.0.0.0/8,fd01::/48", "172.30.0.0/16,fd02::/112"));
    succeed(add_node(w, "n1", "10.1.0.0/24,fd01:0:0:1::/64", NULL));
    succeed(add_node(w, "n2", "10.2.0.0/24", NULL));
    succeed(add_pod(w, "a", "n1", NULL));
    succeed(add_pod(w, "b", "n1", "10.1.0.9/24"));
    succeed(add_pod(w, "c", "n2", NULL));
    add_gateways(w);
    settle(w);
    return error;
}

#define NETWORK_TEST(FUNCTION) cmocka_unit_test_setup_teardown(FUNCTION, set_up_network, tear_down)

/* Databases as text, to be compared: one line for each element, sorted. */

struct lines {
    char *of[4096];
    size_t n;
};

static int compare_lines(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void add_line(struct lines *lines, const struct row *row, const struct column *column,
                     const struct atom *atoms)
{
    char id[UUID_TEXT], text[1024];

    snprintf(text, sizeof text, "%s %s %s", row->table, row_id_format(row->id, id), column->name);
    for (size_t i = 0; i < (column->is_map ? 2 : 1); i++) {
        strcat(text, " ");
        add_atom(text, sizeof text, atoms + i);
    }
    assert_true(lines->n < COUNT_OF(lines->of));
    lines->of[lines->n++] = strdup(text);
}

/* Generations differ. */
static bool is_generation(const struct column *column, const struct atom *atoms)
{
    return column->is_map && !strcmp(atoms->string, "ovnk8s-generation");
}

static void write_lines(const struct rows *rows, struct lines *lines)
{
    lines->n = 0;
    for (const struct row *row = rows->first; row; row = row->next) {
        for (const struct column *c = row->columns; c; c = c->next) {
            for (size_t i = 0; i < c->n; i++) {
                const struct atom *atoms = c->atoms + i * (c->is_map ? 2 : 1);

                if (!is_generation(c, atoms)) {
                    add_line(lines, row, c, atoms);
                }
            }
        }
    }
    qsort(lines->of, lines->n, sizeof *lines->of, compare_lines);
}

static void free_lines(struct lines *lines)
{
    while (lines->n) {
        free(lines->of[--lines->n]);
    }
}

static void assert_same_lines(const struct lines *a, const struct lines *b, const char *what)
{
    for (size_t i = 0; i < a->n || i < b->n; i++) {
        const char *left = i < a->n ? a->of[i] : "", *right = i < b->n ? b->of[i] : "";

        if (strcmp(left, right) != 0) {
            fail_msg("%s: %s\n instead of %s", what, left, right);
        }
    }
}

static void repair(struct world *w)
{
    renew(w);
    succeed(ovnk8s_topology_repair(w->plan));
    apply(w);
}

static void what_is_intact_needs_no_repair(void **state)
{
    struct world *w = *state;

    succeed(ovnk8s_topology_repair(w->plan));
    assert_nothing_to_do(w);
    renew(w);
    succeed(ovnk8s_topology_repair(w->plan));
    succeed(add_node(w, "n1", NULL, NULL));
    succeed(add_pod(w, "a", "n1", NULL));
    assert_nothing_to_do(w);
}

static void without_a_cluster_there_is_nothing_to_repair(void **state)
{
    struct world *w = *state;

    succeed(ovnk8s_topology_repair(w->plan));
    assert_refused(w, OVNK8S_NOTFOUND,
                   "repairing the cluster of owner k8s: there is no cluster yet: add it first"
                   " (master-init)");
}

/* Generated: each row, each column, each element of it. */

/* Where in the database: by numbers, since it is made anew for each case. */
struct place {
    size_t row, column, element;
};

static struct row *row_at(struct rows *rows, size_t i)
{
    struct row *row = rows->first;

    while (row && i--) {
        row = row->next;
    }
    return row;
}

static struct column *column_at(struct row *row, size_t i)
{
    struct column *column = row->columns;

    while (column && i--) {
        column = column->next;
    }
    return column;
}

static const struct atom *atoms_at(const struct column *column, size_t i)
{
    return column->atoms + i * (column->is_map ? 2 : 1);
}

typedef void edit_fn(struct rows *database, struct row *row, struct column *column, size_t element);

static void remove_element(struct rows *database, struct row *row, struct column *column,
                           size_t element)
{
    (void)database;
    take_out(row, column->name, atoms_at(column, element));
}

static void change_element(struct rows *database, struct row *row, struct column *column,
                           size_t element)
{
    struct atom *atom = column->atoms + (column->is_map ? 2 * element + 1 : element);

    (void)row;
    if (atom->type == ATOM_STRING) {
        atom->string = arena_strdup(&database->arena, "edited");
    } else {
        take_out(row, column->name, atom); /* A reference. */
    }
}

/* What somebody means by it, not only rubbish. */
static void make_plausible(struct rows *database, struct row *row, struct column *column,
                           size_t element)
{
    struct atom *atom = column->atoms + (column->is_map ? 2 * element + 1 : element);

    change_element(database, row, column, element);
    if (atom->type == ATOM_STRING && strcmp(column->name, "name") != 0) {
        atom->string =
            arena_strdup(&database->arena, column->is_map && strcmp(column->name, "records") != 0
                                               ? "10.7.0.0/24"
                                               : "0a:58:0a:01:00:07 10.1.0.7");
    }
}

static void clear_column(struct rows *database, struct row *row, struct column *column,
                         size_t element)
{
    (void)database;
    (void)row;
    (void)element;
    column->n = 0;
}

static void describe(const struct row *row, const struct column *column, size_t element, char *text,
                     size_t size)
{
    const char *name = row_string(row, "name"), *node = row_pair(row, "external_ids", NODE_KEY);

    snprintf(text, size, "%s %s, %s[%zu] ", row->table,
             name   ? name
             : node ? node
                    : "",
             column->name, element);
    add_atom(text, size, atoms_at(column, element));
}

/* The network, made anew. */
static struct world *again(void **state)
{
    tear_down(state);
    set_up_network(state);
    return *state;
}

static void try_edit(void **state, const struct place *place, edit_fn *edit,
                     const struct lines *intact)
{
    struct world *w = again(state);
    struct row *row = row_at(&w->database, place->row);
    struct column *column = column_at(row, place->column);
    struct lines after;
    char what[256];

    describe(row, column, place->element, what, sizeof what);
    edit(&w->database, row, column, place->element);
    repair(w);
    write_lines(&w->database, &after);
    assert_same_lines(&after, intact, what);
    free_lines(&after);
}

/* Steps to the next element. False after the last one. */
static bool next_place(struct rows *database, struct place *place)
{
    struct row *row = row_at(database, place->row);
    struct column *column = row ? column_at(row, place->column) : NULL;

    if (!row) {
        return false;
    }
    if (column && ++place->element < column->n) {
        return true;
    }
    place->element = SIZE_MAX;
    if (column) {
        place->column++;
    } else {
        place->row++;
        place->column = 0;
    }
    return next_place(database, place);
}

static void try_everywhere(void **state, edit_fn *edit)
{
    struct place place = {.element = SIZE_MAX};
    struct world *w = *state;
    struct lines intact;
    size_t n = 0;

    write_lines(&w->database, &intact);
    for (; next_place(&w->database, &place); n++) {
        const struct column *column = column_at(row_at(&w->database, place.row), place.column);

        if (!is_generation(column, atoms_at(column, place.element))) {
            try_edit(state, &place, edit, &intact);
        }
        w = again(state);
    }
    assert_true(n > 2 * w->database.n);
    free_lines(&intact);
}

static void any_element_that_was_removed_comes_back(void **state)
{
    try_everywhere(state, remove_element);
}

static void any_element_that_was_changed_is_restored(void **state)
{
    try_everywhere(state, change_element);
}

static void any_element_that_was_changed_to_something_plausible_is_restored(void **state)
{
    try_everywhere(state, make_plausible);
}

static void any_column_that_was_cleared_is_restored(void **state)
{
    try_everywhere(state, clear_column);
}

static void any_row_that_was_deleted_comes_back(void **state)
{
    struct world *w = *state;
    struct lines intact, after;

    write_lines(&w->database, &intact);
    for (size_t i = 0;; i++) {
        struct row *row;

        w = again(state);
        row = row_at(&w->database, i);
        if (!row) {
            break;
        }
        delete_row(w, row);
        repair(w);
        write_lines(&w->database, &after);
        assert_same_lines(&after, &intact, "a deleted row");
        free_lines(&after);
    }
    free_lines(&intact);
}

/* What is not ours. */

static void what_others_have_added_survives(void **state)
{
    struct world *w = *state;
    struct row *row = port_in(&w->database, "default_a");
    struct lines before, after;

    edit_pair(row, "external_ids", "theirs", "x");
    edit_pair(row, "options", "requested-chassis", "n1");
    edit_string(row, "tag", "7");
    edit_pair(switch_in(&w->database, "n1"), "other_config", "mcast_snoop", "true");
    edit_string(router_port_in(&w->database, "rtos-n1"), "gateway_chassis", "g");
    row = rows_want(&w->database, SWITCH_PORT_TABLE, row_id("other", "P", "p"), NULL);
    row_add_atoms(switch_in(&w->database, "n1"), "ports", COLUMN_IS, false,
                  &(struct atom){.type = ATOM_ROW, .row = row->id}, 1);
    write_lines(&w->database, &before);
    edit_string(port_in(&w->database, "default_a"), "addresses", "edited");
    delete_row(w, port_in(&w->database, "default_b"));
    repair(w);
    write_lines(&w->database, &after);
    assert_same_lines(&after, &before, "others");
    free_lines(&before);
    free_lines(&after);
}

static void a_repair_tells_what_it_repairs(void **state)
{
    struct world *w = *state;

    edit_string(port_in(&w->database, "default_b"), "addresses", "unknown");
    edit_pair(switch_in(&w->database, "n2"), "other_config", "subnet", NULL);
    delete_row(w, port_in(&w->database, "k8s-n2"));
    repair(w);
    assert_text(w, "~ Logical_Switch_Port \"default_b\"\n"
                   "-     addresses: \"unknown\"\n"
                   "+     addresses: \"0a:58:0a:01:00:09 10.1.0.9\"\n"
                   "~ Logical_Switch \"n2\"\n"
                   "+     other_config:subnet: \"10.2.0.0/24\"\n"
                   "+     ports: \"k8s-n2\"\n"
                   "+ Logical_Switch_Port \"k8s-n2\"\n"
                   "+     name: \"k8s-n2\"\n"
                   "+     addresses: \"0a:58:0a:02:00:02 10.2.0.2\"\n"
                   "+     external_ids:ovnk8s-owner: \"k8s\"\n");
}

static void stale_entries_are_taken_out_of_the_ledger(void **state)
{
    struct world *w = *state;
    struct row *ledger = node_ledger_in(&w->database, "n1");

    edit_pair(ledger, RECORDS_COLUMN, "default_0", "0a:58:0a:01:00:09 10.1.0.9");
    repair(w);
    assert_text(w, "~ DNS \"ledger of n1\"\n"
                   "-     records:default_0: \"0a:58:0a:01:00:09 10.1.0.9\"\n");
}

/* What no caller could have added is none of ours. */
static void entries_with_impossible_names_are_left_alone(void **state)
{
    static const char *const names[] = {"_", "a_", "_a", "Default_a", "a\n_b", "a_b_c", "a.b_c"};
    struct world *w = *state;

    for (size_t i = 0; i < COUNT_OF(names); i++) {
        edit_pair(node_ledger_in(&w->database, "n1"), RECORDS_COLUMN, names[i],
                  "0a:58:0a:01:00:63 10.1.0.99");
    }
    repair(w);
    assert_int_equal(w->plan->changes.n, 0);
}

static void the_taken_subnets_are_counted_anew(void **state)
{
    struct world *w = *state;

    edit_pair(cluster_ledger_in(&w->database), "external_ids", "k8s-taken-subnets", "10.9.0.0/16");
    repair(w);
    assert_text(w, "~ DNS \"ledger of the cluster\"\n"
                   "-     external_ids:k8s-taken-subnets: \"10.9.0.0/16\"\n"
                   "+     external_ids:k8s-taken-subnets:"
                   " \"10.1.0.0/24,10.2.0.0/24,fd01:0:0:1::/64\"\n");
}

/* As an earlier version made it. */
static void a_network_without_a_ledger_gets_one(void **state)
{
    struct world *w = *state;
    struct lines before, after;

    write_lines(&w->database, &before);
    delete_row(w, cluster_ledger_in(&w->database));
    delete_row(w, node_ledger_in(&w->database, "n1"));
    delete_row(w, node_ledger_in(&w->database, "n2"));
    edit_pair(switch_in(&w->database, "join"), "external_ids", CLUSTER_NAME_KEY, NULL);
    edit_pair(switch_in(&w->database, "join"), "external_ids", CLUSTER_SUBNET_KEY, NULL);
    repair(w);
    write_lines(&w->database, &after);
    assert_same_lines(&after, &before, "a ledger");
    free_lines(&before);
    free_lines(&after);
}

static void a_repair_is_done_once(void **state)
{
    struct world *w = *state;

    delete_row(w, switch_in(&w->database, "n1"));
    repair(w);
    assert_true(w->plan->changes.n > 0);
    assert_nothing_to_do(w);
}

/* Restoring a backup: each row gets another UUID. */

static struct row_id other_id(struct row_id id)
{
    for (size_t i = 0; i < sizeof id.bytes; i++) {
        id.bytes[i] ^= 0xa5;
    }
    return id;
}

/* All rows, or those alone that 'only' has under the other UUID, get it. */
static void give_other_ids(struct rows *database, const struct rows *only)
{
    struct rows next = {0};

    for (const struct row *row = database->first; row; row = row->next) {
        const struct row_id id = other_id(row->id);
        struct row *copy =
            rows_want(&next, row->table, !only || rows_find_id(only, id) ? id : row->id, NULL);

        for (const struct column *c = row->columns; c; c = c->next) {
            const size_t n = c->n * (c->is_map ? 2 : 1);

            row_add_atoms(copy, c->name, COLUMN_IS, c->is_map, c->atoms, c->n);
            for (size_t i = 0; i < n; i++) {
                struct atom *atom = &row_find_column(copy, c->name)->atoms[i];

                if (atom->type == ATOM_ROW && (!only || rows_find_id(only, other_id(atom->row)))) {
                    atom->row = other_id(atom->row);
                }
            }
        }
    }
    rows_clear(database);
    for (const struct row *row = next.first; row; row = row->next) {
        copy_row(database, row);
    }
    rows_clear(&next);
}

static void refer(struct row *row, const char *column, struct row_id id)
{
    row_add_atoms(row, column, COLUMN_IS, false, &(struct atom){.type = ATOM_ROW, .row = id}, 1);
}

static struct row *add_theirs(struct world *w, const char *table, const char *name)
{
    struct row *row = rows_want(&w->database, table, row_id("other", table, name), NULL);

    row_is_string(row, "name", name);
    return row;
}

/* What others have in our rows, and what of theirs refers to them. */
static void add_foreign_things(struct world *w)
{
    struct row *node = switch_in(&w->database, "n1"), *port = port_in(&w->database, "default_a");
    struct row *policy = add_theirs(w, POLICY_TABLE, "p");

    row_is_integer(policy, "priority", 7);
    row_is_string(policy, "match", "ip4");
    row_is_string(policy, "action", "drop");
    refer(router_in(&w->database), "policies", policy->id);
    refer(node, "ports", add_theirs(w, SWITCH_PORT_TABLE, "theirs")->id);
    refer(add_theirs(w, "Port_Group", "group"), "ports", port->id);
    refer(add_theirs(w, SWITCH_TABLE, "their switch"), "load_balancer_group",
          rows_first(&w->database, "Load_Balancer_Group")->id);
    edit_pair(node, "other_config", "mcast_snoop", "true");
    edit_pair(port, "external_ids", "theirs", "x");
    edit_pair(port, "options", "requested-chassis", "n1");
    row_is_boolean(port, "enabled", false);
    edit_pair(nat_in(&w->database, "n1", 4), "external_ids", "theirs", "x");
    edit_pair(node_ledger_in(&w->database, "n1"), "records", "example.com", "10.0.0.1");
}

static void add_service(struct world *w)
{
    ovnk8s_service service = OVNK8S_SERVICE_INIT;
    ovnk8s_service_port port = OVNK8S_SERVICE_PORT_INIT;

    port.protocol = "tcp";
    port.port = 80;
    port.node_port = 30080;
    service.service_namespace = "default";
    service.name = "web";
    service.cluster_ips = "172.30.0.1";
    service.ports = &port;
    service.n_ports = 1;
    succeed(ovnk8s_service_add(w->plan, &service));
    settle(w);
}

static void copy_all(const struct rows *from, struct rows *to)
{
    for (const struct row *row = from->first; row; row = row->next) {
        copy_row(to, row);
    }
}

/* Restored and repaired the database is as it was, but for what is not ours. */
static void assert_survives_a_restore(struct world *w)
{
    struct rows before = {0};
    struct lines expected, after;

    copy_all(&w->database, &before);
    write_lines(&before, &expected);
    give_other_ids(&w->database, NULL);
    repair(w);
    assert_true(w->plan->changes.n > 0);
    give_other_ids(&w->database, &before);
    write_lines(&w->database, &after);
    assert_same_lines(&after, &expected, "restored");
    free_lines(&expected);
    free_lines(&after);
    rows_clear(&before);
}

static void what_was_restored_is_adopted(void **state)
{
    struct world *w = *state;

    add_service(w);
    succeed(ovnk8s_leader_take(w->plan, "me", 7));
    settle(w);
    add_foreign_things(w);
    assert_survives_a_restore(w);
    repair(w);
    assert_int_equal(w->plan->changes.n, 0);
}

static void what_was_damaged_before_the_backup_is_repaired_with_it(void **state)
{
    struct world *w = *state;
    struct lines intact, after;
    struct rows before = {0};

    copy_all(&w->database, &before);
    write_lines(&before, &intact);
    edit_string(port_in(&w->database, "default_b"), "addresses", "unknown");
    edit_string(nat_in(&w->database, "n1", 4), "external_ip", "1.2.3.4");
    delete_row(w, port_in(&w->database, "default_c"));
    delete_row(w, node_ledger_in(&w->database, "n1"));
    give_other_ids(&w->database, NULL);
    repair(w);
    assert_nothing_to_do(w);
    write_lines(&w->database, &after);
    assert_same_lines(&after, &intact, "damaged and restored");
    free_lines(&after);
    free_lines(&intact);
    rows_clear(&before);
}

static void networks_without_a_cluster_are_adopted(void **state)
{
    struct world *w = *state;
    ovnk8s_network network = OVNK8S_NETWORK_INIT;
    ovnk8s_attachment attachment = OVNK8S_ATTACHMENT_INIT;

    network.name = "blue";
    network.subnet = "10.5.0.0/24";
    network.is_routed = 1;
    attachment.network = "blue";
    attachment.host = "h";
    attachment.container_id = "c";
    attachment.interface = "eth0";
    succeed(ovnk8s_network_add(w->plan, &network));
    succeed(ovnk8s_attachment_add(w->plan, &attachment));
    settle(w);
    assert_survives_a_restore(w);
    renew(w);
    succeed(ovnk8s_network_add(w->plan, &network));
    succeed(ovnk8s_attachment_add(w->plan, &attachment));
    assert_nothing_to_do(w);
}

static void a_leader_who_came_after_the_restore_leads(void **state)
{
    struct world *w = *state;

    succeed(ovnk8s_leader_take(w->plan, "before", 7));
    settle(w);
    give_other_ids(&w->database, NULL);
    succeed(ovnk8s_leader_take(w->plan, "after", 8));
    settle(w);
    repair(w);
    assert_nothing_to_do(w);
    renew(w);
    succeed(ovnk8s_leader_require(w->plan, "after", 8));
    assert_nothing_to_do(w);
    for (const struct row *row = w->database.first; row; row = row->next) {
        const char *leader = row_pair(row, "external_ids", "leader");

        assert_true(!leader || !strcmp(leader, "after"));
    }
}

/* A name alone makes nothing ours. */
static void what_has_no_mark_is_not_adopted(void **state)
{
    struct world *w = *state;

    edit_pair(switch_in(&w->database, "n2"), "external_ids", OWNER_KEY, NULL);
    give_other_ids(&w->database, NULL);
    succeed(ovnk8s_topology_repair(w->plan));
    succeed(compute(w));
    assert_failed(database_commit(&w->database, &w->plan->changes), OVNK8S_EXISTS,
                  "Logical_Switch n2 belongs to somebody else");
}

/* As long as the cluster is there, a mark alone makes nothing ours either. */
static void what_is_marked_beside_a_cluster_is_not_adopted(void **state)
{
    struct world *w = *state;
    struct row *row = add_theirs(w, SWITCH_TABLE, "n3");

    edit_pair(row, "external_ids", OWNER_KEY, OWNER);
    edit_pair(row, "external_ids", SUBNETS_KEY, "10.3.0.0/24");
    repair(w);
    assert_int_equal(w->plan->changes.n, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        NETWORK_TEST(what_is_intact_needs_no_repair),
        TEST(without_a_cluster_there_is_nothing_to_repair),
        NETWORK_TEST(any_element_that_was_removed_comes_back),
        NETWORK_TEST(any_element_that_was_changed_is_restored),
        NETWORK_TEST(any_element_that_was_changed_to_something_plausible_is_restored),
        NETWORK_TEST(any_column_that_was_cleared_is_restored),
        NETWORK_TEST(any_row_that_was_deleted_comes_back),
        NETWORK_TEST(what_others_have_added_survives),
        NETWORK_TEST(a_repair_tells_what_it_repairs),
        NETWORK_TEST(stale_entries_are_taken_out_of_the_ledger),
        NETWORK_TEST(the_taken_subnets_are_counted_anew),
        NETWORK_TEST(a_network_without_a_ledger_gets_one),
        NETWORK_TEST(a_repair_is_done_once),
        NETWORK_TEST(what_was_restored_is_adopted),
        NETWORK_TEST(what_was_damaged_before_the_backup_is_repaired_with_it),
        TEST(networks_without_a_cluster_are_adopted),
        NETWORK_TEST(a_leader_who_came_after_the_restore_leads),
        NETWORK_TEST(what_has_no_mark_is_not_adopted),
        NETWORK_TEST(what_is_marked_beside_a_cluster_is_not_adopted),
        NETWORK_TEST(entries_with_impossible_names_are_left_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
