/* An environment that is a value: the process's own, or one that a caller has made up. */

#ifndef BASE_ENV_H
#define BASE_ENV_H

/* Returns what 'environment', strings "KEY=VALUE" and a NULL, has for 'key'; NULL when it lacks it
 * or has an empty value for it. */
const char *env_get(const char *const *environment, const char *key);

#endif /* env.h */
