#include <ovnk8s/cni.h>

#include <stdarg.h>
#include <string.h>

#include "base/env.h"
#include "base/mem.h"
#include "cni/call.h"
#include "cni/config.h"
#include "cni/env.h"
#include "cni/log.h"
#include "cni/result.h"
#include "node/settings.h"

int cni_fail(enum cni_code code, const char *format, ...)
{
    char message[512];
    va_list args;

    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    fail(OVNK8S_INVALID, "%s", message);
    return (int)code;
}

static int open_settings(struct cni_call *call)
{
    if (settings_new(&call->settings, call->env)) {
        return CNI_INTERNAL;
    }
    ovnk8s_settings_set_cancel(call->settings, call->cancel);
    return cni_config_settings(call);
}

int cni_open_vswitch(struct cni_call *call, ovnk8s_vswitch **out)
{
    cni_stage(call, "vswitch");
    if (ovnk8s_settings_read_file(call->settings)) {
        return CNI_BAD_CONFIG;
    }
    return ovnk8s_settings_open_vswitch(call->settings, out) ? CNI_VSWITCH : 0;
}

int cni_code_of_plug(void)
{
    static const struct {
        const char *stage;
        enum cni_code code;
    } codes[] = {
        {"flows", CNI_FLOWS},      {"ovs-port", CNI_VSWITCH}, {"connect", CNI_VSWITCH},
        {"transact", CNI_VSWITCH}, {"commit", CNI_VSWITCH},   {"read", CNI_VSWITCH},
    };
    const char *stage = ovnk8s_last_error()->stage;

    for (size_t i = 0; i < COUNT_OF(codes); i++) {
        if (!strcmp(codes[i].stage, stage)) {
            return (int)codes[i].code;
        }
    }
    return CNI_CONTAINER;
}

/* Answers even when the input is none: runtimes ask before they have a configuration. */
static int tell_versions(struct cni_call *call)
{
    cJSON *config = call->input ? cJSON_Parse(call->input) : NULL;
    const char *version = cJSON_GetStringValue(cJSON_GetObjectItem(config, "cniVersion"));

    cni_write_versions(&call->output, version && *version ? version : cni_newest_version());
    cJSON_Delete(config);
    return 0;
}

static int run_configured(struct cni_call *call, int (*verb)(struct cni_call *))
{
    int error = cni_config_parse(call);

    error = error ? error : open_settings(call);
    error = error ? error : verb(call);
    if (call->settings) {
        cni_log(call, error);
    }
    return error;
}

static int add(struct cni_call *call)
{
    static const struct cni_needs needs = {true, true, true};
    int error = cni_env_parse(call, &needs);

    error = error ? error : cni_args_parse(env_get(call->env, "CNI_ARGS"), &call->args);
    return error ? error : run_configured(call, cni_add);
}

/* Looks at no more than it needs, so that nothing else can make a clean-up fail. */
static int del(struct cni_call *call)
{
    static const struct cni_needs needs = {true, false, true};
    const int error = cni_env_parse(call, &needs);

    return error ? error : run_configured(call, cni_delete);
}

static int run(struct cni_call *call)
{
    static const struct {
        const char *command;
        int (*run)(struct cni_call *);
    } verbs[] = {{"ADD", add}, {"DEL", del}, {"VERSION", tell_versions}};

    call->command = env_get(call->env, "CNI_COMMAND");
    if (!call->command) {
        return cni_fail(CNI_BAD_ENV, "required env variables [CNI_COMMAND] missing");
    }
    for (size_t i = 0; i < COUNT_OF(verbs); i++) {
        if (!strcmp(verbs[i].command, call->command)) {
            return verbs[i].run(call);
        }
    }
    return cni_fail(CNI_BAD_ENV, "unknown CNI_COMMAND: %.80s", call->command);
}

static void write_error(struct cni_call *call, int code)
{
    if (!*call->details) {
        cni_times_text(&call->times, call->details, sizeof call->details);
    }
    text_clear(&call->output);
    cni_write_error(&call->output, call->version, code, ovnk8s_last_error()->message,
                    call->details);
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
    cJSON_Delete(call.config);
    ovnk8s_settings_free(call.settings);
    return text_take(&call.output, output) || code ? 1 : 0;
}
