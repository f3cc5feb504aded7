/* Options structs that may be of another version than ours.
 *
 * Each begins with its size as the caller knew it. A smaller one is completed with defaults; the
 * tail of a larger one must be zero, since we cannot honour what we do not know. */

#ifndef BASE_OPTIONS_H
#define BASE_OPTIONS_H

#include <stddef.h>

/* Copies 'theirs', which may be NULL, over the defaults in 'ours', whose size is 'size'. Fails with
 * OVNK8S_INVALID when 'theirs' has no plausible size or something in its tail. */
int options_take(void *ours, size_t size, const void *theirs);

#endif /* options.h */
