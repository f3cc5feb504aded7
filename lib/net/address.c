#include "net/address.h"

#include "base/error.h"
#include "net/netlink.h"
#include "net/netns.h"
#include "net/private.h"

static int check_prefix(const struct prefix *prefix)
{
    return (prefix->ip.family == 4 || prefix->ip.family == 6) &&
                   prefix->length <= ip_bits(&prefix->ip)
               ? 0
               : fail(OVNK8S_INVALID, "this is no address");
}

static struct request address_request(int type, int flags, const struct address *address,
                                      unsigned int index)
{
    const struct prefix *prefix = &address->prefix;
    const struct ifaddrmsg header = {.ifa_family = family_of(&prefix->ip),
                                     .ifa_prefixlen = (unsigned char)prefix->length,
                                     .ifa_scope = address->scope,
                                     .ifa_index = index};
    struct request request = request_new(type, flags, &header, sizeof header);

    request_put_ip(&request, IFA_LOCAL, &prefix->ip);
    request_put_ip(&request, IFA_ADDRESS, &prefix->ip);
    return request;
}

static int send_add(struct netns *ns, const struct address *address, unsigned int index)
{
    _cleanup_request_ struct request request =
        address_request(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, address, index);
    const bool six = address->prefix.ip.family == 6;

    request_put_u32(&request, IFA_FLAGS, address->flags | (six ? IFA_F_NODAD : 0));
    return request_send(ns, &request, NULL, NULL);
}

static bool read_address(struct nlmsghdr *answer, void *item, const void *index)
{
    const struct ifaddrmsg *header = nlmsg_data(answer);
    struct nlattr *attrs[IFA_MAX + 1];
    struct address *address = item;

    if (nlmsg_parse(answer, sizeof *header, attrs, IFA_MAX, NULL) < 0 ||
        header->ifa_index != *(const unsigned int *)index) {
        return false;
    }
    /* On a point-to-point link IFA_ADDRESS is the other side's. */
    address->prefix.ip = attr_ip(attrs[attrs[IFA_LOCAL] ? IFA_LOCAL : IFA_ADDRESS]);
    address->prefix.length = header->ifa_prefixlen;
    address->flags = attrs[IFA_FLAGS] ? attr_u32(attrs[IFA_FLAGS]) : header->ifa_flags;
    address->scope = header->ifa_scope;
    return address->prefix.ip.family && family_of(&address->prefix.ip) == header->ifa_family;
}

static int list_family(struct netns *ns, unsigned char family, unsigned int index,
                       struct list *list)
{
    const struct ifaddrmsg header = {.ifa_family = family, .ifa_index = index};
    _cleanup_request_ struct request request =
        request_new(RTM_GETADDR, NLM_F_DUMP, &header, sizeof header);

    return request_list(ns, &request, list, read_address, &index);
}

static int list_index(struct netns *ns, unsigned int index, struct address **out, size_t *n)
{
    struct list list = {.item_size = sizeof **out};
    int error = list_family(ns, AF_INET, index, &list);

    if (!error) {
        error = list_family(ns, AF_INET6, index, &list);
    }
    *out = list.items;
    *n = list.n;
    return error;
}

int address_list(struct netns *ns, const char *link, struct address **out, size_t *n)
{
    unsigned int index;
    int error = link_find_index(ns, link, &index);

    *out = NULL;
    *n = 0;
    if (!error) {
        error = list_index(ns, index, out, n);
    }
    return error ? fail_during(error, "address", link, "listing the addresses of link %s in %s",
                               link, netns_name(ns))
                 : 0;
}

struct sought {
    const struct ip *ip;
    unsigned int index; /* 0: not found yet. */
};

static int seek(struct nlmsghdr *answer, void *payload)
{
    const struct ifaddrmsg *header = nlmsg_data(answer);
    struct sought *sought = payload;
    struct address address;

    if (read_address(answer, &address, &header->ifa_index) &&
        ip_equal(&address.prefix.ip, sought->ip)) {
        sought->index = header->ifa_index;
    }
    return 0;
}

static void seek_again(void *sought)
{
    ((struct sought *)sought)->index = 0;
}

int address_find(struct netns *ns, const struct ip *ip, unsigned int *index)
{
    const struct ifaddrmsg header = {.ifa_family = family_of(ip)};
    _cleanup_request_ struct request request =
        request_new(RTM_GETADDR, NLM_F_DUMP, &header, sizeof header);
    struct sought sought = {ip, 0};
    int error = request_dump(ns, &request, seek, seek_again, &sought);
    char text[IP_TEXT];

    if (!error && !sought.index) {
        error = fail(OVNK8S_NOTFOUND, "no link has it");
    }
    *index = sought.index;
    return error ? fail_during(error, "address", NULL, "looking for address %s in %s",
                               ip_to_text(ip, text), netns_name(ns))
                 : 0;
}

/* Whether the address that is there already is the very one that was to be added. */
static int accept_same(struct netns *ns, const struct address *address, unsigned int index)
{
    _cleanup_free_ struct address *there = NULL;
    char text[PREFIX_TEXT] = "";
    size_t n;
    const int error = list_index(ns, index, &there, &n);

    if (error) {
        return error;
    }
    for (size_t i = 0; i < n; i++) {
        if (!ip_equal(&there[i].prefix.ip, &address->prefix.ip)) {
            continue;
        }
        if (there[i].prefix.length == address->prefix.length) {
            return 0;
        }
        prefix_to_text(&there[i].prefix, text);
    }
    return *text ? fail(OVNK8S_EXISTS, "it has %s", text)
                 : fail(OVNK8S_CONFLICT, "another writer took the address away just now");
}

static int add(struct netns *ns, const char *link, const struct address *address)
{
    unsigned int index;
    int error = check_prefix(&address->prefix);

    if (!error) {
        error = link_find_index(ns, link, &index);
    }
    if (!error) {
        error = send_add(ns, address, index);
    }
    return error == OVNK8S_EXISTS ? accept_same(ns, address, index) : error;
}

int address_add(struct netns *ns, const char *link, const struct address *address)
{
    const int error = add(ns, link, address);
    char text[PREFIX_TEXT];

    return error ? fail_during(error, "address", link, "adding address %s to link %s in %s",
                               prefix_to_text(&address->prefix, text), link, netns_name(ns))
                 : 0;
}

static int del(struct netns *ns, const char *link, const struct prefix *prefix)
{
    unsigned int index;
    int error = check_prefix(prefix);

    if (!error) {
        error = link_find_index(ns, link, &index);
    }
    if (!error) {
        const struct address address = {.prefix = *prefix};
        _cleanup_request_ struct request request = address_request(RTM_DELADDR, 0, &address, index);

        error = request_send(ns, &request, NULL, NULL);
        error = error == OVNK8S_NOTFOUND ? fail(error, "no such address") : error;
    }
    return error;
}

int address_del(struct netns *ns, const char *link, const struct prefix *prefix)
{
    const int error = del(ns, link, prefix);
    char text[PREFIX_TEXT];

    return error ? fail_during(error, "address", link, "deleting address %s of link %s in %s",
                               prefix_to_text(prefix, text), link, netns_name(ns))
                 : 0;
}
