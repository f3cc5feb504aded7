/* What the runtime says in environment variables. */

#ifndef CNI_ENV_H
#define CNI_ENV_H

#include <stdbool.h>

#include "cni/call.h"

/* What a verb needs, besides CNI_COMMAND. */
struct cni_needs {
    bool container_id, netns, ifname, path;
};

/* Takes what the runtime says out of the environment into 'call'. All that is missing of what
 * 'needs' says is told in one error, with CNI_BAD_ENV like everything else that is wrong. Nothing
 * here reads CNI_PATH, but the reference library insists on it, and so do its tests. */
int cni_env_parse(struct cni_call *call, const struct cni_needs *needs);

/* The fields of CNI_ARGS, "KEY=VALUE;KEY=VALUE"; NULL stands for "". */
int cni_args_parse(const char *text, struct cni_args *args);

/* Whether what they say of a pod can be one of Kubernetes: it becomes part of a request to the API
 * server and of names in databases. Without Kubernetes a runtime may put any name of its own there,
 * as podman does. */
int cni_args_check_pod(const struct cni_args *args);

/* Whether 'name' is what the specification allows for a container id and for a network's name. */
bool cni_name_valid(const char *name);

#endif /* env.h */
