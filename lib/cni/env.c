#include "cni/env.h"

#include <string.h>

#include "base/env.h"
#include "base/mem.h"

static bool is_alphanumeric(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool cni_name_valid(const char *name)
{
    if (!is_alphanumeric(*name)) {
        return false;
    }
    while (is_alphanumeric(*name) || (*name && strchr("_.-", *name))) {
        name++;
    }
    return !*name;
}

static int check_container_id(struct cni_call *call, const char *id)
{
    enum { MOST = 255 };

    if (!cni_name_valid(id)) {
        snprintf(call->details, sizeof call->details, "%.128s", id);
        return cni_fail(CNI_BAD_ENV,
                        "invalid characters in containerID: CNI_CONTAINERID \"%.128s\""
                        " has others than letters, digits, '_', '.' and '-'",
                        id);
    }
    return strlen(id) <= MOST
               ? 0
               : cni_fail(CNI_BAD_ENV,
                          "CNI_CONTAINERID \"%.32s...\": expected at most %d characters", id, MOST);
}

static int check_ifname(struct cni_call *call, const char *ifname)
{
    enum { MOST = 15 };
    const char *expected = NULL;

    (void)call;
    if (strlen(ifname) > MOST) {
        expected = "interface name is too long: expected at most 15 characters";
    } else if (!strcmp(ifname, ".") || !strcmp(ifname, "..")) {
        expected = "interface name is . or ..";
    }
    for (const char *c = ifname; !expected && *c; c++) {
        if (*c == '/' || *c == ':' || (unsigned char)*c <= ' ' || *c == 0x7f) {
            expected = "interface name contains / or : or whitespace characters";
        }
    }
    return expected ? cni_fail(CNI_BAD_ENV, "CNI_IFNAME \"%.64s\": %s", ifname, expected) : 0;
}

int cni_env_parse(struct cni_call *call, const struct cni_needs *needs)
{
    const char *path;
    const struct {
        const char *name;
        const char **value;
        bool needed;
        int (*check)(struct cni_call *, const char *);
    } variables[] = {
        {"CNI_CONTAINERID", &call->container_id, needs->container_id, check_container_id},
        {"CNI_NETNS", &call->netns, needs->netns, NULL},
        {"CNI_IFNAME", &call->ifname, needs->ifname, check_ifname},
        {"CNI_PATH", &path, needs->path, NULL},
    };
    char missing[64] = "";
    size_t length = 0;

    for (size_t i = 0; i < COUNT_OF(variables); i++) {
        const char *value = *variables[i].value = env_get(call->env, variables[i].name);

        if (variables[i].needed && !value) {
            length += (size_t)snprintf(missing + length, sizeof missing - length, "%s%s",
                                       length ? "," : "", variables[i].name);
        } else if (variables[i].needed && variables[i].check && variables[i].check(call, value)) {
            return CNI_BAD_ENV;
        }
    }
    return length ? cni_fail(CNI_BAD_ENV, "required env variables [%s] missing", missing) : 0;
}
