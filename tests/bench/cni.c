/* What plugging a container takes, measured on its host. Prints as JSON how long it took until the
 * last target was done, and the processor time of one of the plugin's processes, with all that it
 * executed: {"ms": TIME, "cpu_ms": TIME}. Targets are plugged at once.
 *
 * bench-cni floor CONTAINER,NETNS,IFACE-ID,HOST-INTERFACE...
 *
 * By hand, and as little as will do: a veth, one transaction of Open vSwitch, and the wait for
 * "ovn-installed", which a monitor tells. No process is made, no address is set, nothing is
 * checked.
 *
 * bench-cni VERB PLUGIN CONTAINER,NETNS,CNI_ARGS,CONFIGURATION...
 *
 * By a plugin, as container runtimes execute it. What it prints goes to standard error. */

#include <errno.h>
#include <fcntl.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <pthread.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define DATABASE "/run/openvswitch/db.sock"

enum { TARGETS = 64, FIELDS = 4 };

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

static double now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e3 + (double)time.tv_nsec / 1e6;
}

/* The last field is all that is left. */
static void split(char *text, char *fields[static FIELDS])
{
    for (int i = 0; i < FIELDS - 1; i++) {
        fields[i] = text ? strsep(&text, ",") : "";
    }
    fields[FIELDS - 1] = text ? text : "";
}

/* By hand: the veth. */

struct message {
    struct nlmsghdr header;
    struct ifinfomsg link;
    char attributes[512];
};

static struct rtattr *put(struct message *message, unsigned short type, const void *value,
                          size_t size)
{
    const size_t length = NLMSG_ALIGN(message->header.nlmsg_len);
    struct rtattr *attribute = (struct rtattr *)((char *)message + length);

    attribute->rta_type = type;
    attribute->rta_len = (unsigned short)RTA_LENGTH(size);
    if (size) {
        memcpy(RTA_DATA(attribute), value, size);
    }
    message->header.nlmsg_len = (unsigned int)(length + RTA_ALIGN(attribute->rta_len));
    return attribute;
}

static void end(const struct message *message, struct rtattr *nest)
{
    nest->rta_len =
        (unsigned short)((const char *)message + message->header.nlmsg_len - (const char *)nest);
}

static void compose_veth(struct message *message, const char *name, int netns)
{
    const struct ifinfomsg peer = {.ifi_family = AF_UNSPEC};
    struct rtattr *about, *data, *inside;

    *message = (struct message){
        .header = {.nlmsg_len = NLMSG_LENGTH(sizeof message->link),
                   .nlmsg_type = RTM_NEWLINK,
                   .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL},
        .link = {.ifi_family = AF_UNSPEC, .ifi_flags = IFF_UP, .ifi_change = IFF_UP},
    };
    put(message, IFLA_IFNAME, name, strlen(name) + 1);
    about = put(message, IFLA_LINKINFO, NULL, 0);
    put(message, IFLA_INFO_KIND, "veth", 4);
    data = put(message, IFLA_INFO_DATA, NULL, 0);
    inside = put(message, VETH_INFO_PEER, &peer, sizeof peer);
    put(message, IFLA_IFNAME, "eth0", 5);
    put(message, IFLA_NET_NS_FD, &netns, sizeof netns);
    end(message, inside);
    end(message, data);
    end(message, about);
}

static void make_veth(const char *name, const char *netns)
{
    const int netlink = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    const int inside = open(netns, O_RDONLY | O_CLOEXEC);
    struct {
        struct nlmsghdr header;
        struct nlmsgerr error;
        char rest[1024];
    } answer;
    struct message message;

    if (inside < 0) {
        fail(netns);
    }
    compose_veth(&message, name, inside);
    if (netlink < 0 || send(netlink, &message, message.header.nlmsg_len, 0) < 0 ||
        recv(netlink, &answer, sizeof answer, 0) < 0) {
        fail("netlink");
    }
    errno = -answer.error.error;
    if (errno) {
        fail(name);
    }
    close(inside);
    close(netlink);
}

/* By hand: the port. */

static int connect_to_database(void)
{
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = DATABASE};

    if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof address)) {
        fail(DATABASE);
    }
    return fd;
}

static void ask_for_port(int fd, const char *name, const char *iface_id)
{
    char text[2048];
    const int length =
        snprintf(text, sizeof text,
                 "{\"id\":1,\"method\":\"transact\",\"params\":[\"Open_vSwitch\","
                 "{\"op\":\"insert\",\"table\":\"Interface\",\"uuid-name\":\"i\",\"row\":"
                 "{\"name\":\"%s\",\"external_ids\":[\"map\",[[\"iface-id\",\"%s\"]]]}},"
                 "{\"op\":\"insert\",\"table\":\"Port\",\"uuid-name\":\"p\",\"row\":"
                 "{\"name\":\"%s\",\"interfaces\":[\"named-uuid\",\"i\"]}},"
                 "{\"op\":\"mutate\",\"table\":\"Bridge\",\"where\":[[\"name\",\"==\",\"br-int\"]],"
                 "\"mutations\":[[\"ports\",\"insert\",[\"named-uuid\",\"p\"]]]}]}"
                 "{\"id\":2,\"method\":\"monitor_cond\",\"params\":[\"Open_vSwitch\",null,"
                 "{\"Interface\":[{\"columns\":[\"external_ids\"],"
                 "\"where\":[[\"name\",\"==\",\"%s\"]]}]}]}",
                 name, iface_id, name, name);

    if (send(fd, text, (size_t)length, MSG_NOSIGNAL) != length) {
        fail("send");
    }
}

static void await_flows(int fd)
{
    static _Thread_local char text[1 << 16];
    size_t used = 0;

    while (!strstr(text, "[\"ovn-installed\",\"true\"]")) {
        const ssize_t n = recv(fd, text + used, sizeof text - 1 - used, 0);

        if (n <= 0 || strstr(text, "\"details\":")) {
            fail(text);
        }
        used += (size_t)n;
        text[used] = '\0';
    }
}

static void *plug_by_hand(void *target)
{
    char *fields[FIELDS];
    int fd;

    split(target, fields);
    make_veth(fields[3], fields[1]);
    fd = connect_to_database();
    ask_for_port(fd, fields[3], fields[2]);
    await_flows(fd);
    close(fd);
    return NULL;
}

static void plug_all_by_hand(int n, char *targets[])
{
    pthread_t threads[TARGETS];

    for (int i = 0; i < n; i++) {
        if (pthread_create(&threads[i], NULL, plug_by_hand, targets[i])) {
            fail("pthread_create");
        }
    }
    for (int i = 0; i < n; i++) {
        pthread_join(threads[i], NULL);
    }
}

/* By a plugin. */

static int configuration_fd(const char *configuration)
{
    const size_t size = strlen(configuration);
    const int fd = memfd_create("configuration", MFD_CLOEXEC);

    if (fd < 0 || write(fd, configuration, size) != (ssize_t)size || lseek(fd, 0, SEEK_SET)) {
        fail("memfd_create");
    }
    return fd;
}

static void start(char *program, const char *verb, char *target)
{
    char command[32], container[300], netns[300], args[1024];
    char *environment[] = {command,
                           container,
                           netns,
                           args,
                           "CNI_IFNAME=eth0",
                           "CNI_PATH=/opt/cni/bin:/usr/lib/cni",
                           "PATH=/usr/bin",
                           NULL};
    char *arguments[] = {program, NULL}, *fields[FIELDS];
    posix_spawn_file_actions_t actions;
    pid_t pid;
    int input;

    split(target, fields);
    input = configuration_fd(fields[3]);
    snprintf(command, sizeof command, "CNI_COMMAND=%s", verb);
    snprintf(container, sizeof container, "CNI_CONTAINERID=%s", fields[0]);
    snprintf(netns, sizeof netns, "CNI_NETNS=%s", fields[1]);
    snprintf(args, sizeof args, "CNI_ARGS=%s", fields[2]);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, input, 0);
    posix_spawn_file_actions_adddup2(&actions, 2, 1);
    errno = posix_spawn(&pid, program, &actions, NULL, arguments, environment);
    if (errno) {
        fail(program);
    }
    posix_spawn_file_actions_destroy(&actions);
    close(input);
}

static double ms_of(const struct timeval *time)
{
    return (double)time->tv_sec * 1e3 + (double)time->tv_usec / 1e3;
}

/* Returns the processor time of one that was started. */
static double end_one(void)
{
    struct rusage usage;
    int status;

    if (wait4(-1, &status, 0, &usage) < 0) {
        fail("wait4");
    }
    if (status) {
        fprintf(stderr, "a plugin failed\n");
        exit(1);
    }
    return ms_of(&usage.ru_utime) + ms_of(&usage.ru_stime);
}

static double plug_all(char *program, const char *verb, int n, char *targets[])
{
    double cpu = 0;

    for (int i = 0; i < n; i++) {
        start(program, verb, targets[i]);
    }
    for (int i = 0; i < n; i++) {
        cpu += end_one();
    }
    return cpu / n;
}

int main(int argc, char *argv[])
{
    const bool by_hand = argc > 1 && !strcmp(argv[1], "floor");
    const int first = by_hand ? 2 : 3, n = argc - first;
    const double begin = now();
    double cpu = 0;

    if (n < 1 || n > TARGETS) {
        fprintf(stderr, "usage: see the source\n");
        return 2;
    }
    if (by_hand) {
        plug_all_by_hand(n, argv + first);
    } else {
        cpu = plug_all(argv[2], argv[1], n, argv + first);
    }
    printf("{\"ms\": %.3f, \"cpu_ms\": %.3f}\n", now() - begin, cpu);
    return 0;
}
