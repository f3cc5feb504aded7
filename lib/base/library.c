#include "base/library.h"

#include <dlfcn.h>
#include <stdio.h>

static bool refuse(char reason[static LIBRARY_REASON])
{
    const char *error = dlerror();

    snprintf(reason, LIBRARY_REASON, "%s", error ? error : "unknown error");
    return false;
}

bool library_load(const char *file, int flags, const struct library_function *functions, size_t n,
                  char reason[static LIBRARY_REASON])
{
    void *library = dlopen(file, flags | RTLD_LOCAL | RTLD_NODELETE);

    if (!library) {
        return refuse(reason);
    }
    for (size_t i = 0; i < n; i++) {
        void *function = dlsym(library, functions[i].name);

        if (!function) {
            return refuse(reason);
        }
        *(void **)functions[i].place = function;
    }
    return true;
}
