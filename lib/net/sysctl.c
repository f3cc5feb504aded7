#include "net/sysctl.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "net/netns.h"

enum { VALUE_SIZE = 256 };

struct setting {
    char path[PATH_MAX];
    const char *value;
};

/* No key may lead to anything but a setting of the network. */
static bool key_valid(const char *key)
{
    return !strncmp(key, "net/", 4) && !strstr(key, "/.") && !strstr(key, "//") &&
           strlen(key) < PATH_MAX - sizeof "/proc/sys/";
}

static int read_value(const char *path, char value[static VALUE_SIZE])
{
    _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
    const ssize_t n = fd < 0 ? -1 : read(fd, value, VALUE_SIZE - 1);

    if (n < 0) {
        return errno == ENOENT ? fail(OVNK8S_NOTFOUND, "does not exist")
                               : fail_errno(errno, "reading %s", path);
    }
    value[n] = '\0';
    value[strcspn(value, "\n")] = '\0';
    return 0;
}

static int write_value(const char *path, const char *value)
{
    _cleanup_close_ int fd = open(path, O_WRONLY | O_CLOEXEC);

    return fd < 0 || write(fd, value, strlen(value)) < 0 ? fail_errno(errno, "writing %s", path)
                                                         : 0;
}

/* In the thread that is inside the namespace, since /proc/sys/net shows that of who looks. */
static int set_inside(void *setting_)
{
    const struct setting *setting = setting_;
    char value[VALUE_SIZE];
    int error = read_value(setting->path, value);

    if (error || !strcmp(value, setting->value)) {
        return error;
    }
    error = write_value(setting->path, setting->value);
    if (!error) {
        error = read_value(setting->path, value);
    }
    if (!error && strcmp(value, setting->value) != 0) {
        error = fail(OVNK8S_CONFLICT, "the kernel says \"%s\" afterwards", value);
    }
    return error;
}

int sysctl_set(struct netns *ns, const char *key, const char *value)
{
    struct setting setting = {.value = value};
    int error = 0;

    if (key_valid(key)) {
        snprintf(setting.path, sizeof setting.path, "/proc/sys/%s", key);
        error = netns_run(ns, set_inside, &setting);
    } else {
        error = fail(OVNK8S_INVALID, "no such sysctl: expected net/...");
    }
    return error ? fail_during(error, "sysctl", key, "setting sysctl %s to \"%s\" in %s", key,
                               value, netns_name(ns))
                 : 0;
}
