/* The CNI plugin as a function, and its installation.
 *
 * Implements ADD, DEL and VERSION of the Container Network Interface specification 0.3.1, with the
 * addresses that the annotation "ovn" of the pod says. */

#ifndef OVNK8S_CNI_H
#define OVNK8S_CNI_H

#include <ovnk8s/cancel.h>
#include <ovnk8s/common.h>

OVNK8S_BEGIN_DECLS

/* Does what a CNI plugin does when it is executed.
 *
 * 'environment' are strings "KEY=VALUE" and a NULL, as in environ; 'input' is the network
 * configuration, what a plugin reads from standard input. '*output', to be freed by ovnk8s_free(),
 * becomes what a plugin writes to standard output: the result or the error object, possibly empty.
 * 'cancel' may be NULL.
 *
 * Returns the exit code: 0 on success, otherwise 1, with the error object in '*output'.
 *
 * Keys of the configuration, all optional: "ovs", "nb", "timeout" (seconds), "mtu", "logFile",
 * "kubeconfig", "config": as the settings of these names, see settings.h.
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
    unsigned int mtu;      /* For the interfaces of pods; 0: left out. */
} ovnk8s_cni_install_options;

#define OVNK8S_CNI_INSTALL_OPTIONS_INIT                                                            \
    {                                                                                              \
        sizeof(ovnk8s_cni_install_options), NULL, NULL, NULL, 0                                    \
    }

/* The macro as a function, for bindings. */
OVNK8S_API void ovnk8s_cni_install_options_init(ovnk8s_cni_install_options *options);

/* Makes the plugin known to container runtimes: writes 10-ovn-kubernetes.conf, whose network is
 * named "ovn-kubernetes", and links the executable into the plugins' folder. Folders are made when
 * they are missing. What is as it should be is left alone; a file is replaced in one piece.
 *
 * Errors: OVNK8S_INVALID (no plugin given), OVNK8S_NOTFOUND ('plugin' does not exist),
 * OVNK8S_EXISTS (something that is not a link has the name of the link), OVNK8S_PERMISSION,
 * OVNK8S_SYSTEM, OVNK8S_NOMEM. */
OVNK8S_API OVNK8S_MUST_CHECK int ovnk8s_cni_install(const ovnk8s_cni_install_options *options);

OVNK8S_END_DECLS

#endif /* cni.h */
