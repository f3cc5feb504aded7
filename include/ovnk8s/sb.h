/* Connections to the OVN Southbound database.
 *
 * It is read, never written: it tells what ovn-northd and the chassis have made of the Northbound
 * database.
 *
 * Thread rule: that of ovnk8s_nb. */

#ifndef OVNK8S_SB_H
#define OVNK8S_SB_H

#include <ovnk8s/common.h>
#include <ovnk8s/nb.h>
#include <ovnk8s/plan.h>

OVNK8S_BEGIN_DECLS

/* A connection to a Southbound database. */
typedef struct ovnk8s_sb ovnk8s_sb;

/* Connects to the OVN_Southbound database at 'remotes', and waits until the server is ready.
 * '*out' is closed by ovnk8s_sb_close(). The forms of remotes, the options and the thread rule are
 * those of ovnk8s_nb_open().
 *
 * Errors: as ovnk8s_nb_open().
 *
 * Source: ovsdb-server(7), RFC 7047; remotes as ovn-sbctl(8) has them. */
OVNK8S_API OVNK8S_MUST_CHECK int ovnk8s_sb_open(ovnk8s_sb **out, const char *remotes,
                                                const ovnk8s_connect_options *options);

/* Closes the connection and frees it. NULL is accepted. */
OVNK8S_API void ovnk8s_sb_close(ovnk8s_sb *sb);

/* Sets the deadline of each blocking call from now on, in ms; 0 stands for 10,000. */
OVNK8S_API void ovnk8s_sb_set_timeout(ovnk8s_sb *sb, unsigned int timeout_ms);

/* A host that has joined OVN. No string is NULL. */
typedef struct ovnk8s_chassis {
    size_t size;            /* Of this struct. */
    const char *name;       /* The system-id of its Open vSwitch. */
    const char *hostname;   /* "" if it did not tell. */
    const char *encap_type; /* How others reach it: "geneve" if it has that, else the first it has
                             * by name; "" if it has none. */
    const char *encap_ip;   /* The address for that. */
} ovnk8s_chassis;

/* Reads all chassis, ordered by name, into '*out', an array of '*n' pointers that ends with NULL.
 * The array and all that it points to are one block, to be freed by ovnk8s_free().
 *
 * Errors: OVNK8S_TIMEOUT, OVNK8S_UNAVAILABLE, OVNK8S_UNSUPPORTED (the server lacks a column),
 * OVNK8S_CANCELLED, OVNK8S_PROTOCOL, OVNK8S_NOMEM.
 *
 * Source: Chassis, Encap in ovn-sb(5). */
OVNK8S_API OVNK8S_MUST_CHECK int ovnk8s_sb_chassis(ovnk8s_sb *sb, ovnk8s_chassis ***out, size_t *n);

/* ovnk8s_plan_compute() for a plan that reads the Southbound database, such as
 * ovnk8s_trace_read_sb() makes it.
 *
 * Errors: as ovnk8s_plan_compute().
 *
 * Thread rule: that of 'sb', and of 'plan'. */
OVNK8S_API OVNK8S_MUST_CHECK int ovnk8s_sb_compute(ovnk8s_sb *sb, ovnk8s_plan *plan,
                                                   const ovnk8s_apply_options *options);

OVNK8S_END_DECLS

#endif /* sb.h */
