/* What the files of a trace share.
 *
 * trace_ask.c says what must be known, trace_place.c finds the two ends, trace_walk.c goes from one
 * to the other, and trace_port.c looks at what has become of the ports on the way. Each function
 * that looks at something adds a hop, and returns whether packets get beyond it. */

#ifndef TOPOLOGY_TRACE_H
#define TOPOLOGY_TRACE_H

#include <ovnk8s/trace.h>

#include "base/arena.h"
#include "base/ip.h"
#include "base/plan.h"

#define REPAIR "run \"ovn-k8s-overlay repair\""

/* Tables of which nothing but a trace knows. */
#define POLICY_TABLE "Logical_Router_Policy"
#define ACL_TABLE "ACL"
#define PORT_GROUP_TABLE "Port_Group"
#define BALANCER_TABLE "Load_Balancer"
#define BALANCER_GROUP_TABLE "Load_Balancer_Group"

/* An end of the way as it was asked for. */
enum place_kind { PLACE_PORT, PLACE_ADDRESS, PLACE_SERVICE, PLACE_OUTSIDE };

struct place {
    enum place_kind kind;
    const char *text;              /* As it was given. */
    const char *port;              /* PLACE_PORT: the logical port. */
    const char *name_space, *name; /* PLACE_SERVICE. */
    struct ip ip;                  /* PLACE_ADDRESS. */
};

struct query {
    struct place source, destination;
    const char *port_text; /* NULL: no port. */
    unsigned int port;     /* 0: no port. */
    const char *protocol;  /* "tcp" and the like. */
};

/* Reads it; strings are in 'arena'. Fails with OVNK8S_INVALID. */
int query_parse(struct arena *arena, const ovnk8s_trace_query *query, struct query *out);

/* The query that the plan has been given, or NULL. */
const struct query *trace_query(const ovnk8s_plan *nb);

struct hop {
    struct hop *next;
    ovnk8s_hop public;
};

struct port_name {
    struct port_name *next;
    const char *name;
};

struct ovnk8s_trace {
    struct arena arena; /* Of all that follows. */
    struct query query;
    const char *owner;
    const struct rows *nb, *sb, *vswitch; /* While it is made; the last two may be NULL. */
    struct hop *first, *last;
    size_t n_hops;
    bool is_broken;
    struct port_name *met; /* Ports of which the Southbound database may tell more. */
};

/* An end of the way as it was found. */
struct station {
    const struct row *port, *on; /* The logical port and its switch; NULL: outside. */
    struct prefixes ips;         /* Its addresses; of the outside, one that stands for all. */
};

/* Goes all the way, and fills in the hops. */
void trace_run(struct ovnk8s_trace *trace);

/* Hops. trace_ok() returns true, trace_broken() false; a hop that was there before comes once. */
bool trace_ok(struct ovnk8s_trace *trace, const char *table, const char *object, const char *format,
              ...) PRINTF(4, 5);
bool trace_broken(struct ovnk8s_trace *trace, const char *table, const char *object,
                  const char *mend, const char *format, ...) PRINTF(5, 6);

/* A text in the arena of the trace; never NULL. */
const char *trace_printf(struct ovnk8s_trace *trace, const char *format, ...) PRINTF(2, 3);

/* Rows. */

/* The name of a row, never NULL. */
const char *row_title_of(const struct row *row);

/* The first row of the table whose column is the value, or has it for the key. */
const struct row *row_with(const struct rows *rows, const char *table, const char *column,
                           const char *value);
const struct row *row_with_pair(const struct rows *rows, const char *table, const char *column,
                                const char *key, const char *value);

/* What a set refers to, one after the other; NULL where the row is not known. */
const struct row *row_member(const struct rows *rows, const struct row *row, const char *column,
                             const char *table, size_t i);
size_t row_members(const struct row *row, const char *column);

/* Whether a string of the set is the address, alone or after a MAC address. */
bool port_has_ip(const struct row *port, const struct ip *ip);

/* Whether the switch is one on which there may be an end of the way. */
bool is_node_switch(const struct row *on);

/* Places (trace_place.c). */

/* Finds the end; false, with a hop, when there is no such. */
bool trace_find(struct ovnk8s_trace *trace, const struct place *place, struct station *out);

/* The logical port that has the address, on a switch that was read. */
const struct row *trace_port_at(const struct ovnk8s_trace *trace, const struct ip *ip);

/* Services (trace_service.c). */

/* The load balancers that have the virtual address, or are of the service. */
struct virtual_ip {
    const struct row *balancer;
    const char *key;      /* "10.96.0.1:443". */
    const char *backends; /* "192.168.2.3:6443,...". */
    struct ip ip;
    unsigned int port; /* 0: all. */
};

/* Calls 'each' for the virtual addresses that the destination stands for, until it returns false.
 * Returns how many there were. */
size_t each_virtual_ip(const struct rows *nb, const struct query *query,
                       bool (*each)(const struct virtual_ip *vip, void *payload), void *payload);

/* Reads the next backend of the list; false at its end. */
bool next_backend(const char **list, struct ip *ip, unsigned int *port);

/* Whether the switch or router uses the load balancer. */
bool uses_balancer(const struct rows *nb, const struct row *user, const struct row *balancer);

/* Ways (trace_walk.c). */

/* Goes from the one to the other, to an address of the other: 'src' to 'dst'. */
bool trace_walk(struct ovnk8s_trace *trace, const struct station *from, const struct station *to,
                const struct ip *src, const struct ip *dst);

/* Ports (trace_port.c). */

/* What the row says of a port of a pod or a node. */
bool trace_logical_port(struct ovnk8s_trace *trace, const struct station *station);

/* What has become of it, on the host and in the Southbound database. 'chassis' is the one that is
 * to have it; NULL: that of the node 'node'. */
bool trace_bound_port(struct ovnk8s_trace *trace, const struct row *port, const char *node,
                      const char *chassis);

/* The tunnel between the chassis that have the two ports. */
bool trace_tunnel(struct ovnk8s_trace *trace, const struct row *one, const struct row *other);

#endif /* trace.h */
