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

static int check_container_id(struct cni_call *call)
{
    enum { MOST = 255 };

    if (!cni_name_valid(call->container_id)) {
        snprintf(call->details, sizeof call->details, "%.128s", call->container_id);
        return cni_fail(CNI_BAD_ENV,
                        "invalid characters in containerID: CNI_CONTAINERID \"%.128s\""
                        " has others than letters, digits, '_', '.' and '-'",
                        call->container_id);
    }
    return strlen(call->container_id) <= MOST
               ? 0
               : cni_fail(CNI_BAD_ENV,
                          "CNI_CONTAINERID \"%.32s...\": expected at most %d characters",
                          call->container_id, MOST);
}

static int check_ifname(const char *ifname)
{
    enum { MOST = 15 };
    const char *expected = NULL;

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
    const struct {
        const char *name;
        const char **value;
        bool needed;
    } variables[] = {
        {"CNI_CONTAINERID", &call->container_id, needs->container_id},
        {"CNI_NETNS", &call->netns, needs->netns},
        {"CNI_IFNAME", &call->ifname, needs->ifname},
    };
    char missing[64] = "";
    size_t length = 0;
    int error = 0;

    for (size_t i = 0; i < COUNT_OF(variables); i++) {
        *variables[i].value = env_get(call->env, variables[i].name);
        if (variables[i].needed && !*variables[i].value) {
            length += (size_t)snprintf(missing + length, sizeof missing - length, "%s%s",
                                       length ? "," : "", variables[i].name);
        }
    }
    if (length) {
        return cni_fail(CNI_BAD_ENV, "required env variables [%s] missing", missing);
    }
    if (needs->container_id) {
        error = check_container_id(call);
    }
    return error || !needs->ifname ? error : check_ifname(call->ifname);
}
