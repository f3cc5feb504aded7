/* Recording why a call fails, in the thread that fails.
 *
 * The place that finds out calls fail(), which gives the cause. Places above that know more about
 * what was going on add to the front of the line by fail_during(). The result reads like
 *
 *     adding node "n1": connecting to tcp:10.0.0.1:6641: Connection refused
 */

#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#include <ovnk8s/error.h>

#define PRINTF(FORMAT, FIRST) __attribute__((format(printf, FORMAT, FIRST)))

/* Starts a new failure: 'code' with the cause in 'format'. Returns 'code'. */
int fail(int code, const char *format, ...) PRINTF(2, 3);

/* Adds the context in 'format' before the message of the failure. 'stage' and 'object', either of
 * which may be NULL, are kept unless something nearer to the cause has set them. Returns 'code',
 * so that it can stand in a return statement. */
int fail_during(int code, const char *stage, const char *object, const char *format, ...)
    PRINTF(4, 5);

/* fail() for an error number of the system: picks the code that fits 'error_number'. */
int fail_errno(int error_number, const char *format, ...) PRINTF(2, 3);

/* fail(OVNK8S_NOMEM). */
int fail_nomem(void);

/* The story of this thread's latest failure, to be told again after something else has failed while
 * that one was cleaned up. */
struct failure_story {
    char message[1024];
    char stage[32];
    char object[256];
    char cause[512];
    int code;
};

struct failure_story failure_save(void);
void failure_restore(const struct failure_story *story);

/* Turns control characters into spaces, in place: messages quote hostile input and are one line. */
void one_line(char *text);

#endif /* error.h */
