#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "cni/env.h"
#include "topology/names.h"

/* A pair of CNI_ARGS. */
struct pair {
    const char *key, *value;
    size_t key_length, value_length;
};

static bool pair_is(const struct pair *pair, const char *key)
{
    return strlen(key) == pair->key_length && !memcmp(key, pair->key, pair->key_length);
}

static bool value_is(const struct pair *pair, const char *value)
{
    return strlen(value) == pair->value_length &&
           !strncasecmp(value, pair->value, pair->value_length);
}

/* Splits the first pair off '*text'. */
static int next_pair(const char **text, struct pair *out)
{
    const size_t length = strcspn(*text, ";");
    const char *equals = memchr(*text, '=', length);

    if (!equals || memchr(equals + 1, '=', length - (size_t)(equals + 1 - *text))) {
        return cni_fail(CNI_BAD_ENV, "CNI_ARGS: invalid pair \"%.*s\": expected KEY=VALUE",
                        length > 80 ? 80 : (int)length, *text);
    }
    out->key = *text;
    out->key_length = (size_t)(equals - *text);
    out->value = equals + 1;
    out->value_length = length - out->key_length - 1;
    *text += length;
    return 0;
}

static int take_switch(const struct pair *pair, bool *out)
{
    *out = value_is(pair, "1") || value_is(pair, "true");
    return *out || value_is(pair, "0") || value_is(pair, "false")
               ? 0
               : cni_fail(CNI_BAD_ENV, "CNI_ARGS: IgnoreUnknown \"%.*s\": expected true or false",
                          pair->value_length > 80 ? 80 : (int)pair->value_length, pair->value);
}

static int take_value(const struct pair *pair, char *out)
{
    if (pair->value_length > CNI_ARG_LENGTH) {
        return cni_fail(CNI_BAD_ENV, "CNI_ARGS: %.*s \"%.32s...\": expected at most %d characters",
                        (int)pair->key_length, pair->key, pair->value, CNI_ARG_LENGTH);
    }
    memcpy(out, pair->value, pair->value_length);
    out[pair->value_length] = '\0';
    return 0;
}

/* What is not known, of the pairs so far. */
struct unknown {
    bool ignored;
    char pairs[256]; /* "A=1" "B=2", perhaps cut. */
    size_t length;
};

static void remember(struct unknown *unknown, const struct pair *pair)
{
    const size_t room = sizeof unknown->pairs - unknown->length;
    const int length =
        snprintf(unknown->pairs + unknown->length, room, "%s\"%.*s\"", unknown->length ? " " : "",
                 (int)(pair->key_length + 1 + pair->value_length), pair->key);

    unknown->length += length < 0 || (size_t)length >= room ? room - 1 : (size_t)length;
}

static int take_pair(const struct pair *pair, struct cni_args *args, struct unknown *unknown)
{
    const struct {
        const char *key;
        char *value;
    } fields[] = {
        {"K8S_POD_NAMESPACE", args->pod_namespace},
        {"K8S_POD_NAME", args->pod},
        {"K8S_POD_UID", args->uid},
        {"MAC", args->mac},
        {"IP", args->ip},
    };

    for (size_t i = 0; i < COUNT_OF(fields); i++) {
        if (pair_is(pair, fields[i].key)) {
            return take_value(pair, fields[i].value);
        }
    }
    if (pair_is(pair, "IgnoreUnknown")) {
        return take_switch(pair, &unknown->ignored);
    }
    if (!pair_is(pair, "K8S_POD_INFRA_CONTAINER_ID")) {
        remember(unknown, pair);
    }
    return 0;
}

static int check_uid(const char *uid)
{
    return !*uid || cni_name_valid(uid)
               ? 0
               : cni_fail(CNI_BAD_ENV,
                          "CNI_ARGS: K8S_POD_UID \"%.80s\": expected letters, digits and dashes",
                          uid);
}

int cni_args_check_pod(const struct cni_args *args)
{
    if (*args->pod_namespace &&
        check_dns_label("CNI_ARGS: K8S_POD_NAMESPACE", args->pod_namespace)) {
        return CNI_BAD_ENV;
    }
    if (*args->pod && check_dns_name("CNI_ARGS: K8S_POD_NAME", args->pod)) {
        return CNI_BAD_ENV;
    }
    return check_uid(args->uid);
}

int cni_args_parse(const char *text, struct cni_args *args)
{
    struct unknown unknown = {0};

    *args = (struct cni_args){0};
    while (text && *text) {
        struct pair pair = {0};
        int error = next_pair(&text, &pair);

        error = error ? error : take_pair(&pair, args, &unknown);
        if (error) {
            return error;
        }
        if (*text && !*++text) {
            return cni_fail(CNI_BAD_ENV, "CNI_ARGS: invalid pair \"\" after the last semicolon");
        }
    }
    if (*unknown.pairs && !unknown.ignored) {
        return cni_fail(CNI_BAD_ENV, "CNI_ARGS: unknown args [%s], and no IgnoreUnknown=true",
                        unknown.pairs);
    }
    return 0;
}
