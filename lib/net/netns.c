#include "net/netns.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "base/error.h"
#include "net/netlink.h"
#include "net/private.h"

#define OWN_NETNS "/proc/thread-self/ns/net"

struct netns {
    int fd;
    struct stat identity;
    struct netlink netlink;
    char name[]; /* For messages. */
};

static struct netns *netns_new(const char *path)
{
    const char *kind = path ? "network namespace " : "own network namespace";
    const size_t room = strlen(kind) + (path ? strlen(path) : 0) + 1;
    struct netns *ns = malloc(sizeof *ns + room);

    if (ns) {
        ns->fd = -1;
        ns->netlink.fd = -1;
        ns->netlink.sequence = 0;
        snprintf(ns->name, room, "%s%s", kind, path ? path : "");
    }
    return ns;
}

/* Looks at the file before it is opened for real: to open a pipe or a device may block or do
 * something. */
static int open_checked(const char *path, int *out)
{
    _cleanup_close_ int look = open(path, O_PATH | O_CLOEXEC);
    char again[64];
    struct statfs fs;

    if (look < 0) {
        return errno == ENOENT || errno == ENOTDIR ? fail(OVNK8S_NOTFOUND, "does not exist")
                                                   : fail_errno(errno, "open");
    }
    if (fstatfs(look, &fs) < 0) {
        return fail_errno(errno, "statfs");
    }
    if (fs.f_type != NSFS_MAGIC) {
        return fail(OVNK8S_INVALID, "is not a namespace");
    }
    snprintf(again, sizeof again, "/proc/thread-self/fd/%d", look);
    *out = open(again, O_RDONLY | O_CLOEXEC);
    return *out < 0 ? fail_errno(errno, "open") : 0;
}

static int open_namespace(struct netns *ns, const char *path)
{
    const int error = open_checked(path, &ns->fd);

    if (error) {
        return error;
    }
    if (ioctl(ns->fd, NS_GET_NSTYPE) != CLONE_NEWNET) {
        return fail(OVNK8S_INVALID, "is a namespace, but not a network namespace");
    }
    return fstat(ns->fd, &ns->identity) < 0 ? fail_errno(errno, "stat") : 0;
}

static int open_socket(void *netlink)
{
    return netlink_open(netlink, NETLINK_ROUTE);
}

static int netns_fill(struct netns *ns, const char *path)
{
    int error = open_namespace(ns, path ? path : OWN_NETNS);

    if (!error) {
        error = path ? netns_run(ns, open_socket, &ns->netlink) : open_socket(&ns->netlink);
    }
    return error;
}

int netns_open(struct netns **out, const char *path)
{
    _cleanup_netns_ struct netns *ns = netns_new(path);
    int error;

    *out = NULL;
    if (!ns) {
        return fail_nomem();
    }
    error = netns_fill(ns, path);
    if (error) {
        return fail_during(error, "netns", path, "%s", ns->name);
    }
    *out = STEAL(ns);
    return 0;
}

void netns_close(struct netns *ns)
{
    if (!ns) {
        return;
    }
    if (ns->netlink.fd >= 0) {
        close(ns->netlink.fd);
    }
    if (ns->fd >= 0) {
        close(ns->fd);
    }
    free(ns);
}

bool netns_same(const struct netns *a, const struct netns *b)
{
    return a->identity.st_dev == b->identity.st_dev && a->identity.st_ino == b->identity.st_ino;
}

const char *netns_name(const struct netns *ns)
{
    return ns->name;
}

struct netlink *netns_netlink(struct netns *ns)
{
    return &ns->netlink;
}

int netns_fd(const struct netns *ns)
{
    return ns->fd;
}

int netns_run(struct netns *ns, int (*fn)(void *arg), void *arg)
{
    _cleanup_close_ int home = open(OWN_NETNS, O_RDONLY | O_CLOEXEC);
    int result;

    if (home < 0) {
        return fail_errno(errno, "opening %s", OWN_NETNS);
    }
    if (setns(ns->fd, CLONE_NEWNET) < 0) {
        return fail_errno(errno, "entering it");
    }
    result = fn(arg);
    if (setns(home, CLONE_NEWNET) < 0) {
        fail_errno(errno, "the thread cannot leave %s again", ns->name);
        return fail_during(OVNK8S_SYSTEM, "leave-netns", ns->name, "returning from a namespace");
    }
    return result;
}
