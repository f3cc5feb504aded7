/* Configuration files of the form
 *
 *     [section]
 *     # comment; or with a semicolon in front
 *     key=value
 *     key: value
 *
 * with white space wherever it does no harm, and no quoting. */

#ifndef NODE_INI_H
#define NODE_INI_H

/* Receives a key, in lower case, with its value; returns 0 or fails. */
typedef int ini_fn(const char *section, const char *key, const char *value, void *payload);

/* Calls 'fn' for each key in 'text', which is overwritten. 'name' is what messages call it. Fails
 * with OVNK8S_INVALID for a line that is none of the above, and as 'fn' does; either way with the
 * line in the message. */
int ini_parse(char *text, const char *name, ini_fn *fn, void *payload);

#endif /* ini.h */
