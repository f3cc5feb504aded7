/* Asking the daemons of the host, Open vSwitch's and OVN's, through their control sockets, as
 * ovs-appctl(8) does. */

#ifndef NODE_DAEMON_H
#define NODE_DAEMON_H

#include "base/text.h"
#include "base/wait.h"

/* Sends 'command' to the daemon 'name', whose pid file and socket are in 'folder', and adds what it
 * answers to 'out'. Fails with OVNK8S_UNAVAILABLE when it is not running, or refuses the command,
 * and with OVNK8S_TIMEOUT when it does not answer. */
int daemon_ask(const char *folder, const char *name, const char *command,
               const struct deadline *deadline, struct text *out);

#endif /* daemon.h */
