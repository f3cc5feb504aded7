/* The CNI plugin as a function, and its installation.
 *
 * Implements ADD, DEL and VERSION of the Container Network Interface specification 0.3.1, with the
 * addresses that the annotation "ovn" of the pod says. */

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
 * result or the error object, possibly empty; NULL when memory ran out. 'cancel' may be NULL.
 *
 * Returns the exit code: 0 on success, otherwise 1, with the error object in '*output'.
 *
 * ADD waits for the annotation of the pod that CNI_ARGS names (K8S_POD_NAMESPACE, K8S_POD_NAME and,
 * if it is there, K8S_POD_UID). DEL needs neither a pod nor a namespace nor an API server.
 *
 * Keys of the configuration, all optional: "ovs", "nb", "timeout" (seconds), "mtu", "logFile",
 * "kubeconfig", "config": as the settings of these names, see settings.h; "logFile" is "log-path",
 * a file to which each call appends a line that tells where its time went.
 *
 * Codes in the error object, besides those of the specification (1, 4, 5, 6 and 7; 8: CNI_NETNS is
 * the plugin's own namespace; 999: memory ran out): 100: the pod does not exist; 101: it has no
 * annotation; 102: the annotation is malformed; 103: Open vSwitch cannot be reached or refuses;
 * 104: the flows did not come; 105: the API server cannot be reached or refuses; 106: the
 * interface in the container cannot be made or removed.
 *
 * Thread rule: may be called from several threads at once.
 *
 * Source: the CNI specification, 0.3.1; error codes of 1.0.0. */
OVNK8S_API int ovnk8s_cni_run(const char *const *environment, const char *input,
                              ovnk8s_cancel *cancel, char **output);

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

/* Makes the plugin known to container runtimes: writes 10-ovn-kubernetes.conf, whose network is
 * named "ovn-kubernetes", and links the executable into the plugins' folder. Folders are made when
 * they are missing. What is as it should be is left alone, and so are other keys of the
 * configuration; a file is replaced in one piece.
 *
 * Errors: OVNK8S_INVALID (no plugin given; it is no executable file), OVNK8S_NOTFOUND ('plugin'
 * does not exist), OVNK8S_EXISTS (something other than a link has the name of the link, or than a
 * file that of the configuration), OVNK8S_PERMISSION, OVNK8S_SYSTEM, OVNK8S_NOMEM. */
OVNK8S_API OVNK8S_MUST_CHECK int ovnk8s_cni_install(const ovnk8s_cni_install_options *options);

/* Writes what ovnk8s_cni_install() would change now as text for people into '*out', to be freed by
 * ovnk8s_free(); "" when nothing. Changes nothing itself. For example:
 *
 *     + link /opt/cni/bin/ovn-k8s-cni-overlay to /usr/bin/ovn-k8s-cni-overlay
 *     ~ file /etc/cni/net.d/10-ovn-kubernetes.conf
 *
 * What is missing comes (+), what is different is changed (~).
 *
 * Errors: as ovnk8s_cni_install(). */
OVNK8S_API OVNK8S_MUST_CHECK int
ovnk8s_cni_install_preview(char **out, const ovnk8s_cni_install_options *options);

OVNK8S_END_DECLS

#endif /* cni.h */
