/* What a plugin writes to standard output: one JSON object in one line, or nothing. */

#ifndef CNI_ANSWER_H
#define CNI_ANSWER_H

#include <cjson/cJSON.h>

#include "base/text.h"

/* Prints 'object' as one line and deletes it. Bytes that are no UTF-8, which it may quote from
 * hostile input or have got by being cut, are replaced. */
void cni_write(struct text *out, cJSON *object);

/* The answer to VERSION. */
void cni_write_versions(struct text *out, const char *version);

/* The error object; empty 'details' are left out. */
void cni_write_error(struct text *out, const char *version, int code, const char *message,
                     const char *details);

#endif /* answer.h */
