#include "base/options.h"

#include <string.h>

#include "base/error.h"

int options_take(void *ours, size_t size, const void *theirs)
{
    enum { MOST = 4096 };
    size_t their_size;

    if (!theirs) {
        return 0;
    }
    memcpy(&their_size, theirs, sizeof their_size);
    if (their_size < sizeof their_size || their_size > MOST) {
        return fail(OVNK8S_INVALID, "options: size %zu: set the struct up by its _INIT macro",
                    their_size);
    }
    for (size_t i = size; i < their_size; i++) {
        if (((const unsigned char *)theirs)[i]) {
            return fail(OVNK8S_INVALID,
                        "options: set at offset %zu, which this version (%zu bytes)"
                        " does not know",
                        i, size);
        }
    }
    memcpy(ours, theirs, their_size < size ? their_size : size);
    memcpy(ours, &size, sizeof size);
    return 0;
}
