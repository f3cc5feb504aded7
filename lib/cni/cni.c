#include <ovnk8s/cni.h>

#include <string.h>

#include "base/env.h"
#include "base/mem.h"
#include "cni/answer.h"
#include "cni/call.h"
#include "cni/config.h"
#include "cni/env.h"
#include "cni/log.h"
#include "cni/wishes.h"
#include "node/settings.h"

/* A pod's port and annotation may take a while to come; runtimes wait for minutes. Everything else
 * is there or is not. */
#define ADD_TIMEOUT "60"

static int open_settings(struct cni_call *call)
{
    /* An MTU that nobody has set is what fits into a tunnel. */
    if (settings_new(&call->settings, call->env) ||
        settings_set_default(call->settings, "mtu", NULL) ||
        (!strcmp(call->command, "ADD") &&
         settings_set_default(call->settings, "timeout", ADD_TIMEOUT))) {
        return CNI_INTERNAL;
    }
    ovnk8s_settings_set_cancel(call->settings, call->cancel);
    return cni_config_settings(call);
}

/* Answers even when the input is none: runtimes ask before they have a configuration. */
static int tell_versions(struct cni_call *call)
{
    cJSON *config = call->input ? cJSON_Parse(call->input) : NULL;
    const char *version = cJSON_GetStringValue(cni_find(config, "cniVersion"));

    cni_write_versions(&call->output, version && *version ? version : cni_newest_version());
    cJSON_Delete(config);
    return 0;
}

struct verb {
    const char *command;
    struct cni_needs needs;
    const char *since; /* The first version of the specification that has it; NULL: all have. */
    int (*run)(struct cni_call *);
};

/* DEL looks at no more than it needs, so that nothing else can make a clean-up fail. */
static const struct verb verbs[] = {
    {"ADD", {.container_id = true, .netns = true, .ifname = true, .path = true}, NULL, cni_add},
    {"DEL", {.container_id = true, .ifname = true, .path = true}, NULL, cni_delete},
    {"CHECK",
     {.container_id = true, .netns = true, .ifname = true, .path = true},
     "0.4.0",
     cni_check},
    {"GC", {.path = true}, "1.1.0", cni_gc},
    {"STATUS", {.path = true}, "1.1.0", cni_status},
};

static const struct verb *find_verb(const char *command)
{
    for (size_t i = 0; i < COUNT_OF(verbs); i++) {
        if (!strcmp(verbs[i].command, command)) {
            return &verbs[i];
        }
    }
    return NULL;
}

/* In the order in which the reference library looks at things. */
static int run_verb(struct cni_call *call)
{
    static const struct cni_needs nothing;
    const struct verb *verb = find_verb(call->command);
    int error = cni_env_parse(call, verb ? &verb->needs : &nothing);

    error = error ? error : cni_config_decode(call);
    if (!error && !verb) {
        error = cni_fail(CNI_BAD_ENV, "unknown CNI_COMMAND: %.80s", call->command);
    }
    error = error ? error : cni_config_check_version(call, verb->since);
    error = error ? error : open_settings(call);
    error = error ? error : verb->run(call);
    if (call->settings) {
        cni_log(call, error);
    }
    return error;
}

static int run(struct cni_call *call)
{
    call->command = env_get(call->env, "CNI_COMMAND");
    if (!call->command) {
        return cni_fail(CNI_BAD_ENV, "required env variables [CNI_COMMAND] missing");
    }
    return strcmp(call->command, "VERSION") ? run_verb(call) : tell_versions(call);
}

/* containerd takes a DEL that fails with one of these for one that has nothing left to do, and lets
 * what is still there leak. Nothing that this plugin fails with means that. */
static void reword(char *text)
{
    static const char *const words[][2] = {
        {"not found", "not there"},
        {"no such file or directory", "missing file or directory"},
    };

    for (size_t i = 0; i < COUNT_OF(words); i++) {
        for (char *at = text; (at = strcasestr(at, words[i][0]));) {
            memcpy(at, words[i][1], strlen(words[i][1]));
        }
    }
}

static void write_error(struct cni_call *call, int code)
{
    char message[1024];

    if (!*call->details) {
        cni_times_text(&call->times, call->details, sizeof call->details);
    }
    snprintf(message, sizeof message, "%s", ovnk8s_last_error()->message);
    if (call->command && !strcmp(call->command, "DEL")) {
        reword(message);
        reword(call->details);
    }
    text_clear(&call->output);
    cni_write_error(&call->output, call->version, code, message, call->details);
}

int ovnk8s_cni_run(const char *const *environment, const char *input, ovnk8s_cancel *cancel,
                   char **output)
{
    struct cni_call call = {
        .env = environment, .input = input, .cancel = cancel, .version = cni_newest_version()};
    int code = run(&call);

    if (code) {
        write_error(&call, code);
    }
    cni_wishes_clear(&call.wishes);
    cJSON_Delete(call.config);
    ovnk8s_settings_free(call.settings);
    return text_take(&call.output, output) || code ? 1 : 0;
}
