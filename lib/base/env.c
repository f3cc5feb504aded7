#include "base/env.h"

#include <stddef.h>
#include <string.h>

const char *env_get(const char *const *environment, const char *key)
{
    const size_t length = strlen(key);

    for (; environment && *environment; environment++) {
        const char *entry = *environment;

        if (!strncmp(entry, key, length) && entry[length] == '=') {
            return entry[length + 1] ? entry + length + 1 : NULL;
        }
    }
    return NULL;
}
