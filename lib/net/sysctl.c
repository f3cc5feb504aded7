#include "net/sysctl.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/descriptor.h"
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
    _cleanup_close_ int fd = descriptor_aside(open(path, O_WRONLY | O_CLOEXEC));

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

/* Settings of links. */

struct reading {
    const char *family, *link;
    struct text *out;
};

/* What no other link should have, or what nobody can set. */
static bool is_own(const char *name)
{
    return *name == '.' || !strcmp(name, "mtu") || !strcmp(name, "mc_forwarding");
}

static void list_setting(const struct reading *reading, const char *name)
{
    char path[PATH_MAX], value[VALUE_SIZE], usual[VALUE_SIZE];

    snprintf(path, sizeof path, "/proc/sys/net/%s/conf/default/%s", reading->family, name);
    if (read_value(path, usual)) {
        *usual = '\0'; /* Such as a secret that there is none of. */
    }
    snprintf(path, sizeof path, "/proc/sys/net/%s/conf/%s/%s", reading->family, reading->link,
             name);
    if (!read_value(path, value) && strcmp(value, usual) != 0) {
        text_printf(reading->out, "%s/%s=%s\n", reading->family, name, value);
    }
}

static int list_inside(void *reading_)
{
    const struct reading *reading = reading_;
    const struct dirent *entry;
    char path[PATH_MAX];
    DIR *folder;

    snprintf(path, sizeof path, "/proc/sys/net/%s/conf/%s", reading->family, reading->link);
    folder = opendir(path);
    while (folder && (entry = readdir(folder))) {
        if (!is_own(entry->d_name)) {
            list_setting(reading, entry->d_name);
        }
    }
    if (folder) {
        closedir(folder);
    }
    return 0;
}

int sysctl_list_link(struct netns *ns, const char *family, const char *link, struct text *out)
{
    struct reading reading = {family, link, out};
    const int error = netns_run(ns, list_inside, &reading);

    return error ? fail_during(error, "sysctl", link, "reading the sysctls of link %s in %s", link,
                               netns_name(ns))
                 : 0;
}

/* "ipv6/disable_ipv6" of eth0 is "net/ipv6/conf/eth0/disable_ipv6". */
static void key_of_link(char out[static 128], const char *link, const char *key)
{
    const size_t family = strcspn(key, "/");

    snprintf(out, 128, "net/%.*s/conf/%s%s", (int)family, key, link, key + family);
}

struct getting {
    char path[PATH_MAX], value[VALUE_SIZE];
};

static int get_inside(void *getting_)
{
    struct getting *getting = getting_;

    return read_value(getting->path, getting->value);
}

int sysctl_get_link(struct netns *ns, const char *link, const char *key, char *value, size_t size)
{
    struct getting getting;
    char full[128];
    int error;

    key_of_link(full, link, key);
    snprintf(getting.path, sizeof getting.path, "/proc/sys/%s", full);
    error = key_valid(full) ? netns_run(ns, get_inside, &getting)
                            : fail(OVNK8S_INVALID, "no such sysctl");
    snprintf(value, size, "%s", error ? "" : getting.value);
    return error
               ? fail_during(error, "sysctl", full, "reading sysctl %s in %s", full, netns_name(ns))
               : 0;
}

int sysctl_set_link(struct netns *ns, const char *link, const char *key, const char *value)
{
    char full[128];
    int error;

    key_of_link(full, link, key);
    error = sysctl_set(ns, full, value);
    return error == OVNK8S_NOTFOUND ? 0 : error;
}
