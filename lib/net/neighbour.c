#include "net/neighbour.h"

#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include "base/error.h"
#include "net/events.h"
#include "net/link.h"
#include "net/netns.h"

/* What the kernel knows of a neighbour. */
struct known {
    unsigned int state;        /* NUD_*; 0 when it knows nothing. */
    unsigned char address[32]; /* On the link. */
    size_t length;
};

static int read_known(struct nlmsghdr *answer, void *known_)
{
    const struct ndmsg *header = nlmsg_data(answer);
    struct nlattr *attrs[NDA_MAX + 1];
    struct known *known = known_;

    if (nlmsg_parse(answer, sizeof *header, attrs, NDA_MAX, NULL) < 0) {
        return fail(OVNK8S_PROTOCOL, "the kernel's answer makes no sense");
    }
    known->state = header->ndm_state;
    if (attrs[NDA_LLADDR] && nla_len(attrs[NDA_LLADDR]) <= (int)sizeof known->address) {
        known->length = (size_t)nla_len(attrs[NDA_LLADDR]);
        memcpy(known->address, nla_data(attrs[NDA_LLADDR]), known->length);
    }
    return 0;
}

static int look(struct netns *ns, const struct link_info *link, const struct ip *ip,
                struct known *known)
{
    const struct ndmsg header = {.ndm_family = family_of(ip), .ndm_ifindex = (int)link->index};
    _cleanup_request_ struct request request = request_new(RTM_GETNEIGH, 0, &header, sizeof header);
    int error;

    *known = (struct known){0};
    request_put_ip(&request, NDA_DST, ip);
    error = request_send(ns, &request, read_known, known);
    return error == OVNK8S_NOTFOUND ? 0 : error;
}

/* A neighbour whose address is known is asked whether it still has it, without being forgotten. */
static int ask(struct netns *ns, const struct link_info *link, const struct ip *ip,
               const struct known *known)
{
    const bool is_known = known->length && known->state & ~(NUD_FAILED | NUD_INCOMPLETE);
    const struct ndmsg header = {.ndm_family = family_of(ip),
                                 .ndm_ifindex = (int)link->index,
                                 .ndm_state = is_known ? NUD_PROBE : NUD_NONE,
                                 .ndm_flags = is_known ? 0 : NTF_USE};
    _cleanup_request_ struct request request =
        request_new(RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE, &header, sizeof header);

    request_put_ip(&request, NDA_DST, ip);
    if (is_known) {
        request_put(&request, NDA_LLADDR, known->address, known->length);
    }
    return request_send(ns, &request, NULL, NULL);
}

/* Looks at all, asks those that it shall, and counts who may still answer. */
static int step(struct netns *ns, const struct link_info *link, struct neighbour *all, size_t n,
                bool asks, size_t *waiting)
{
    struct known known;
    int error = 0;

    *waiting = 0;
    for (size_t i = 0; i < n && !error; i++) {
        error = look(ns, link, &all[i].ip, &known);
        all[i].answers = known.state & NUD_REACHABLE;
        if (!error && asks && !(known.state & (NUD_REACHABLE | NUD_PERMANENT))) {
            error = ask(ns, link, &all[i].ip, &known);
            known.state = NUD_INCOMPLETE;
        }
        *waiting += (known.state & (NUD_INCOMPLETE | NUD_PROBE | NUD_DELAY | NUD_STALE)) != 0;
    }
    return error;
}

int neighbours_probe(struct netns *ns, const struct link_info *link, struct neighbour *all,
                     size_t n, const struct deadline *deadline)
{
    _cleanup_events_ struct events events = {.netlink.fd = -1};
    size_t waiting = n;
    int error = n ? events_open(&events, ns, RTNLGRP_NEIGH) : 0;

    for (bool asks = true; !error && waiting; asks = false) {
        error = asks ? 0 : events_wait(&events, deadline);
        error = error ? error : step(ns, link, all, n, asks, &waiting);
    }
    if (error == OVNK8S_TIMEOUT) {
        return 0;
    }
    return error ? fail_during(error, "neighbour", link->name, "asking neighbours over link %s",
                               link->name)
                 : 0;
}
