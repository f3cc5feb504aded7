#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>

void log_line(const struct log *log, enum ovnk8s_log_level level, const char *format, ...)
{
    char line[1280];
    va_list args;

    if (!log->fn) {
        return;
    }
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    one_line(line);
    log->fn(level, line, log->payload);
}
