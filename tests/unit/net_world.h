/* Two network namespaces for the tests of the net room, in which they speak to the real kernel: the
 * test process leaves the host's network and mounts before it touches anything. */

#ifndef NET_WORLD_H
#define NET_WORLD_H

/* Before cmocka, which has a macro of the name of a function. */
#include "net/net.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include <ovnk8s/error.h>

#define OWN_NETNS "/proc/thread-self/ns/net"

struct world {
    char folder[64];
    char home[64]; /* The namespace that the thread must always be back in. */
    int descriptors;
    struct netns *pod, *host;
};

static inline void where_am_i(char text[static 64])
{
    const ssize_t n = readlink(OWN_NETNS, text, 63);

    assert_true(n > 0);
    text[n] = '\0';
}

static inline void assert_at_home(const struct world *world)
{
    char here[64];

    where_am_i(here);
    assert_string_equal(here, world->home);
}

/* A call that succeeds, or fails in a certain way and words, and leaves the thread where it was. */
#define OK(CALL) expect((CALL), 0, NULL, #CALL, world, __LINE__)
#define FAILS(CALL, CODE, WORDS) expect((CALL), (CODE), (WORDS), #CALL, world, __LINE__)

static inline void expect(int result, int code, const char *words, const char *call,
                          const struct world *world, int line)
{
    const char *message = ovnk8s_last_error()->message;

    if (result != code) {
        print_error("line %d: %s: %s: %s\n", line, call, ovnk8s_error_name(result), message);
    }
    assert_int_equal(result, code);
    if (words && !strstr(message, words)) {
        print_error("line %d: %s: \"%s\" lacks \"%s\"\n", line, call, message, words);
        fail();
    }
    assert_at_home(world);
}

static inline int count_descriptors(void)
{
    DIR *folder = opendir("/proc/self/fd");
    int n = 0;

    assert_non_null(folder);
    while (readdir(folder)) {
        n++;
    }
    closedir(folder);
    return n;
}

/* Makes a namespace and a file to find it by, as `ip netns add` does. */
static inline void make_netns(const char *path)
{
    const int home = open(OWN_NETNS, O_RDONLY | O_CLOEXEC);
    const int file = open(path, O_CREAT | O_EXCL | O_RDONLY | O_CLOEXEC, 0600);

    assert_true(home >= 0 && file >= 0);
    assert_int_equal(unshare(CLONE_NEWNET), 0);
    assert_int_equal(mount(OWN_NETNS, path, NULL, MS_BIND, NULL), 0);
    assert_int_equal(setns(home, CLONE_NEWNET), 0);
    close(file);
    close(home);
}

static inline void remove_netns(const char *path)
{
    assert_int_equal(umount2(path, MNT_DETACH), 0);
    assert_int_equal(unlink(path), 0);
}

static inline const char *in_folder(const struct world *world, const char *name)
{
    static _Thread_local char path[PATH_MAX];

    snprintf(path, sizeof path, "%s/%s", world->folder, name);
    return path;
}

static inline int begin(void **state)
{
    struct world *world = calloc(1, sizeof *world);

    assert_non_null(world);
    strcpy(world->folder, "/tmp/test_net.XXXXXX");
    assert_non_null(mkdtemp(world->folder));
    where_am_i(world->home);
    make_netns(in_folder(world, "pod"));
    make_netns(in_folder(world, "host"));
    world->descriptors = count_descriptors();
    OK(netns_open(&world->pod, in_folder(world, "pod")));
    OK(netns_open(&world->host, in_folder(world, "host")));
    *state = world;
    return 0;
}

static inline int end(void **state)
{
    struct world *world = *state;

    netns_close(world->pod);
    netns_close(world->host);
    assert_int_equal(count_descriptors(), world->descriptors);
    remove_netns(in_folder(world, "pod"));
    remove_netns(in_folder(world, "host"));
    assert_int_equal(rmdir(world->folder), 0);
    free(world);
    return 0;
}

static inline struct prefix prefix(const char *text)
{
    struct prefix p;

    assert_true(prefix_from_text(text, &p));
    return p;
}

static inline struct ip ip(const char *text)
{
    struct ip i;

    assert_true(ip_from_text(text, &i));
    return i;
}

static const struct mac pod_mac = {{0x0a, 0x58, 0x0a, 0x01, 0x02, 0x03}};

static inline struct veth pair(const struct world *world)
{
    return (struct veth){world->pod, "eth0", world->host, "veth1", &pod_mac, 1400, 0, false};
}

static inline void plug(const struct world *world)
{
    const struct veth veth = pair(world);

    OK(link_add_veth(&veth));
    OK(link_set_up(world->host, "veth1", true));
    OK(link_set_up(world->pod, "eth0", true));
}

#define IN_A_WORLD(TEST) cmocka_unit_test_setup_teardown(TEST, begin, end)

/* Moves the process into namespaces of its own. Returns the exit code to end with when that cannot
 * be: 77, which CTest knows for "skipped", without the rights for it. */
static inline int leave_host(void)
{
    if (geteuid() != 0) {
        print_message("skipped: making network namespaces needs root\n");
        return 77;
    }
    if (unshare(CLONE_NEWNET | CLONE_NEWNS) < 0 ||
        mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0) {
        perror("leaving the host's namespaces");
        return 1;
    }
    return 0;
}

#endif /* net_world.h */
