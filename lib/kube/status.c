#include "kube/status.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/json.h"

static int code_of(int status, const char *reason)
{
    switch (status) {
    case 400:
    case 405:
    case 406:
    case 413:
    case 415:
    case 422:
        return OVNK8S_INVALID;
    case 401:
    case 403:
        return OVNK8S_PERMISSION;
    case 404:
        return OVNK8S_NOTFOUND;
    case 409:
        return reason && !strcmp(reason, "AlreadyExists") ? OVNK8S_EXISTS : OVNK8S_CONFLICT;
    case 410:
    case 412:
        return OVNK8S_CONFLICT;
    case 408:
    case 429:
        return OVNK8S_UNAVAILABLE;
    default:
        return status >= 500 && status < 600 ? OVNK8S_UNAVAILABLE : OVNK8S_PROTOCOL;
    }
}

/* Whether a patch was refused because it was meant for an earlier object of the same name. */
static bool is_about_uid(const cJSON *object)
{
    const cJSON *details = member_of(object, "details"), *cause;

    cJSON_ArrayForEach (cause, member_of(details, "causes")) {
        const char *field = text_of(cause, "field");

        if (field && !strcmp(field, "metadata.uid")) {
            return true;
        }
    }
    return false;
}

static int fail_status(int status, const cJSON *object, const char *body)
{
    const char *message = text_of(object, "message");
    const int code = status == 422 && is_about_uid(object)
                         ? OVNK8S_CONFLICT
                         : code_of(status, text_of(object, "reason"));

    if (message) {
        return fail(code, "%s (HTTP %d)", message, status);
    }
    /* Not from an API server, perhaps from a proxy: show how it begins. */
    return *body ? fail(code, "HTTP %d: %.200s", status, body) : fail(code, "HTTP %d", status);
}

int status_check(int status, const char *body)
{
    _cleanup_json_ cJSON *object = NULL;

    if (status >= 200 && status < 300) {
        return 0;
    }
    object = cJSON_Parse(body);
    return fail_status(status, object, body);
}

int status_check_object(const cJSON *object)
{
    const cJSON *code = member_of(object, "code");

    return fail_status(cJSON_IsNumber(code) ? code->valueint : 0, object, "");
}
