/* Connections to the OVN Northbound database.
 *
 * A connection downloads no table: what a call needs to know is asked for by identity, so that it
 * costs the same in an empty database and in one with 30,000 ports.
 *
 * Thread rule: a connection belongs to one thread at a time; different connections are independent.
 * The TLS identity is one for the whole process: the first ssl: connection sets it, and opening
 * another one with other files is refused. */

#ifndef OVNK8S_NB_H
#define OVNK8S_NB_H

#include <ovnk8s/cancel.h>
#include <ovnk8s/common.h>
#include <ovnk8s/log.h>

OVNK8S_BEGIN_DECLS

/* A connection to a Northbound database. */
typedef struct ovnk8s_nb ovnk8s_nb;

/* How to connect to an OVSDB server. Strings are copied. */
typedef struct ovnk8s_connect_options {
    size_t size;             /* Set by the initialiser. */
    const char *private_key; /* PEM file, for ssl: remotes. */
    const char *certificate; /* PEM file, for ssl: remotes. */
    const char *ca_cert;     /* PEM file of the CA that has signed the server's certificate. */
    unsigned int timeout_ms; /* Deadline of each blocking call, in ms; 0 stands for 10,000. */
    ovnk8s_cancel *cancel;   /* Ends waiting early; may be NULL. Must outlive the connection. */
    ovnk8s_log_fn *log;      /* Receives what is worth telling; may be NULL. */
    void *log_payload;       /* Passed to 'log'. */
} ovnk8s_connect_options;

#define OVNK8S_CONNECT_OPTIONS_INIT                                                                \
    {                                                                                              \
        sizeof(ovnk8s_connect_options), NULL, NULL, NULL, 0, NULL, NULL, NULL                      \
    }

/* The macro as a function, for bindings. */
OVNK8S_API void ovnk8s_connect_options_init(ovnk8s_connect_options *options);

/* Connects to the OVN_Northbound database at 'remotes': "unix:PATH", "tcp:IP:PORT", "ssl:IP:PORT"
 * or several of them separated by commas, the servers of one cluster, of which the leader is
 * sought. Waits until the server is ready. '*out' is closed by ovnk8s_nb_close().
 *
 * Errors: OVNK8S_INVALID (no such form of remote; an ssl: remote without TLS files, or with ones
 * that are no keys and certificates), OVNK8S_NOTFOUND and OVNK8S_PERMISSION (of a TLS file),
 * OVNK8S_UNSUPPORTED (another TLS identity is in use), OVNK8S_TIMEOUT (not reached by the deadline,
 * or it has no such database; the message has the last reason), OVNK8S_CANCELLED, OVNK8S_NOMEM.
 *
 * Source: ovsdb-server(7), RFC 7047; remotes as ovn-nbctl(8) has them. */
OVNK8S_API OVNK8S_MUST_CHECK int ovnk8s_nb_open(ovnk8s_nb **out, const char *remotes,
                                                const ovnk8s_connect_options *options);

/* Closes the connection and frees it. NULL is accepted. */
OVNK8S_API void ovnk8s_nb_close(ovnk8s_nb *nb);

/* Sets the deadline of each blocking call from now on, in ms; 0 stands for 10,000. */
OVNK8S_API void ovnk8s_nb_set_timeout(ovnk8s_nb *nb, unsigned int timeout_ms);

OVNK8S_END_DECLS

#endif /* nb.h */
