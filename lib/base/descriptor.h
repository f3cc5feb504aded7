/* File descriptors that are not those of the standard streams.
 *
 * A host may have closed descriptors 0 to 2. The kernel would give them to whatever is opened next,
 * and what somebody prints, then or a week later, would be sent to a server or written to a file of
 * the library's. */

#ifndef BASE_DESCRIPTOR_H
#define BASE_DESCRIPTOR_H

#include <stdbool.h>

/* Returns 'fd', or, when it is one of the first three, another descriptor of the same, which closes
 * on exec, in its place. -1 stays so; -1, with errno, also when there is no other. */
int descriptor_aside(int fd);

/* Takes those of the first three that are free, around calls of others that open something to
 * keep. */
struct descriptor_guard {
    bool taken[3];
};

struct descriptor_guard descriptors_take(void);
void descriptors_give_back(const struct descriptor_guard *guard);

#endif /* descriptor.h */
