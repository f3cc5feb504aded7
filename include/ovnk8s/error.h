/* Errors.
 *
 * A call that can fail returns 0, or a negative enum ovnk8s_error that a program can act on. The
 * rest of the story, one line that a person can act on, is kept per thread: ovnk8s_last_error()
 * gives it until the next failing call of the same thread.
 *
 *     int error = ovnk8s_plan_apply(plan, nb, NULL);
 *     if (error == OVNK8S_CONFLICT) ...
 *     fprintf(stderr, "%s\n", ovnk8s_last_error()->message);
 *
 * Thread rule: every function here may be called from any thread at any time. */

#ifndef OVNK8S_ERROR_H
#define OVNK8S_ERROR_H

#include <ovnk8s/common.h>

OVNK8S_BEGIN_DECLS

/* The closed set of reasons. Numbers are part of the ABI and never change their meaning. */
enum ovnk8s_error {
    OVNK8S_OK = 0,           /* Nothing failed. */
    OVNK8S_INVALID = -1,     /* An argument, option or input is malformed or contradicts another. */
    OVNK8S_NOMEM = -2,       /* Memory ran out. */
    OVNK8S_EXISTS = -3,      /* It exists, and differs from what was asked for or is not ours. */
    OVNK8S_NOTFOUND = -4,    /* What the call works on does not exist. */
    OVNK8S_CONFLICT = -5,    /* Other writers were faster each time. */
    OVNK8S_EXHAUSTED = -6,   /* No address, subnet or tag is left. */
    OVNK8S_TIMEOUT = -7,     /* The deadline passed. */
    OVNK8S_UNAVAILABLE = -8, /* A server cannot be reached or does not serve. */
    OVNK8S_PERMISSION = -9,  /* The kernel or a server refused for lack of rights. */
    OVNK8S_CANCELLED = -10,  /* ovnk8s_cancel_trigger() was called. */
    OVNK8S_UNSUPPORTED = -11, /* A server is too old or lacks a table or column. */
    OVNK8S_PROTOCOL = -12,    /* A server's answer makes no sense. */
    OVNK8S_SYSTEM = -13,      /* A system call failed for another reason. */
};

/* The story of a failure. All strings are never NULL; those not known are empty. */
typedef struct ovnk8s_failure {
    int code;            /* The enum ovnk8s_error that the call returned; 0: nothing failed yet. */
    const char *message; /* One line: what was being done, to which object, why it failed. */
    const char *stage;   /* The step that failed: "connect", "read", "commit", "flows", ... */
    const char *object;  /* What it was done to: a node, a pod, a file, a remote. */
    const char *cause;   /* The innermost reason alone, such as "Connection refused". */
} ovnk8s_failure;

/* Returns the failure of this thread's latest failed call. Owned by the library and valid until
 * the next call of the library in this thread that fails. */
OVNK8S_API const ovnk8s_failure *ovnk8s_last_error(void);

/* Returns the name of 'error' without its prefix, such as "CONFLICT": a constant string;
 * "UNKNOWN" for a number that is not in enum ovnk8s_error. */
OVNK8S_API const char *ovnk8s_error_name(int error);

OVNK8S_END_DECLS

#endif /* error.h */
