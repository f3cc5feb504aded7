#include "net/link.h"

#include <ctype.h>
#include <errno.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <linux/veth.h>
#include <string.h>
#include <sys/ioctl.h>

#include "base/error.h"
#include "base/sha1.h"
#include "net/events.h"
#include "net/netlink.h"
#include "net/netns.h"
#include "net/private.h"

bool link_name_valid(const char *name)
{
    const size_t length = name ? strlen(name) : 0;

    if (!length || length >= IFNAMSIZ || !strcmp(name, ".") || !strcmp(name, "..")) {
        return false;
    }
    for (const char *c = name; *c; c++) {
        /* The kernel takes '%' for a pattern that it completes with a number. */
        if (strchr("/:%", *c) || isspace((unsigned char)*c) || iscntrl((unsigned char)*c)) {
            return false;
        }
    }
    return true;
}

static int check_name(const char *name)
{
    return link_name_valid(name) ? 0
                                 : fail(OVNK8S_INVALID,
                                        "no link can have this name: expected 1 to %d characters "
                                        "without '/', ':', '%%' and white space",
                                        IFNAMSIZ - 1);
}

/* The kernel's own answer to others, "Cannot assign requested address", explains nothing. */
static int check_mac(const struct mac *mac)
{
    static const struct mac zero;
    char text[MAC_TEXT];

    if (mac->bytes[0] & 1 || !memcmp(mac, &zero, sizeof zero)) {
        return fail(OVNK8S_INVALID, "%s is not the MAC address of one host",
                    mac_to_text(mac, text));
    }
    return 0;
}

char *link_name_from_hash(char out[static IFNAMSIZ], const char *prefix, const char *key1,
                          const char *key2)
{
    static const char digits[] = "abcdefghijklmnopqrstuvwxyz234567";
    uint8_t both[2 * SHA1_SIZE], digest[SHA1_SIZE];
    const size_t start = strlen(prefix) < 7 ? strlen(prefix) : 7;

    /* Hashes of the keys, not the keys, are joined: so ("ab", "c") is not ("a", "bc"). */
    sha1(key1, strlen(key1), both);
    sha1(key2, strlen(key2), both + SHA1_SIZE);
    sha1(both, sizeof both, digest);
    memcpy(out, prefix, start);
    for (size_t i = start; i < IFNAMSIZ - 1; i++) {
        out[i] = digits[digest[i - start] % 32];
    }
    out[IFNAMSIZ - 1] = '\0';
    return out;
}

int link_find_index(struct netns *ns, const char *name, unsigned int *out)
{
    struct ifreq request = {.ifr_ifindex = 0};
    const int error = check_name(name);

    if (error) {
        return error;
    }
    strcpy(request.ifr_name, name);
    if (ioctl(netns_netlink(ns)->fd, SIOCGIFINDEX, &request) < 0) {
        return errno == ENODEV ? fail(OVNK8S_NOTFOUND, "%s", strerrordesc_np(errno))
                               : fail_errno(errno, "SIOCGIFINDEX");
    }
    *out = (unsigned int)request.ifr_ifindex;
    return 0;
}

/* A request about the link 'name' as it is. */
static struct request link_request(int type, const char *name, const struct ifinfomsg *header)
{
    struct request request = request_new(type, 0, header, sizeof *header);

    request_put_string(&request, IFLA_IFNAME, name);
    return request;
}

/* Sends a request about a link and says what it was for when it fails. */
static int link_send(struct netns *ns, const char *name, const char *what, struct request *request)
{
    int error = check_name(name);

    if (!error) {
        error = request_send(ns, request, NULL, NULL);
    }
    return error ? fail_during(error, "link", name, "%s link %s in %s", what, name, netns_name(ns))
                 : 0;
}

static int read_link(struct nlmsghdr *answer, void *out)
{
    const struct ifinfomsg *header = nlmsg_data(answer);
    struct nlattr *attrs[IFLA_MAX + 1], *about[IFLA_INFO_MAX + 1] = {0};
    struct link_info *info = out;

    if (nlmsg_parse(answer, sizeof *header, attrs, IFLA_MAX, NULL) < 0 ||
        (attrs[IFLA_LINKINFO] &&
         nla_parse_nested(about, IFLA_INFO_MAX, attrs[IFLA_LINKINFO], NULL))) {
        return fail(OVNK8S_PROTOCOL, "the kernel's answer makes no sense");
    }
    *info = (struct link_info){
        .index = (unsigned int)header->ifi_index,
        .mtu = attr_u32(attrs[IFLA_MTU]),
        .master = attr_u32(attrs[IFLA_MASTER]),
        .loopback = header->ifi_flags & IFF_LOOPBACK,
        .up = header->ifi_flags & IFF_UP,
        .running = header->ifi_flags & IFF_RUNNING,
        .mute = header->ifi_flags & IFF_NOARP,
    };
    attr_string(attrs[IFLA_IFNAME], info->name, sizeof info->name);
    attr_string(attrs[IFLA_QDISC], info->qdisc, sizeof info->qdisc);
    attr_string(about[IFLA_INFO_KIND], info->kind, sizeof info->kind);
    if (!strcmp(info->kind, "veth")) {
        info->peer_index = attr_u32(attrs[IFLA_LINK]);
    }
    if (attrs[IFLA_ADDRESS] && nla_len(attrs[IFLA_ADDRESS]) == sizeof info->mac.bytes) {
        memcpy(info->mac.bytes, nla_data(attrs[IFLA_ADDRESS]), sizeof info->mac.bytes);
    }
    return 0;
}

int link_find(struct netns *ns, const char *name, struct link_info *out)
{
    const struct ifinfomsg header = {.ifi_family = AF_UNSPEC};
    _cleanup_request_ struct request request = link_request(RTM_GETLINK, name, &header);
    const int error = check_name(name);

    request_put_u32(&request, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
    return error ? error : request_send(ns, &request, read_link, out);
}

static int find_index(struct netns *ns, unsigned int index, struct link_info *out)
{
    const struct ifinfomsg header = {.ifi_family = AF_UNSPEC, .ifi_index = (int)index};
    _cleanup_request_ struct request request = request_new(RTM_GETLINK, 0, &header, sizeof header);

    request_put_u32(&request, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
    return request_send(ns, &request, read_link, out);
}

char *link_name_of(struct netns *ns, unsigned int index, char out[static IFNAMSIZ])
{
    struct link_info info;

    strcpy(out, index && !find_index(ns, index, &info) ? info.name : "?");
    return out;
}

int link_get_index(struct netns *ns, unsigned int index, struct link_info *out)
{
    const int error = find_index(ns, index, out);

    return error ? fail_during(error, "link", NULL, "looking up link number %u in %s", index,
                               netns_name(ns))
                 : 0;
}

int link_get(struct netns *ns, const char *name, struct link_info *out)
{
    const int error = link_find(ns, name, out);

    return error
               ? fail_during(error, "link", name, "looking up link %s in %s", name, netns_name(ns))
               : 0;
}

/* Events are asked for first, so that none is missed. */
static int await(struct netns *ns, const char *name, bool there, struct link_info *out,
                 const struct deadline *deadline)
{
    _cleanup_events_ struct events events = {.netlink.fd = -1};
    int error = events_open(&events, ns, RTNLGRP_LINK);

    while (!error) {
        error = link_find(ns, name, out);
        if (there ? !error : error == OVNK8S_NOTFOUND) {
            return 0;
        }
        error = error == OVNK8S_NOTFOUND || !error ? events_wait(&events, deadline) : error;
    }
    return error;
}

int link_await(struct netns *ns, const char *name, struct link_info *out,
               const struct deadline *deadline)
{
    const int error = await(ns, name, true, out, deadline);

    return error
               ? fail_during(error, "link", name, "waiting for link %s in %s", name, netns_name(ns))
               : 0;
}

int link_await_gone(struct netns *ns, const char *name, const struct deadline *deadline)
{
    struct link_info info;
    const int error = await(ns, name, false, &info, deadline);

    return error ? fail_during(error, "link", name, "waiting for the end of link %s in %s", name,
                               netns_name(ns))
                 : 0;
}

static void put_veth_peer(struct request *request, const struct veth *veth)
{
    const unsigned int flags = veth->outside_is_mute ? IFF_NOARP : 0;
    const struct ifinfomsg header = {
        .ifi_family = AF_UNSPEC, .ifi_flags = flags, .ifi_change = flags};
    struct nlattr *info = request_nest(request, IFLA_LINKINFO), *data, *peer;

    request_put_string(request, IFLA_INFO_KIND, "veth");
    data = request_nest(request, IFLA_INFO_DATA);
    peer = request_nest(request, VETH_INFO_PEER);
    if (!request->failed &&
        nlmsg_append(request->message, (void *)&header, sizeof header, NLMSG_ALIGNTO) < 0) {
        request->failed = true;
    }
    request_put_string(request, IFLA_IFNAME, veth->outside_name);
    if (veth->mtu) {
        request_put_u32(request, IFLA_MTU, veth->mtu);
    }
    if (veth->outside_queue) {
        request_put_u32(request, IFLA_TXQLEN, veth->outside_queue);
    }
    request_put_u32(request, IFLA_NET_NS_FD, (uint32_t)netns_fd(veth->outside));
    request_nest_end(request, peer);
    request_nest_end(request, data);
    request_nest_end(request, info);
}

static int send_veth(const struct veth *veth)
{
    const struct ifinfomsg header = {.ifi_family = AF_UNSPEC};
    _cleanup_request_ struct request request =
        link_request(RTM_NEWLINK, veth->inside_name, &header);

    if (!request.failed) {
        nlmsg_hdr(request.message)->nlmsg_flags |= NLM_F_CREATE | NLM_F_EXCL;
    }
    if (veth->mac) {
        request_put(&request, IFLA_ADDRESS, veth->mac->bytes, sizeof veth->mac->bytes);
    }
    if (veth->mtu) {
        request_put_u32(&request, IFLA_MTU, veth->mtu);
    }
    put_veth_peer(&request, veth);
    return request_send(veth->inside, &request, NULL, NULL);
}

/* The kernel says only that one of two names is taken: finds out which. */
static int name_taken(const struct veth *veth)
{
    struct link_info info;
    const bool inside = !link_find(veth->inside, veth->inside_name, &info);
    const char *name = inside ? veth->inside_name : veth->outside_name;

    fail(OVNK8S_EXISTS, "link %s exists already in %s", name,
         netns_name(inside ? veth->inside : veth->outside));
    return fail_during(OVNK8S_EXISTS, "link", name, "the name is taken");
}

int link_add_veth(const struct veth *veth)
{
    int error = check_name(veth->inside_name);

    if (!error) {
        error = check_name(veth->outside_name);
    }
    if (!error && veth->mac) {
        error = check_mac(veth->mac);
    }
    if (!error) {
        error = send_veth(veth);
    }
    if (error == OVNK8S_EXISTS) {
        error = name_taken(veth);
    }
    return error ? fail_during(error, "link", veth->inside_name,
                               "adding link %s in %s with peer %s in %s", veth->inside_name,
                               netns_name(veth->inside), veth->outside_name,
                               netns_name(veth->outside))
                 : 0;
}

int link_delete(struct netns *ns, const char *name)
{
    const struct ifinfomsg header = {.ifi_family = AF_UNSPEC};
    _cleanup_request_ struct request request = link_request(RTM_DELLINK, name, &header);

    return link_send(ns, name, "deleting", &request);
}

int link_set_up(struct netns *ns, const char *name, bool up)
{
    const struct ifinfomsg header = {
        .ifi_family = AF_UNSPEC, .ifi_flags = up ? IFF_UP : 0, .ifi_change = IFF_UP};
    _cleanup_request_ struct request request = link_request(RTM_NEWLINK, name, &header);

    return link_send(ns, name, up ? "setting up" : "setting down", &request);
}

int link_set_mtu(struct netns *ns, const char *name, unsigned int mtu)
{
    const struct ifinfomsg header = {.ifi_family = AF_UNSPEC};
    _cleanup_request_ struct request request = link_request(RTM_NEWLINK, name, &header);
    char what[48];

    snprintf(what, sizeof what, "setting the MTU %u of", mtu);
    request_put_u32(&request, IFLA_MTU, mtu);
    return link_send(ns, name, what, &request);
}

int link_set_mac(struct netns *ns, const char *name, const struct mac *mac)
{
    const struct ifinfomsg header = {.ifi_family = AF_UNSPEC};
    _cleanup_request_ struct request request = link_request(RTM_NEWLINK, name, &header);
    const int error = check_mac(mac);
    char what[64], text[MAC_TEXT];

    if (error) {
        return fail_during(error, "link", name, "link %s in %s", name, netns_name(ns));
    }
    snprintf(what, sizeof what, "setting the MAC address %s of", mac_to_text(mac, text));
    request_put(&request, IFLA_ADDRESS, mac->bytes, sizeof mac->bytes);
    return link_send(ns, name, what, &request);
}
