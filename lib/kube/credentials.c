#include "kube/credentials.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"

#define SERVICE_ACCOUNT "/var/run/secrets/kubernetes.io/serviceaccount"

void kube_credentials_clear(struct kube_credentials *credentials)
{
    free(credentials->server);
    free(credentials->ca_certificate);
    free(credentials->token);
    free(credentials->token_file);
    free(credentials->client_certificate);
    free(credentials->client_key);
    free(credentials->tls_server_name);
    *credentials = (struct kube_credentials){0};
}

bool kube_is_pem(const char *value)
{
    return strstr(value, "-----BEGIN ") != NULL;
}

static char *join(const char *folder, const char *name)
{
    char *path;

    return asprintf(&path, "%s/%s", folder, name) < 0 ? NULL : path;
}

static char *service_url(const char *host, const char *port)
{
    const bool ipv6 = strchr(host, ':') != NULL;
    char *url;

    return asprintf(&url, ipv6 ? "https://[%s]:%s" : "https://%s:%s", host, port) < 0 ? NULL : url;
}

int kube_credentials_in_cluster(struct kube_credentials *out, const char *folder)
{
    const char *host = getenv("KUBERNETES_SERVICE_HOST");
    const char *port = getenv("KUBERNETES_SERVICE_PORT");

    *out = (struct kube_credentials){0};
    if (!host || !*host || !port || !*port) {
        return fail(OVNK8S_NOTFOUND, "not in a pod: KUBERNETES_SERVICE_HOST and"
                                     " KUBERNETES_SERVICE_PORT are not set");
    }
    folder = folder ? folder : SERVICE_ACCOUNT;
    out->server = service_url(host, port);
    out->token_file = join(folder, "token");
    out->ca_certificate = join(folder, "ca.crt");
    if (!out->server || !out->token_file || !out->ca_certificate) {
        kube_credentials_clear(out);
        return fail_nomem();
    }
    if (access(out->token_file, F_OK)) {
        fail(OVNK8S_NOTFOUND, "%s is missing: the pod has no service account", out->token_file);
        kube_credentials_clear(out);
        return OVNK8S_NOTFOUND;
    }
    return 0;
}
