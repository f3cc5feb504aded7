/* The CNI plugin as a function, and its installation.
 *
 * Implements the Container Network Interface specification in all its versions: ADD, DEL, CHECK,
 * GC, STATUS and VERSION. With Kubernetes the addresses are those that the annotation "ovn" of the
 * pod says; without, the library's networks give them, see network.h. */

#ifndef OVNK8S_CNI_H
#define OVNK8S_CNI_H

#include <ovnk8s/cancel.h>
#include <ovnk8s/common.h>

OVNK8S_BEGIN_DECLS

/* The versions of the specification that a network configuration may have. */
#define OVNK8S_CNI_VERSIONS "0.1.0, 0.2.0, 0.3.0, 0.3.1, 0.4.0, 1.0.0, 1.1.0"

/* Does what a CNI plugin does when it is executed.
 *
 * 'environment' are strings "KEY=VALUE" and a NULL, as in environ; 'input' is the network
 * configuration, what a plugin reads from standard input, or NULL when it could not be read.
 * '*output', to be freed by ovnk8s_free(), becomes what a plugin writes to standard output: the
 * result or the error object, in one line, or ""; NULL when memory ran out. 'cancel' may be NULL.
 *
 * Returns the exit code: 0 on success, otherwise 1, with the error object in '*output'.
 *
 * Verbs, which CNI_COMMAND says; what is wrong is found in the order in which the specification's
 * own library finds it, and that library's demand for CNI_PATH is kept:
 *
 *     ADD      Makes the interface and answers when its flows are installed, with a result in the
 *              form of the configuration's version, added to "prevResult" if that is there. On
 *              failure everything is as before.
 *     DEL      Removes what ADD has made, or half of it. Needs neither CNI_NETNS nor "prevResult"
 *              nor a pod nor an API server, and succeeds when there is nothing.
 *     CHECK    Fails unless all that ADD has made is as "prevResult", which is needed, says. Asks
 *              this host's Open vSwitch alone. From 0.4.0 on.
 *     GC       Removes what was made for this network on this host for others than those that
 *              "cni.dev/valid-attachments" (or "cni.dev/attachments") lists; null is an empty list.
 *              Without either key nothing is removed. Goes on when one cannot be removed, and fails
 *              at the end. From 1.1.0 on.
 *     STATUS   Fails unless ADD could work now: with 51 when Open vSwitch or br-int is missing;
 *              with 50 when ovn-controller is not connected, or the API server or the Northbound
 *              database does not answer. From 1.1.0 on.
 *     VERSION  Tells the versions. The input may be anything.
 *
 * With Kubernetes CNI_ARGS says whom the container belongs to, by K8S_POD_NAMESPACE, K8S_POD_NAME
 * and, if it is there, K8S_POD_UID. ADD takes the annotation from the pod's annotations, where the
 * runtime tells them, or else waits for it at the API server. A pod of another uid is refused.
 *
 * In mode "standalone" ADD makes the network of this name, when there is none yet, and attaches the
 * container to it, both in the Northbound database; DEL and GC end attachments.
 *
 * Keys of the configuration, matched in any case; those not known are ignored:
 *
 *     cniVersion, name             as the specification has them
 *     mode                         "kubernetes", or "standalone"
 *     ovs, nb, kubeconfig, config  as the settings of these names, see settings.h
 *     mtu                          of the interface, in bytes
 *     timeout                      in seconds: of ADD as a whole, by default 60; of each step that
 *                                  waits of the other verbs, by default 10
 *     logFile                      the setting "log-path": a file, opened anew each time, to which
 *                                  each call appends a line that tells where its time went
 *     dns                          goes into the result
 *     ipam                         refused when it has a "type": OVN's topology has the addresses
 *     prevResult                   see above
 *     runtimeConfig                what runtimes pass by capability, see below
 *
 * and in mode "standalone", each a text, or an array with one of each family:
 *
 *     subnet, or subnets           of the network; needed
 *     gateway                      the next hop of the default route
 *     rangeStart, rangeEnd         out of which addresses are chosen
 *
 * and routed, true or false: see ovnk8s_network; routes, an array of objects with "dst" and perhaps
 * "gw": further ones.
 *
 * Capabilities: "bandwidth" are limits, in bits/s and bits; "dns" goes into the result, in place of
 * the key above; "mac" and "ips" must be what the annotation says, and are wishes in mode
 * "standalone": also as args.cni.mac and args.cni.ips, and as MAC and IP of CNI_ARGS, of which the
 * first of these three counts; "io.kubernetes.cri.pod-annotations" are those of the pod, as the
 * runtime knows them.
 *
 * Codes in the error object, besides those of the specification (1, 4, 5, 6, 7, 50 and 51; 8:
 * CNI_NETNS is the plugin's own namespace; 999: memory ran out): 100: the pod does not exist; 101:
 * it has no annotation; 102: the annotation is malformed; 103: Open vSwitch cannot be reached or
 * refuses; 104: the flows did not come; 105: the API server cannot be reached or refuses; 106: the
 * interface in the container cannot be made or removed, or is there already; 107: CHECK has found
 * that something is not as ADD has left it; 108: the Northbound database cannot be reached or
 * refuses. An error of DEL never has the words "not found" or "no such file or directory", which
 * runtimes take for success.
 *
 * Thread rule: may be called from several threads at once.
 *
 * Source: the CNI specification, 1.1.0 and before, and its conventions; libcni's package skel. */
OVNK8S_API int ovnk8s_cni_run(const char *const *environment, const char *input,
                              ovnk8s_cancel *cancel, char **output);

/* What is installed, and where. Strings are only read. */
typedef struct ovnk8s_cni_install_options {
    size_t size;           /* Set by the initialiser. */
    const char *conf_path; /* Folder for the network configuration; NULL: /etc/cni/net.d. */
    const char *link_path; /* Folder where runtimes look for plugins; NULL: /opt/cni/bin. */
    const char *plugin;    /* Path of the plugin's executable. */
    unsigned int mtu;      /* For the interfaces of pods, in bytes; 0: as it is. */

    /* Keys of the configuration, see ovnk8s_cni_run(); NULL or 0: as they are. */
    const char *ovs;
    const char *kubeconfig;
    const char *config;
    const char *log_file;
    unsigned int timeout;
} ovnk8s_cni_install_options;

#define OVNK8S_CNI_INSTALL_OPTIONS_INIT                                                            \
    {                                                                                              \
        sizeof(ovnk8s_cni_install_options), NULL, NULL, NULL, 0, NULL, NULL, NULL, NULL, 0         \
    }

/* The macro as a function, for bindings. */
OVNK8S_API void ovnk8s_cni_install_options_init(ovnk8s_cni_install_options *options);

/* Makes the plugin known to container runtimes: writes 10-ovn-kubernetes.conflist, whose network is
 * named "ovn-kubernetes", and links the executable into the plugins' folder. Folders are made when
 * they are missing. The list has this plugin, with the capabilities that it understands, and is of
 * version 1.0.0, or 1.1.0 for runtimes that can choose ("cniVersions").
 *
 * What is as it should be is left alone, and so are other keys, other plugins in the list, versions
 * and capabilities that somebody has changed there; a file is replaced in one piece. A
 * 10-ovn-kubernetes.conf from an earlier version of the library becomes part of the list, and is
 * removed once that is written; one that is somebody else's stays.
 *
 * Errors: OVNK8S_INVALID (no plugin given; it is no executable file), OVNK8S_NOTFOUND ('plugin'
 * does not exist), OVNK8S_EXISTS (something other than a link has the name of the link, or than a
 * file that of the configuration), OVNK8S_PERMISSION, OVNK8S_SYSTEM, OVNK8S_NOMEM. */
OVNK8S_API OVNK8S_MUST_CHECK int ovnk8s_cni_install(const ovnk8s_cni_install_options *options);

/* Writes what ovnk8s_cni_install() would change now as text for people into '*out', to be freed by
 * ovnk8s_free(); "" when nothing. Changes nothing itself. For example:
 *
 *     + link /opt/cni/bin/ovn-k8s-cni-overlay to /usr/bin/ovn-k8s-cni-overlay
 *     ~ file /etc/cni/net.d/10-ovn-kubernetes.conflist
 *     - file /etc/cni/net.d/10-ovn-kubernetes.conf
 *
 * What is missing comes (+), what is different is changed (~), what is old goes (-).
 *
 * Errors: as ovnk8s_cni_install(). */
OVNK8S_API OVNK8S_MUST_CHECK int
ovnk8s_cni_install_preview(char **out, const ovnk8s_cni_install_options *options);

OVNK8S_END_DECLS

#endif /* cni.h */
