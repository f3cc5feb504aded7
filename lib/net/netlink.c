#include "net/netlink.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#include "base/error.h"
#include "base/wait.h"
#include "net/private.h"

int netlink_open(struct netlink *netlink, int protocol)
{
    static const int wanted[] = {NETLINK_EXT_ACK, NETLINK_CAP_ACK, NETLINK_GET_STRICT_CHK};
    const struct sockaddr_nl any = {.nl_family = AF_NETLINK};
    const int one = 1;

    netlink->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol);
    if (netlink->fd < 0 && errno == EPROTONOSUPPORT) {
        return fail(OVNK8S_UNSUPPORTED, "the kernel has no netlink of protocol %d", protocol);
    }
    if (netlink->fd < 0) {
        return fail_errno(errno, "opening a netlink socket");
    }
    if (bind(netlink->fd, (const struct sockaddr *)&any, sizeof any) < 0) {
        return fail_errno(errno, "binding a netlink socket");
    }
    for (size_t i = 0; i < COUNT_OF(wanted); i++) {
        /* A kernel without one of these explains less or sends more. */
        (void)setsockopt(netlink->fd, SOL_NETLINK, wanted[i], &one, sizeof one);
    }
    return 0;
}

/* What an error number means where it comes from rtnetlink. */
static int code_of(int error_number)
{
    switch (error_number) {
    case EINVAL:
    case ERANGE:
        return OVNK8S_INVALID; /* A value out of place. */
    case EADDRNOTAVAIL:
        return OVNK8S_NOTFOUND; /* No such address to delete. */
    case EOPNOTSUPP:
        return OVNK8S_UNSUPPORTED;
    default:
        return fail_errno(error_number, "netlink");
    }
}

static int fail_kernel(int error_number, const char *explanation)
{
    return fail(code_of(error_number), "%s%s%s", strerrordesc_np(error_number),
                *explanation ? ": " : "", explanation);
}

/* The verdict of an NLMSG_ERROR, which also stands for success. */
static int verdict(struct nlmsghdr *answer)
{
    const struct nlmsgerr *error = nlmsg_data(answer);
    char explanation[256] = "";

    if (nlmsg_datalen(answer) < (int)sizeof *error) {
        return fail(OVNK8S_PROTOCOL, "the kernel's answer is too short");
    }
    if (answer->nlmsg_flags & NLM_F_ACK_TLVS && answer->nlmsg_flags & NLM_F_CAPPED) {
        attr_string(nlmsg_find_attr(answer, sizeof *error, NLMSGERR_ATTR_MSG), explanation,
                    sizeof explanation);
    }
    return error->error ? fail_kernel(-error->error, explanation) : 0;
}

/* The end of a dump, which may have failed half way. */
static int dump_verdict(struct nlmsghdr *answer)
{
    int error = 0;

    if (nlmsg_datalen(answer) >= (int)sizeof error) {
        memcpy(&error, nlmsg_data(answer), sizeof error);
    }
    return error < 0 ? fail_kernel(-error, "") : 0;
}

int netlink_receive(struct netlink *netlink, const struct deadline *deadline, int *size)
{
    struct pollfd fds[2] = {{.fd = netlink->fd, .events = POLLIN}};
    struct sockaddr_nl from = {0};
    struct iovec iov = {netlink->buffer, sizeof netlink->buffer};
    struct msghdr message = {&from, sizeof from, &iov, 1, NULL, 0, 0};
    const int error = deadline_poll(deadline, fds, 1, INT64_MAX);
    ssize_t n;

    *size = 0;
    if (error) {
        return error;
    }
    n = recvmsg(netlink->fd, &message, 0);
    if (n < 0) {
        return errno == EAGAIN || errno == EINTR ? 0 : fail_errno(errno, "receiving from netlink");
    }
    if (message.msg_flags & MSG_TRUNC) {
        return fail(OVNK8S_PROTOCOL, "the kernel's answer is too long");
    }
    *size = from.nl_pid ? 0 : (int)n;
    return 0;
}

/* How a request goes on. */
struct exchange {
    answer_fn *fn;
    void *payload;
    bool done;
    bool interrupted; /* The dump is not of one moment. */
};

static int take_answer(struct exchange *exchange, struct nlmsghdr *answer)
{
    exchange->interrupted |= (answer->nlmsg_flags & NLM_F_DUMP_INTR) != 0;
    switch (answer->nlmsg_type) {
    case NLMSG_ERROR:
        exchange->done = true;
        return verdict(answer);
    case NLMSG_DONE:
        exchange->done = true;
        return dump_verdict(answer);
    default:
        return exchange->fn ? exchange->fn(answer, exchange->payload) : 0;
    }
}

static int take_datagram(struct netlink *netlink, struct exchange *exchange, int size)
{
    struct nlmsghdr *answer = (struct nlmsghdr *)netlink->buffer;
    int error = 0;

    for (; !error && !exchange->done && nlmsg_ok(answer, size);
         answer = nlmsg_next(answer, &size)) {
        if (answer->nlmsg_seq == netlink->sequence) {
            error = take_answer(exchange, answer);
        }
    }
    return error;
}

static int transact(struct netlink *netlink, struct nlmsghdr *request, struct exchange *exchange,
                    const struct deadline *deadline)
{
    int error = 0, size;

    request->nlmsg_seq = ++netlink->sequence;
    if (send(netlink->fd, request, request->nlmsg_len, MSG_NOSIGNAL) < 0) {
        return fail_errno(errno, "sending to netlink");
    }
    while (!error && !exchange->done) {
        error = netlink_receive(netlink, deadline, &size);
        if (!error) {
            error = take_datagram(netlink, exchange, size);
        }
    }
    return error;
}

int request_send(struct netns *ns, struct request *request, answer_fn *fn, void *payload)
{
    const struct deadline deadline = deadline_in(0, NULL);
    struct exchange exchange = {fn, payload, false, false};

    if (request->failed) {
        return fail_nomem();
    }
    nlmsg_hdr(request->message)->nlmsg_flags |= NLM_F_ACK;
    return transact(netns_netlink(ns), nlmsg_hdr(request->message), &exchange, &deadline);
}

/* Requests at once. */

/* How a batch goes on. */
struct burst {
    uint32_t first; /* The number of its first request. */
    size_t n, done;
    verdict_fn *fn;
    void *payload;
};

static void take_verdicts(struct netlink *netlink, struct burst *burst, int size)
{
    struct nlmsghdr *answer = (struct nlmsghdr *)netlink->buffer;

    for (; nlmsg_ok(answer, size); answer = nlmsg_next(answer, &size)) {
        const uint32_t i = answer->nlmsg_seq - burst->first;

        if (answer->nlmsg_type == NLMSG_ERROR && i == burst->done && i < burst->n) {
            burst->done++;
            burst->fn(i, verdict(answer), burst->payload);
        }
    }
}

/* The kernel takes no message beyond the one limit, and drops answers beyond the other. It counts
 * its own overhead too. */
static void make_room(const struct netlink *netlink, size_t size, size_t n)
{
    const int out = (int)(size + 65536), in = (int)(n * 2048 + 262144);

    (void)setsockopt(netlink->fd, SOL_SOCKET, SO_SNDBUFFORCE, &out, sizeof out);
    (void)setsockopt(netlink->fd, SOL_SOCKET, SO_RCVBUFFORCE, &in, sizeof in);
}

static void number(struct netlink *netlink, void *messages, size_t size)
{
    struct nlmsghdr *message = messages;
    int left = (int)size;

    for (; nlmsg_ok(message, left); message = nlmsg_next(message, &left)) {
        message->nlmsg_seq = ++netlink->sequence;
    }
}

int requests_send(struct netns *ns, void *messages, size_t size, size_t n, verdict_fn *fn,
                  void *payload)
{
    const struct deadline deadline = deadline_in(0, NULL);
    struct netlink *netlink = netns_netlink(ns);
    struct burst burst = {netlink->sequence + 1, n, 0, fn, payload};
    int error = 0, got;

    number(netlink, messages, size);
    make_room(netlink, size, n);
    if (send(netlink->fd, messages, size, MSG_NOSIGNAL) < 0) {
        return fail_errno(errno, "sending to netlink");
    }
    while (!error && burst.done < n) {
        error = netlink_receive(netlink, &deadline, &got);
        if (!error) {
            take_verdicts(netlink, &burst, got);
        }
    }
    return error;
}

/* Whatever is refused, be it the mark of the beginning, refuses all. */
static int count_verdicts(struct netlink *netlink, uint32_t first, int size, size_t *done)
{
    struct nlmsghdr *answer = (struct nlmsghdr *)netlink->buffer;
    int error = 0;

    for (; !error && nlmsg_ok(answer, size); answer = nlmsg_next(answer, &size)) {
        if (answer->nlmsg_type == NLMSG_ERROR &&
            answer->nlmsg_seq - first <= netlink->sequence - first) {
            error = verdict(answer);
            ++*done;
        }
    }
    return error;
}

int netlink_transact(struct netlink *netlink, void *messages, size_t size, size_t n)
{
    const struct deadline deadline = deadline_in(0, NULL);
    const uint32_t first = netlink->sequence + 1;
    size_t done = 0;
    int error = 0, got;

    number(netlink, messages, size);
    if (send(netlink->fd, messages, size, MSG_NOSIGNAL) < 0) {
        return fail_errno(errno, "sending to netlink");
    }
    while (!error && done < n) {
        error = netlink_receive(netlink, &deadline, &got);
        error = error ? error : count_verdicts(netlink, first, got, &done);
    }
    return error;
}

int request_dump(struct netns *ns, struct request *request, answer_fn *fn,
                 void (*restart)(void *payload), void *payload)
{
    const struct deadline deadline = deadline_in(0, NULL);
    struct exchange exchange = {.interrupted = true};
    int error = request->failed ? fail_nomem() : 0;

    for (int i = 0; !error && exchange.interrupted; i++) {
        if (i) {
            restart(payload);
            error = deadline_check(&deadline);
        }
        exchange = (struct exchange){fn, payload, false, false};
        error =
            error ? error
                  : transact(netns_netlink(ns), nlmsg_hdr(request->message), &exchange, &deadline);
    }
    return error;
}

struct listing {
    struct list *list;
    item_fn *fn;
    const void *payload;
};

static int list_grow(struct list *list)
{
    const size_t room = list->room ? 2 * list->room : 16;
    void *items =
        list->n < list->room ? list->items : reallocarray(list->items, room, list->item_size);

    if (!items) {
        return fail_nomem();
    }
    list->room = list->n < list->room ? list->room : room;
    list->items = items;
    return 0;
}

static int add_answer(struct nlmsghdr *answer, void *listing_)
{
    const struct listing *listing = listing_;
    struct list *list = listing->list;
    void *item;

    if (list_grow(list)) {
        return OVNK8S_NOMEM;
    }
    item = (char *)list->items + list->n * list->item_size;
    memset(item, 0, list->item_size);
    list->n += listing->fn(answer, item, listing->payload);
    return 0;
}

static int list_once(struct netlink *netlink, struct request *request, struct listing *listing,
                     const struct deadline *deadline, bool *again)
{
    struct exchange exchange = {add_answer, listing, false, false};
    const size_t before = listing->list->n;
    const int error = transact(netlink, nlmsg_hdr(request->message), &exchange, deadline);

    *again = !error && exchange.interrupted;
    if (*again) {
        listing->list->n = before;
        return deadline_check(deadline);
    }
    return error;
}

int request_list(struct netns *ns, struct request *request, struct list *list, item_fn *fn,
                 const void *payload)
{
    const struct deadline deadline = deadline_in(0, NULL);
    struct listing listing = {list, fn, payload};
    bool again = true;
    int error = 0;

    if (request->failed) {
        error = fail_nomem();
    }
    while (!error && again) {
        error = list_once(netns_netlink(ns), request, &listing, &deadline, &again);
    }
    if (error) {
        free(list->items);
        *list = (struct list){.item_size = list->item_size};
    }
    return error;
}
