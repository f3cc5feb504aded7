/* Where an object of the library sends its log lines: the caller's function, or nowhere. */

#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <ovnk8s/log.h>

#include "base/error.h"

struct log {
    ovnk8s_log_fn *fn;
    void *payload;
};

void log_line(const struct log *log, enum ovnk8s_log_level level, const char *format, ...)
    PRINTF(3, 4);

#endif /* log.h */
