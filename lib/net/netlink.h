/* Requests to the kernel over rtnetlink, one at a time: of this room's own use.
 *
 * A request is built without looking at errors; one that could not get memory stays in that state
 * and fails when it is sent. */

#ifndef NET_NETLINK_H
#define NET_NETLINK_H

#include <linux/netlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/ip.h"
#include "base/mem.h"

struct deadline;
struct netns;

/* The socket of a namespace. The kernel fills no datagram beyond 32 kB. */
struct netlink {
    int fd;
    uint32_t sequence; /* Of the latest request: answers to earlier ones are dropped. */
    _Alignas(struct nlmsghdr) unsigned char buffer[32768];
};

/* Waits for a datagram and gives its size in '*size', or 0 when it is not from the kernel. */
int netlink_receive(struct netlink *netlink, const struct deadline *deadline, int *size);

/* Opens a socket of the protocol, such as NETLINK_ROUTE, in the namespace that the thread is in. */
int netlink_open(struct netlink *netlink, int protocol);

/* Sends messages that take effect together, and waits until the kernel has acknowledged 'n' of
 * them; fails with its reason for the first that it refuses. */
int netlink_transact(struct netlink *netlink, void *messages, size_t size, size_t n);

struct request {
    struct nl_msg *message;
    bool failed;
};

/* A message of 'type' (RTM_*) and NLM_F_* 'flags' that begins with 'header'. */
struct request request_new(int type, int flags, const void *header, size_t size);
void request_clear(struct request *request);
#define _cleanup_request_ CLEANUP(request_clear)

void request_put(struct request *request, int type, const void *value, size_t size);
void request_put_u32(struct request *request, int type, uint32_t value);
void request_put_string(struct request *request, int type, const char *value);
void request_put_ip(struct request *request, int type, const struct ip *ip);

/* Attributes that are put between these two become part of the attribute 'type'. */
struct nlattr *request_nest(struct request *request, int type);
void request_nest_end(struct request *request, struct nlattr *nest);

/* Looks at one answer; a negative value ends the request with that error. */
typedef int answer_fn(struct nlmsghdr *answer, void *payload);

/* Sends the request, calls 'fn', unless it is NULL, for each answer and waits until the kernel says
 * that it is done. Fails with the kernel's reason alone: the caller tells what was going on. */
int request_send(struct netns *ns, struct request *request, answer_fn *fn, void *payload);

/* Is told the verdict on request number 'i': 0, or an error with its reason recorded. */
typedef void verdict_fn(size_t i, int error, void *payload);

/* Sends 'n' requests, of 'size' bytes together, that stand one after the other in 'messages' and
 * ask for an acknowledgement each, at once, and gives 'fn' the verdicts in their order. Fails only
 * when that cannot be done. */
int requests_send(struct netns *ns, void *messages, size_t size, size_t n, verdict_fn *fn,
                  void *payload);

/* Sends a dump request and calls 'fn' for each answer, as often as it takes until they are all of
 * one moment; 'restart' is called before each further time. */
int request_dump(struct netns *ns, struct request *request, answer_fn *fn,
                 void (*restart)(void *payload), void *payload);

/* What is made of the answers to a dump. */
struct list {
    void *items;
    size_t n, room, item_size;
};

/* Fills in 'item', which is zeroed. Returns whether the answer is one that the list shall have. */
typedef bool item_fn(struct nlmsghdr *answer, void *item, const void *payload);

/* Sends a dump request and adds its answers to 'list', all of one moment: when the kernel says that
 * something changed meanwhile, it is asked again. On failure the list holds nothing. */
int request_list(struct netns *ns, struct request *request, struct list *list, item_fn *fn,
                 const void *payload);

/* The values of attributes; zero for one that is missing or too short. */
uint32_t attr_u32(const struct nlattr *attr);
struct ip attr_ip(const struct nlattr *attr);
void attr_string(const struct nlattr *attr, char *out, size_t size);

/* The names that the kernel has for the families of addresses. */
unsigned char family_of(const struct ip *ip);

#endif /* netlink.h */
