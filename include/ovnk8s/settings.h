/* Where the databases and the API server are, and other settings of a host.
 *
 * A setting comes from the first of these that has it:
 *
 *     1. a flag: ovnk8s_settings_set()
 *     2. the environment (OVN_NB_DB, OVN_SB_DB; KUBECONFIG)
 *     3. a kubeconfig file, for the API server
 *     4. external_ids of table Open_vSwitch of the host
 *     5. the file /etc/openvswitch/ovn_k8s.conf, section [default]
 *     6. for the API server, the service account of the pod that the program runs in
 *     7. a default
 *
 *     key            environment  external_ids        file                default
 *     ovs                                             ovs                 unix:$OVS_RUNDIR/db.sock
 *     nb             OVN_NB_DB    ovn-nb              nb                  see below
 *     sb             OVN_SB_DB    ovn-remote          sb                  see below
 *     timeout                                         timeout             10 (seconds)
 *     private-key                                     private_key
 *     certificate                                     certificate
 *     ca-cert                                         ca_cert
 *     kubeconfig     KUBECONFIG                       kubeconfig
 *     api-server                  k8s-api-server      k8s_api_server
 *     api-ca                      k8s-ca-certificate  k8s_ca_certificate
 *     api-token                   k8s-api-token       k8s_api_token
 *     mtu                                             mtu                 1400
 *     conntrack-zone                                  conntrack_zone      64000
 *     cni-conf-path                                   cni_conf_path       /etc/cni/net.d
 *     cni-link-path                                   cni_link_path       /opt/cni/bin
 *     cni-plugin                                      cni_plugin          ovn-k8s-cni-overlay
 *     log-path                                        log_path
 *     config                                                              see 5.
 *
 * The default of "nb" is unix:$OVN_RUNDIR/ovnnb_db.sock, that of "sb"
 * unix:$OVN_RUNDIR/ovnsb_db.sock. OVS_RUNDIR and OVN_RUNDIR are environment variables, by default
 * /var/run/openvswitch and /var/run/ovn, as Open vSwitch and OVN have them.
 *
 * A kubeconfig, wherever its name comes from, stands for all of the API server: "api-server",
 * "api-ca" and "api-token" then count only as flags, in place of what is in it.
 *
 * The file may also have the keys of earlier days "unix_socket" (a path: the remote "nb") and
 * "rundir" (a folder: "ovs" is db.sock in it). Keys and sections that mean nothing here are
 * ignored. An empty value, in the environment, external_ids or the file, is none.
 *
 * Thread rule: settings belong to one thread at a time. */

#ifndef OVNK8S_SETTINGS_H
#define OVNK8S_SETTINGS_H

#include <ovnk8s/cancel.h>
#include <ovnk8s/common.h>
#include <ovnk8s/flows.h>
#include <ovnk8s/kube.h>
#include <ovnk8s/log.h>
#include <ovnk8s/nb.h>
#include <ovnk8s/sb.h>
#include <ovnk8s/vswitch.h>

OVNK8S_BEGIN_DECLS

/* The settings of a host, with where each comes from. */
typedef struct ovnk8s_settings ovnk8s_settings;

/* Creates settings in '*out' that know flags, environment and defaults; freed by
 * ovnk8s_settings_free().
 *
 * Errors: OVNK8S_NOMEM. */
OVNK8S_API OVNK8S_MUST_CHECK int ovnk8s_settings_new(ovnk8s_settings **out);

/* Frees 'settings', which may be NULL. */
OVNK8S_API void ovnk8s_settings_free(ovnk8s_settings *settings);

/* Sets 'key' as a flag does. 'value' is copied; NULL is ignored.
 *
 * Errors: OVNK8S_INVALID (no such key; an empty value; "timeout", "mtu" or "conntrack-zone" is no
 * number, or not of 1 to 86400, 68 to 65535 or 1 to 65535), OVNK8S_NOMEM. */
OVNK8S_API OVNK8S_MUST_CHECK int ovnk8s_settings_set(ovnk8s_settings *settings, const char *key,
                                                     const char *value);

/* Reads the file that the setting "config" names. A missing default file is no error.
 *
 * Errors: OVNK8S_NOTFOUND (a file that was asked for is missing), OVNK8S_INVALID (malformed; the
 * message has the line), OVNK8S_PERMISSION, OVNK8S_NOMEM. */
OVNK8S_API OVNK8S_MUST_CHECK int ovnk8s_settings_read_file(ovnk8s_settings *settings);

/* Reads external_ids of the host's Open vSwitch.
 *
 * Errors: as ovnk8s_vswitch_external_id(). */
OVNK8S_API OVNK8S_MUST_CHECK int ovnk8s_settings_read_vswitch(ovnk8s_settings *settings,
                                                              ovnk8s_vswitch *vswitch);

/* Returns the value that 'key' was given by ovnk8s_settings_set(), or NULL. Valid until the
 * settings change. */
OVNK8S_API const char *ovnk8s_settings_flag(const ovnk8s_settings *settings, const char *key);

/* Returns the value of 'key', or NULL when nothing has one. Valid until the settings change. */
OVNK8S_API const char *ovnk8s_settings_get(const ovnk8s_settings *settings, const char *key);

/* Returns whether 'key' may come from external_ids of Open vSwitch: nothing that counts more gives
 * it, nor, for the API server, has the pod that the program runs in a service account. Who finds
 * that no setting it needs does can leave ovnk8s_settings_open_vswitch() out. */
OVNK8S_API bool ovnk8s_settings_asks_vswitch(const ovnk8s_settings *settings, const char *key);

/* Puts a table of all settings, one line each with where the value comes from, into '*out', to be
 * freed by ovnk8s_free(). The token is not shown.
 *
 * Errors: OVNK8S_NOMEM. */
OVNK8S_API OVNK8S_MUST_CHECK int ovnk8s_settings_text(const ovnk8s_settings *settings, char **out);

/* Who receives log lines of connections that are opened below, and what cancels their waiting. Both
 * must outlive them. */
OVNK8S_API void ovnk8s_settings_set_log(ovnk8s_settings *settings, ovnk8s_log_fn *log,
                                        void *log_payload);
OVNK8S_API void ovnk8s_settings_set_cancel(ovnk8s_settings *settings, ovnk8s_cancel *cancel);

/* Open what the settings say. The first of them reads the file, unless that was done before.
 * Opening the vswitch also reads its external_ids, which may name the others: so the usual order is
 * vswitch, nb, sb, kube.
 *
 * Errors: those of reading the settings and of ovnk8s_vswitch_open(), ovnk8s_nb_open(),
 * ovnk8s_sb_open() and ovnk8s_kube_open(); OVNK8S_NOTFOUND when nothing says where the API server
 * is. */
OVNK8S_API OVNK8S_MUST_CHECK int ovnk8s_settings_open_vswitch(ovnk8s_settings *settings,
                                                              ovnk8s_vswitch **out);
OVNK8S_API OVNK8S_MUST_CHECK int ovnk8s_settings_open_nb(ovnk8s_settings *settings,
                                                         ovnk8s_nb **out);
OVNK8S_API OVNK8S_MUST_CHECK int ovnk8s_settings_open_sb(ovnk8s_settings *settings,
                                                         ovnk8s_sb **out);
OVNK8S_API OVNK8S_MUST_CHECK int ovnk8s_settings_open_kube(ovnk8s_settings *settings,
                                                           ovnk8s_kube **out);

/* Opens the bridge 'name' of the host by its management socket, which is beside the one of the
 * database that the setting "ovs" names, or else in $OVS_RUNDIR.
 *
 * Errors: those of reading the settings and of ovnk8s_bridge_open(); OVNK8S_INVALID (no name). */
OVNK8S_API OVNK8S_MUST_CHECK int ovnk8s_settings_open_bridge(ovnk8s_settings *settings,
                                                             const char *name, ovnk8s_bridge **out);

OVNK8S_END_DECLS

#endif /* settings.h */
