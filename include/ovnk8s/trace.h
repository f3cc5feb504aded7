/* Tracing: whether packets can go from one place to another, and what is in their way.
 *
 * A trace follows the rows of OVN as a packet would: the logical port of the source, its switch,
 * the routers, the port of the destination, and the way back; and for each port which chassis has
 * it, and what Open vSwitch of this host has made of it. It sends no packet and changes nothing.
 *
 *     error = ovnk8s_trace_read_nb(nb_plan, &query);
 *     error = error ? error : ovnk8s_plan_compute(nb_plan, nb, NULL);
 *     error = error ? error : ovnk8s_trace_read_sb(sb_plan, nb_plan);
 *     error = error ? error : ovnk8s_sb_compute(sb, sb_plan, NULL);
 *     error = error ? error : ovnk8s_trace_read_vswitch(vswitch_plan);
 *     error = error ? error : ovnk8s_vswitch_compute(vswitch, vswitch_plan, NULL);
 *     error = error ? error : ovnk8s_trace_new(&trace, nb_plan, sb_plan, vswitch_plan);
 *
 * What is read is three plans that want nothing; see plan.h.
 *
 * Thread rule: that of the plans. An ovnk8s_trace is a value, and is only read after it was made.
 */

#ifndef OVNK8S_TRACE_H
#define OVNK8S_TRACE_H

#include <stdbool.h>

#include <ovnk8s/common.h>
#include <ovnk8s/plan.h>

OVNK8S_BEGIN_DECLS

/* What is asked. Strings are copied. */
typedef struct ovnk8s_trace_query {
    size_t size;             /* Set by the initialiser. */
    const char *source;      /* "<namespace>/<pod>"; "node/<name>": the node's management port; an
                              * IP address; "outside". */
    const char *destination; /* The same, or "service/<namespace>/<name>", "svc/..." for short. An
                              * address may be that of a service, too. */
    const char *port;        /* Of the destination: "80", "53/udp"; NULL: no matter. */
} ovnk8s_trace_query;

#define OVNK8S_TRACE_QUERY_INIT                                                                    \
    {                                                                                              \
        sizeof(ovnk8s_trace_query), NULL, NULL, NULL                                               \
    }

/* The macro as a function, for bindings. */
OVNK8S_API void ovnk8s_trace_query_init(ovnk8s_trace_query *query);

/* Adds to 'plan', which is to be computed for the Northbound database, that what 'query' is about
 * will be read. One plan has one query.
 *
 * Errors: OVNK8S_INVALID (a place or a port that cannot be understood, or no place to start from or
 * to go to), OVNK8S_NOMEM. */
OVNK8S_API OVNK8S_MUST_CHECK int ovnk8s_trace_read_nb(ovnk8s_plan *plan,
                                                      const ovnk8s_trace_query *query);

/* Adds to 'plan', which is to be computed for the Southbound database, that what has become of the
 * ports on the way will be read. 'nb' has been computed.
 *
 * Errors: OVNK8S_INVALID ('nb' has no query), OVNK8S_NOMEM. */
OVNK8S_API OVNK8S_MUST_CHECK int ovnk8s_trace_read_sb(ovnk8s_plan *plan, const ovnk8s_plan *nb);

/* Adds to 'plan', which is to be computed for the Open vSwitch of this host, that its bridges and
 * interfaces will be read.
 *
 * Errors: OVNK8S_NOMEM. */
OVNK8S_API OVNK8S_MUST_CHECK int ovnk8s_trace_read_vswitch(ovnk8s_plan *plan);

/* A way that was followed. */
typedef struct ovnk8s_trace ovnk8s_trace;

/* Makes the trace in '*out', to be freed by ovnk8s_trace_free(), of what the latest computation of
 * the plans has read. 'sb' and 'vswitch' may be NULL: then nothing is said about what is there.
 *
 * Errors: OVNK8S_INVALID ('nb' has no query), OVNK8S_NOMEM. */
OVNK8S_API OVNK8S_MUST_CHECK int ovnk8s_trace_new(ovnk8s_trace **out, const ovnk8s_plan *nb,
                                                  const ovnk8s_plan *sb,
                                                  const ovnk8s_plan *vswitch);

/* Frees it. NULL is accepted. */
OVNK8S_API void ovnk8s_trace_free(ovnk8s_trace *trace);

/* Returns whether packets can go there and back, as far as the rows that were read tell. */
OVNK8S_API bool ovnk8s_trace_is_reachable(const ovnk8s_trace *trace);

/* One thing on the way. No string is NULL. */
typedef struct ovnk8s_hop {
    size_t size;        /* Of this struct. */
    bool is_ok;         /* As it should be. Else packets do not get beyond it. */
    const char *table;  /* Of OVN or of Open vSwitch. */
    const char *object; /* The row's name. */
    const char *text;   /* What was found, or what is wrong, for people. */
    const char *mend;   /* What would mend it; "" when it is as it should be. */
} ovnk8s_hop;

/* Returns how many hops there are, and hop number 'i' of them in the order of the way; NULL if
 * there is no such. The last one, and only that, is not ok unless the destination is reachable. It
 * belongs to 'trace'. */
OVNK8S_API size_t ovnk8s_trace_hops(const ovnk8s_trace *trace);
OVNK8S_API const ovnk8s_hop *ovnk8s_trace_hop(const ovnk8s_trace *trace, size_t i);

/* Writes the trace as text for people into '*out', to be freed by ovnk8s_free(): a line for each
 * hop, and the verdict. For example:
 *
 *     ok   Logical_Switch_Port default_web: 0a:58:c0:a8:02:03 192.168.2.3, on switch node1
 *     FAIL Port_Binding default_web: no chassis has it
 *     not reachable: Port_Binding default_web: no chassis has it
 *     to mend it: is ovn-controller running on node1?
 *
 * Errors: OVNK8S_NOMEM. */
OVNK8S_API OVNK8S_MUST_CHECK int ovnk8s_trace_text(const ovnk8s_trace *trace, char **out);

/* Writes it as JSON into '*out', to be freed by ovnk8s_free(); VALUES are strings:
 *
 *     {"source": ..., "destination": ..., "port": ... or null, "reachable": true or false,
 *      "broken": HOP or null, "hops": [{"ok": true or false, "table": ..., "object": ...,
 *                                       "text": ..., "mend": ...}, ...]}
 *
 * Errors: OVNK8S_NOMEM. */
OVNK8S_API OVNK8S_MUST_CHECK int ovnk8s_trace_json(const ovnk8s_trace *trace, char **out);

OVNK8S_END_DECLS

#endif /* trace.h */
