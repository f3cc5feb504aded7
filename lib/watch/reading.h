/* Taking the objects of an API server apart.
 *
 * What does not make sense is left out, and the first such thing is kept as the reason, for one
 * line of a log. Nothing here trusts an object: members may be missing or of any type. */

#ifndef WATCH_READING_H
#define WATCH_READING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/ip.h"
#include "base/json.h"

/* What was left out of an object that is read. Begins as zeroes. */
struct reading {
    char reason[200]; /* Why the first of them; empty when all made sense. */
    size_t left_out;
};

/* Something is left out, for the reason in 'format': "ports[2].port: 70000: expected ...". */
void leave_out(struct reading *reading, const char *format, ...) PRINTF(2, 3);

/* The number of elements of an array, and of its first 'most'; 0 for what is none. */
size_t elements_of(const cJSON *array, size_t most);

/* Reads the first 'most' elements of 'array', which the object calls 'list'; others are left out.
 * Ends with the first error. */
typedef int read_element_fn(void *payload, const cJSON *element, size_t i);
int read_elements(const cJSON *array, const char *list, size_t most, struct reading *reading,
                  read_element_fn *read_element, void *payload);

/* Protocols by number. */
enum { PROTOCOL_TCP, PROTOCOL_UDP, PROTOCOL_SCTP };

/* "tcp", "udp" or "sctp". */
const char *protocol_text(unsigned int protocol);

/* The member "protocol" of element 'i' of "ports", TCP when it has none. False when it is another
 * one; later versions of Kubernetes may have some. */
bool read_protocol(const cJSON *port, size_t i, uint8_t *out, struct reading *reading);

/* The member 'name' of element 'i' of "ports", a number from 1 to 65,535. False when it is none,
 * and when it is missing, which is left out only if it is 'needed'. */
bool read_port(const cJSON *port, size_t i, const char *name, bool needed, uint16_t *out,
               struct reading *reading);

/* The name of element 'i' of "ports"; "" when it has none, NULL when it is too long for one. */
const char *read_port_name(const cJSON *port, size_t i, struct reading *reading);

/* An address, which is element 'i' of 'list'. */
bool read_address(const cJSON *address, const char *list, size_t i, struct ip *out,
                  struct reading *reading);

#endif /* reading.h */
