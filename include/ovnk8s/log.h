/* What the library wants to tell besides errors: it never prints, it calls a function of yours.
 *
 * A sink is given in the options of the object whose doings it shall receive; there is no global
 * one. It is called in the thread that called the library and must not call back into the same
 * object. */

#ifndef OVNK8S_LOG_H
#define OVNK8S_LOG_H

#include <ovnk8s/common.h>

OVNK8S_BEGIN_DECLS

/* How much a line matters. */
enum ovnk8s_log_level {
    OVNK8S_LOG_ERROR = 1, /* Something failed that nobody will try again. */
    OVNK8S_LOG_WARN = 2,  /* Something failed and will be tried again, or was unexpected. */
    OVNK8S_LOG_INFO = 3,  /* Something that an operator wants to find in a log. */
    OVNK8S_LOG_DEBUG = 4, /* For the developer. */
};

/* Receives one line without a newline. 'message' is valid during the call only. */
typedef void ovnk8s_log_fn(enum ovnk8s_log_level level, const char *message, void *payload);

OVNK8S_END_DECLS

#endif /* log.h */
