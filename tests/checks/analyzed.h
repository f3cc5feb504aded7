/* Read before each source that the analyzer looks through: it sees one file at a time, and needs to
 * know that what records a failure never returns 0, the code of success. */
#include "base/error.h"

#define NOT_0(CALL)                                                                                \
    ({                                                                                             \
        const int code_ = (CALL);                                                                  \
        if (!code_) {                                                                              \
            __builtin_unreachable();                                                               \
        }                                                                                          \
        code_;                                                                                     \
    })
#define fail(...) NOT_0(fail(__VA_ARGS__))
#define fail_during(...) NOT_0(fail_during(__VA_ARGS__))
#define fail_errno(...) NOT_0(fail_errno(__VA_ARGS__))
#define fail_nomem() NOT_0(fail_nomem())
