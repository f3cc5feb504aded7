/* Many requests to the kernel in one system call.
 *
 * The kernel does them one after the other before the call returns: a process that is killed has
 * done all of them or none, and nothing else happens in between but packets. */

#ifndef NET_BATCH_H
#define NET_BATCH_H

#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

struct netns;

/* One that could not get memory stays in that state, and fails when it is sent. */
struct batch {
    struct text bytes;  /* Requests, each beginning with a struct nlmsghdr. */
    struct text abouts; /* An array of pointers: what each is about. */
    size_t n;
    size_t last; /* Where in 'bytes' the latest request begins. */
};

/* Begins a request about 'about', which is handed to those who ask why it failed. */
void batch_begin(struct batch *batch, int type, int flags, const void *header, size_t size,
                 const void *about);

/* Adds bytes to the latest request, and fills up to a multiple of 4. */
void batch_put(struct batch *batch, const void *bytes, size_t size);
void batch_put_attribute(struct batch *batch, int type, const void *value, size_t size);

/* The latest request, to be changed until the next bytes are added; NULL when memory ran out. */
struct nlmsghdr *batch_latest(struct batch *batch);

const struct nlmsghdr *batch_message(const struct batch *batch, size_t offset);
const void *batch_about(const struct batch *batch, size_t i);

void batch_clear(struct batch *batch);
#define _cleanup_batch_ __attribute__((cleanup(batch_clear)))

/* Sends all requests and reads the verdict on each. What is to be added and is there already, or to
 * be deleted and is not there, is no failure. Fails with the kernel's reason for the first that
 * failed, which is '*failed' (SIZE_MAX: none of them); others may have succeeded. */
int batch_send(struct netns *ns, struct batch *batch, size_t *failed);

#endif /* batch.h */
