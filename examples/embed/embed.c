/* A small orchestrator: it makes two containers, puts them on a network that spans all hosts, sees
 * that one reaches the other, and takes everything away again.
 *
 * Run it as root on a host with Open vSwitch and ovn-controller, of which external_ids:ovn-nb says
 * where the Northbound database is. It is built from the installed library alone: see Makefile and
 * CMakeLists.txt. */

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <ovnk8s/ovnk8s.h>

enum { CONTAINERS = 2 };

static const char *const ids[CONTAINERS] = {"embed-one", "embed-two"};
static int namespaces[CONTAINERS]; /* A namespace is there as long as this is open. */
static char addresses[CONTAINERS][64];
static ovnk8s_vswitch *vswitch;
static ovnk8s_nb *nb;
static char *host; /* As OVN calls it. */

static int open_all(void)
{
    ovnk8s_settings *settings;
    int error = ovnk8s_settings_new(&settings);

    error = error ? error : ovnk8s_settings_open_vswitch(settings, &vswitch);
    error = error ? error : ovnk8s_settings_open_nb(settings, &nb);
    error = error ? error : ovnk8s_vswitch_external_id(vswitch, "system-id", &host);
    ovnk8s_settings_free(settings);
    return error;
}

/* A container, as far as a network sees it. */
static void start(int i)
{
    unshare(CLONE_NEWNET);
    namespaces[i] = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
}

static ovnk8s_attachment attachment_of(int i)
{
    ovnk8s_attachment attachment = OVNK8S_ATTACHMENT_INIT;

    attachment.network = "embed";
    attachment.host = host;
    attachment.container_id = ids[i];
    attachment.interface = "eth0";
    return attachment;
}

/* The container's interface. Packets flow when this returns 0. */
static int plug(const ovnk8s_plan *plan, int i)
{
    const ovnk8s_attachment attachment = attachment_of(i);
    ovnk8s_plug wish = OVNK8S_PLUG_INIT;
    char netns[64], *port;
    int error = ovnk8s_attachment_port_name(&port, &attachment);

    if (error) {
        return error;
    }
    snprintf(netns, sizeof netns, "/proc/self/fd/%d", namespaces[i]);
    wish.container_id = ids[i];
    wish.interface = "eth0";
    wish.netns = netns;
    wish.iface_id = port;
    wish.addresses = ovnk8s_plan_attachment_addresses(plan, port);
    wish.mac = ovnk8s_plan_attachment_mac(plan, port);
    snprintf(addresses[i], sizeof addresses[i], "%.*s", (int)strcspn(wish.addresses, "/"),
             wish.addresses);
    error = ovnk8s_plug_add(vswitch, &wish, NULL);
    ovnk8s_free(port);
    return error;
}

/* The network and both attachments are one transaction. */
static int connect_all(ovnk8s_plan *plan)
{
    ovnk8s_network network = OVNK8S_NETWORK_INIT;
    int error;

    network.name = "embed";
    network.subnet = "10.77.0.0/24";
    error = ovnk8s_network_add(plan, &network);
    for (int i = 0; i < CONTAINERS && !error; i++) {
        const ovnk8s_attachment attachment = attachment_of(i);

        error = ovnk8s_attachment_add(plan, &attachment);
    }
    error = error ? error : ovnk8s_plan_apply(plan, nb, NULL);
    for (int i = 0; i < CONTAINERS && !error; i++) {
        error = plug(plan, i);
    }
    return error;
}

/* Sends echo requests out of one container until the other answers. */
static int ping(int from, int to)
{
    const struct icmphdr request = {.type = ICMP_ECHO, .checksum = htons(0xf7ff)};
    const struct timeval patience = {.tv_sec = 1};
    struct sockaddr_in address = {.sin_family = AF_INET};
    unsigned char answer[256];
    int fd, answered = 0;

    setns(namespaces[from], CLONE_NEWNET);
    fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMP); /* It stays in that namespace. */
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    inet_pton(AF_INET, addresses[to], &address.sin_addr);
    for (int i = 0; i < 30 && fd >= 0 && !answered; i++) {
        sendto(fd, &request, sizeof request, 0, (struct sockaddr *)&address, sizeof address);
        answered = recv(fd, answer, sizeof answer, 0) > (ssize_t)sizeof(struct iphdr) &&
                   answer[sizeof(struct iphdr)] == ICMP_ECHOREPLY;
    }
    close(fd);
    printf("%s %s %s\n", addresses[from], answered ? "reaches" : "misses", addresses[to]);
    return answered;
}

static int disconnect_all(ovnk8s_plan *plan)
{
    int error = 0;

    for (int i = 0; i < CONTAINERS && !error; i++) {
        error = ovnk8s_plug_delete(vswitch, ids[i], "eth0");
    }
    error = error ? error : ovnk8s_network_delete(plan, "embed", OVNK8S_FORCE);
    return error ? error : ovnk8s_plan_apply(plan, nb, NULL);
}

/* Does something with a plan that is for this alone. */
static int with_plan(int (*what)(ovnk8s_plan *plan))
{
    ovnk8s_plan *plan;
    int error = ovnk8s_plan_new(&plan, NULL);

    error = error ? error : what(plan);
    if (error) {
        fprintf(stderr, "embed: %s\n", ovnk8s_last_error()->message);
    }
    ovnk8s_plan_free(plan);
    return error;
}

int main(void)
{
    const int home = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
    int reached = 0;

    if (open_all()) {
        fprintf(stderr, "embed: %s\n", ovnk8s_last_error()->message);
        return 1;
    }
    for (int i = 0; i < CONTAINERS; i++) {
        start(i);
    }
    setns(home, CLONE_NEWNET);
    if (!with_plan(connect_all)) {
        reached = ping(0, 1);
        setns(home, CLONE_NEWNET);
    }
    reached = !with_plan(disconnect_all) && reached;
    ovnk8s_free(host);
    ovnk8s_nb_close(nb);
    ovnk8s_vswitch_close(vswitch);
    return !reached;
}
