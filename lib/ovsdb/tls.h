/* The TLS identity. libopenvswitch has one for the whole process (of its copy in this library). */

#ifndef OVSDB_TLS_H
#define OVSDB_TLS_H

#include <ovnk8s/nb.h>

/* Sets the key and the certificates for ssl: remotes; refuses to change those that are set. */
int tls_set_identity(const ovnk8s_connect_options *options);

#endif /* tls.h */
