/* Where an API server is and what to show it, as collected from one source.
 *
 * Each loader reads one source and knows nothing of the others; who may overrule whom is decided
 * by the caller. */

#ifndef KUBE_CREDENTIALS_H
#define KUBE_CREDENTIALS_H

#include <stdbool.h>

/* Every string is NULL or allocated. Certificates and keys are paths or PEM texts. */
struct kube_credentials {
    char *server;
    char *ca_certificate;
    char *token;
    char *token_file; /* Goes before 'token'. */
    char *client_certificate;
    char *client_key;
    char *tls_server_name;
    bool insecure_skip_tls_verify;
};

/* Frees the strings and sets all to nothing. */
void kube_credentials_clear(struct kube_credentials *credentials);

/* Fills '*out' from the kubeconfig file 'path': from its 'context', or from its current-context
 * when that is NULL. Paths in it that are relative are relative to its folder.
 *
 * Fails with OVNK8S_INVALID when it is malformed, lacks the context, cluster or user, or has a user
 * that needs a program to be executed; with the error of the system when it cannot be read. Then
 * '*out' is empty. */
int kube_credentials_from_kubeconfig(struct kube_credentials *out, const char *path,
                                     const char *context);

/* Fills '*out' from the service account of the pod that the process runs in: the environment
 * variables KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT, and the files "token" and "ca.crt"
 * in 'folder' (NULL: where Kubernetes puts them). Fails with OVNK8S_NOTFOUND outside of a pod. */
int kube_credentials_in_cluster(struct kube_credentials *out, const char *folder);

/* Whether 'value' is PEM text rather than a path. */
bool kube_is_pem(const char *value);

#endif /* credentials.h */
