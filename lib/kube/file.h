/* Small files that hold credentials, and that others may replace while we run. */

#ifndef KUBE_FILE_H
#define KUBE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

/* Reads the file 'path' as a text into '*out'. Fails with the error of the system, and with
 * OVNK8S_INVALID when it is longer than 'most' bytes or holds a zero byte. */
int file_read(const char *path, size_t most, char **out);

/* A text that is given as such, or by a file that is read again when it has changed. */
struct secret {
    char *path; /* NULL: 'text' stays. */
    char *text; /* NULL: there is none. */
    struct stat seen;
};

/* Takes a copy of 'value', a path or (see kube_is_pem()) the PEM text itself; NULL for none. */
int secret_from_value(struct secret *secret, const char *value, const char *what);

/* Takes the text of the file 'path'. */
int secret_from_file(struct secret *secret, const char *path, const char *what);

/* Reads the file again if it has changed. On failure the text stays as it was. */
int secret_refresh(struct secret *secret, const char *what);

void secret_clear(struct secret *secret);

#endif /* file.h */
