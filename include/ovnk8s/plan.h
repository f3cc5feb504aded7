/* Plans: a set of wishes that becomes one transaction.
 *
 * Calls such as ovnk8s_node_add() or ovnk8s_port_add() do not touch a database: they add what they
 * want to a plan. ovnk8s_plan_apply() compares the sum of it with what the database holds and
 * commits the difference as ONE transaction, guarded so that it takes effect only if what it was
 * computed from still holds. So several things are done together or not at all, doing them twice is
 * harmless, and nothing is ever half done.
 *
 *     ovnk8s_plan *plan;
 *     int error = ovnk8s_plan_new(&plan, NULL);
 *     error = error ? error : ovnk8s_node_add(plan, &node);
 *     error = error ? error : ovnk8s_plan_apply(plan, nb, NULL);
 *     ovnk8s_plan_free(plan);
 *
 * Thread rule: a plan belongs to one thread at a time; different plans are independent. */

#ifndef OVNK8S_PLAN_H
#define OVNK8S_PLAN_H

#include <ovnk8s/common.h>
#include <ovnk8s/nb.h>

OVNK8S_BEGIN_DECLS

/* Wishes, and what they come to. */
typedef struct ovnk8s_plan ovnk8s_plan;

/* The owner of rows when nobody says otherwise. */
#define OVNK8S_DEFAULT_OWNER "k8s"

/* Whose plan it is. */
typedef struct ovnk8s_plan_options {
    size_t size;       /* Set by the initialiser. */
    const char *owner; /* Whose rows these are, as in external_ids:ovnk8s-owner: 1 to 63 letters,
                        * digits, dots, dashes or underscores. NULL: OVNK8S_DEFAULT_OWNER. */
} ovnk8s_plan_options;

#define OVNK8S_PLAN_OPTIONS_INIT                                                                   \
    {                                                                                              \
        sizeof(ovnk8s_plan_options), NULL                                                          \
    }

/* The macro as a function, for bindings. */
OVNK8S_API void ovnk8s_plan_options_init(ovnk8s_plan_options *options);

/* Creates an empty plan in '*out', to be freed by ovnk8s_plan_free(). 'options' may be NULL.
 *
 * Errors: OVNK8S_INVALID (options), OVNK8S_NOMEM. */
OVNK8S_API OVNK8S_MUST_CHECK int ovnk8s_plan_new(ovnk8s_plan **out,
                                                 const ovnk8s_plan_options *options);

/* Frees the plan. NULL is accepted. */
OVNK8S_API void ovnk8s_plan_free(ovnk8s_plan *plan);

/* How far the effect of a plan is waited for. */
enum ovnk8s_wait {
    OVNK8S_WAIT_NONE = 0, /* Committed to the Northbound database. */
    OVNK8S_WAIT_SB = 1,   /* ovn-northd has carried it to the Southbound database. */
    OVNK8S_WAIT_HV = 2,   /* Every chassis has installed it. */
};

/* For ovnk8s_plan_compute() and ovnk8s_plan_apply(). */
typedef struct ovnk8s_apply_options {
    size_t size;             /* Set by the initialiser. */
    enum ovnk8s_wait wait;   /* What to wait for after the commit. */
    unsigned int timeout_ms; /* For the whole call, in ms; 0: as the connection has it. */
} ovnk8s_apply_options;

#define OVNK8S_APPLY_OPTIONS_INIT                                                                  \
    {                                                                                              \
        sizeof(ovnk8s_apply_options), OVNK8S_WAIT_NONE, 0                                          \
    }

/* The macro as a function, for bindings. */
OVNK8S_API void ovnk8s_apply_options_init(ovnk8s_apply_options *options);

/* Finds out what ovnk8s_plan_apply() would change now, and changes nothing: a dry run. The answer
 * is in ovnk8s_plan_changes(), ovnk8s_plan_text() and ovnk8s_plan_json(). 'options' may be NULL; of
 * them only 'timeout_ms' matters.
 *
 * Errors: those of ovnk8s_plan_apply(), save OVNK8S_CONFLICT. That a row of somebody else's is in
 * the way is found too, except where only the server can tell. */
OVNK8S_API OVNK8S_MUST_CHECK int ovnk8s_plan_compute(ovnk8s_plan *plan, ovnk8s_nb *nb,
                                                     const ovnk8s_apply_options *options);

/* Makes the database what the plan wants, by one transaction; by none when it is so already. When
 * another writer has changed what the plan was computed from, it is computed again. 'options' may
 * be NULL. A plan may be applied again, and to several databases.
 *
 * Errors: those of the wishes (see the calls that add them); OVNK8S_EXISTS (a row of the same
 * name belongs to somebody else), OVNK8S_CONFLICT (other writers were faster each time),
 * OVNK8S_TIMEOUT, OVNK8S_UNAVAILABLE (the server refused for reasons of its own),
 * OVNK8S_UNSUPPORTED (it lacks a column), OVNK8S_CANCELLED, OVNK8S_PROTOCOL, OVNK8S_NOMEM. After an
 * error in a stage up to "commit" nothing was changed, unless the connection broke while the
 * server's answer was awaited: the message says so, and applying again is safe. An error in stage
 * "wait" comes after the commit.
 *
 * Source: RFC 7047 (transact, wait); nb_cfg, sb_cfg and hv_cfg of NB_Global in ovn-nb(5). */
OVNK8S_API OVNK8S_MUST_CHECK int ovnk8s_plan_apply(ovnk8s_plan *plan, ovnk8s_nb *nb,
                                                   const ovnk8s_apply_options *options);

/* Returns how many rows the latest successful ovnk8s_plan_apply() inserted, changed or deleted, or
 * the latest ovnk8s_plan_compute() would; 0 when all was as wanted. */
OVNK8S_API size_t ovnk8s_plan_changes(const ovnk8s_plan *plan);

/* Writes these changes as text for people into '*out', to be freed by ovnk8s_free(): like a diff,
 * row by row, with names in place of UUIDs; "" when there are none. For example:
 *
 *     + Logical_Switch "node2"
 *     +     name: "node2"
 *     +     other_config:subnet: "192.168.2.0/24"
 *     ~ Logical_Router "master"
 *     +     ports: "rtos-node2"
 *     ~ Logical_Switch_Port "k8s-node1"
 *     -     addresses: "0a:58:c0:a8:01:02 192.168.1.9"
 *     +     addresses: "0a:58:c0:a8:01:02 192.168.1.2"
 *     - Logical_Switch_Port "default_web"
 *
 * A row is inserted (+), changed (~) or deleted (-), an element of a column comes (+) or goes (-).
 *
 * Errors: OVNK8S_NOMEM. */
OVNK8S_API OVNK8S_MUST_CHECK int ovnk8s_plan_text(const ovnk8s_plan *plan, char **out);

/* Writes these changes as JSON into '*out', to be freed by ovnk8s_free():
 *
 *     {"owner": "k8s",
 *      "changes": [{"action": "insert" | "update" | "delete",
 *                   "table": TABLE, "name": NAME, "uuid": UUID,
 *                   "added": {COLUMN: VALUES, ...}, "removed": {COLUMN: VALUES, ...}}, ...]}
 *
 * VALUES is an object {KEY: VALUE, ...} for a column that is a map, and else an array of strings,
 * integers and booleans; rows that a column refers to are given by their names. "uuid" is missing
 * for a row that the database knows by its name alone. docs/plans.md has the schema.
 *
 * Errors: OVNK8S_NOMEM. */
OVNK8S_API OVNK8S_MUST_CHECK int ovnk8s_plan_json(const ovnk8s_plan *plan, char **out);

OVNK8S_END_DECLS

#endif /* plan.h */
