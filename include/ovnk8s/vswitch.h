/* Connections to the Open vSwitch database of the host. */

#ifndef OVNK8S_VSWITCH_H
#define OVNK8S_VSWITCH_H

#include <ovnk8s/common.h>
#include <ovnk8s/nb.h>
#include <ovnk8s/plan.h>

OVNK8S_BEGIN_DECLS

/* A connection to the database of the Open vSwitch of a host. */
typedef struct ovnk8s_vswitch ovnk8s_vswitch;

/* Connects to the Open_vSwitch database at 'remote', such as "unix:/var/run/openvswitch/db.sock",
 * and waits until the server is ready. '*out' is closed by ovnk8s_vswitch_close(). The options and
 * the thread rule are those of ovnk8s_nb_open().
 *
 * Errors: as ovnk8s_nb_open().
 *
 * Source: ovs-vswitchd.conf.db(5), RFC 7047. */
OVNK8S_API OVNK8S_MUST_CHECK int ovnk8s_vswitch_open(ovnk8s_vswitch **out, const char *remote,
                                                     const ovnk8s_connect_options *options);

/* Closes the connection and frees it. NULL is accepted. */
OVNK8S_API void ovnk8s_vswitch_close(ovnk8s_vswitch *vswitch);

/* Sets the deadline of each blocking call from now on, in ms; 0 stands for 10,000. */
OVNK8S_API void ovnk8s_vswitch_set_timeout(ovnk8s_vswitch *vswitch, unsigned int timeout_ms);

/* Reads external_ids:'key' of table Open_vSwitch into '*out', to be freed by ovnk8s_free().
 *
 * Errors: OVNK8S_NOTFOUND (no such key), OVNK8S_TIMEOUT, OVNK8S_CANCELLED, OVNK8S_PROTOCOL,
 * OVNK8S_NOMEM. */
OVNK8S_API OVNK8S_MUST_CHECK int ovnk8s_vswitch_external_id(ovnk8s_vswitch *vswitch,
                                                            const char *key, char **out);

/* ovnk8s_plan_compute() for a plan of rows of Open vSwitch, such as ovnk8s_host_plan() makes it:
 * finds out what would be changed, and changes nothing.
 *
 * Errors: as ovnk8s_plan_compute().
 *
 * Thread rule: that of 'vswitch', and of 'plan'. */
OVNK8S_API OVNK8S_MUST_CHECK int ovnk8s_vswitch_compute(ovnk8s_vswitch *vswitch, ovnk8s_plan *plan,
                                                        const ovnk8s_apply_options *options);

OVNK8S_END_DECLS

#endif /* vswitch.h */
