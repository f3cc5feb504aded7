#include "kube/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/text.h"
#include "kube/credentials.h"

enum { SECRET_MAX = 1 << 20 };

static int read_all(int fd, const char *path, size_t most, struct text *text)
{
    char bytes[4096];
    ssize_t n;

    while ((n = read(fd, bytes, sizeof bytes)) != 0) {
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return fail_errno(errno, "%s", path);
        }
        if (memchr(bytes, '\0', (size_t)n)) {
            return fail(OVNK8S_INVALID, "%s: not a text file", path);
        }
        text_add_bytes(text, bytes, (size_t)n);
        if (text->length > most) {
            return fail(OVNK8S_INVALID, "%s: longer than %zu bytes", path, most);
        }
    }
    return 0;
}

int file_read(const char *path, size_t most, char **out)
{
    /* Without O_NONBLOCK a path that happens to be a fifo would wait for ever. */
    _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    _cleanup_text_ struct text text = {0};
    int error;

    *out = NULL;
    if (fd < 0) {
        return fail_errno(errno, "%s", path);
    }
    error = read_all(fd, path, most, &text);
    return error ? error : text_take(&text, out);
}

int secret_from_value(struct secret *secret, const char *value, const char *what)
{
    *secret = (struct secret){0};
    if (!value) {
        return 0;
    }
    if (!kube_is_pem(value)) {
        return secret_from_file(secret, value, what);
    }
    secret->text = strdup(value);
    return secret->text ? 0 : fail_nomem();
}

static bool same_file(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
           a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

static int secret_read(struct secret *secret, const struct stat *now)
{
    char *text;
    const int error = file_read(secret->path, SECRET_MAX, &text);

    if (error) {
        return error;
    }
    free(secret->text);
    secret->text = text;
    secret->seen = *now;
    return 0;
}

int secret_refresh(struct secret *secret, const char *what)
{
    struct stat now;
    int error = 0;

    if (!secret->path) {
        return 0;
    }
    if (stat(secret->path, &now)) {
        error = fail_errno(errno, "%s", secret->path);
    } else if (!secret->text || !same_file(&now, &secret->seen)) {
        error = secret_read(secret, &now);
    }
    return error ? fail_during(error, "credentials", secret->path, "reading the %s", what) : 0;
}

int secret_from_file(struct secret *secret, const char *path, const char *what)
{
    *secret = (struct secret){.path = strdup(path)};
    return secret->path ? secret_refresh(secret, what) : fail_nomem();
}

void secret_clear(struct secret *secret)
{
    free(secret->path);
    free(secret->text);
    *secret = (struct secret){0};
}
