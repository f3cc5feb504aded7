#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Fixed room, so that a failure for lack of memory can be told too. */
static _Thread_local struct failure_story text;
static _Thread_local ovnk8s_failure last;

struct failure_story failure_save(void)
{
    return text;
}

void failure_restore(const struct failure_story *story)
{
    text = *story;
}

const ovnk8s_failure *ovnk8s_last_error(void)
{
    last.code = text.code;
    last.message = text.message;
    last.stage = text.stage;
    last.object = text.object;
    last.cause = text.cause;
    return &last;
}

const char *ovnk8s_error_name(int error)
{
    static const char *const names[] = {
        "OK",      "INVALID",     "NOMEM",      "EXISTS",    "NOTFOUND",    "CONFLICT", "EXHAUSTED",
        "TIMEOUT", "UNAVAILABLE", "PERMISSION", "CANCELLED", "UNSUPPORTED", "PROTOCOL", "SYSTEM",
    };
    const int count = sizeof names / sizeof *names;

    return error <= 0 && error > -count ? names[-error] : "UNKNOWN";
}

void one_line(char *line)
{
    for (; *line; line++) {
        if ((unsigned char)*line < ' ' || *line == 0x7f) {
            *line = ' ';
        }
    }
}

static int fail_valist(int code, const char *format, va_list args)
{
    memset(&text, 0, sizeof text);
    vsnprintf(text.cause, sizeof text.cause, format, args);
    one_line(text.cause);
    memcpy(text.message, text.cause, sizeof text.cause);
    text.code = code;
    return code;
}

int fail(int code, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    fail_valist(code, format, args);
    va_end(args);
    return code;
}

static void keep_first(char *kept, size_t size, const char *value)
{
    if (!*kept && value) {
        snprintf(kept, size, "%s", value);
        one_line(kept);
    }
}

int fail_during(int code, const char *stage, const char *object, const char *format, ...)
{
    char context[384];
    char message[sizeof text.message - sizeof context - 3];
    va_list args;

    va_start(args, format);
    vsnprintf(context, sizeof context, format, args);
    va_end(args);
    one_line(context);
    snprintf(message, sizeof message, "%.*s", (int)sizeof message - 1, text.message);
    snprintf(text.message, sizeof text.message, "%s: %s", context, message);
    keep_first(text.stage, sizeof text.stage, stage);
    keep_first(text.object, sizeof text.object, object);
    text.code = code;
    return code;
}

static int code_of_errno(int error_number)
{
    switch (error_number) {
    case ENOMEM:
    case ENOBUFS:
        return OVNK8S_NOMEM;
    case EPERM:
    case EACCES:
        return OVNK8S_PERMISSION;
    case ENOENT:
    case ENODEV:
    case ESRCH:
        return OVNK8S_NOTFOUND;
    case EEXIST:
        return OVNK8S_EXISTS;
    case ETIMEDOUT:
        return OVNK8S_TIMEOUT;
    case ECONNREFUSED:
    case ECONNRESET:
    case EPIPE:
    case EHOSTUNREACH:
    case ENETUNREACH:
        return OVNK8S_UNAVAILABLE;
    default:
        return OVNK8S_SYSTEM;
    }
}

int fail_errno(int error_number, const char *format, ...)
{
    char what[384];
    va_list args;

    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    return fail(code_of_errno(error_number), "%s: %s", what, strerrordesc_np(error_number));
}

int fail_nomem(void)
{
    return fail(OVNK8S_NOMEM, "out of memory");
}
