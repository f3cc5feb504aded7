#include <config.h>

#include "openflow/channel.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/descriptor.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/wait.h"

#include "openvswitch/ofp-util.h"

enum {
    FIRST_PAUSE_MS = 10,
    LAST_PAUSE_MS = 1000,
    GREETING_MS = 3000,      /* For connecting and agreeing on a version. */
    MESSAGE_MAX = 65536,     /* A length has 16 bits. */
    MESSAGES_PER_STEP = 200, /* Others want their turn too. */
};

/* Remotes. */

static int parse_unix(struct channel *channel, const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    if (!*path || strlen(path) >= sizeof address.sun_path) {
        return fail(OVNK8S_INVALID, "%s: expected a path of 1 to %zu characters", channel->remote,
                    sizeof address.sun_path - 1);
    }
    strcpy(address.sun_path, path);
    memcpy(&channel->address, &address, sizeof address);
    channel->address_length = sizeof address;
    return 0;
}

static bool parse_ipv4(struct channel *channel, const char *host, uint16_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};

    memcpy(&channel->address, &address, sizeof address);
    channel->address_length = sizeof address;
    return inet_pton(AF_INET, host, &((struct sockaddr_in *)&channel->address)->sin_addr) == 1;
}

static bool parse_ipv6(struct channel *channel, char *host, uint16_t port)
{
    struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    const size_t length = strlen(host);

    if (*host != '[' || host[length - 1] != ']') {
        return false;
    }
    host[length - 1] = '\0';
    memcpy(&channel->address, &address, sizeof address);
    channel->address_length = sizeof address;
    return inet_pton(AF_INET6, host + 1, &((struct sockaddr_in6 *)&channel->address)->sin6_addr) ==
           1;
}

static int parse_tcp(struct channel *channel, const char *text)
{
    _cleanup_free_ char *host = strdup(text);
    char *colon = host ? strrchr(host, ':') : NULL;
    unsigned long port = 0;

    if (!host) {
        return fail_nomem();
    }
    if (colon && strspn(colon + 1, "0123456789") == strlen(colon + 1) && strlen(colon + 1) <= 5) {
        *colon = '\0';
        port = strtoul(colon + 1, NULL, 10);
    }
    if (!port || port > UINT16_MAX ||
        !(parse_ipv4(channel, host, (uint16_t)port) || parse_ipv6(channel, host, (uint16_t)port))) {
        return fail(OVNK8S_INVALID, "remote \"%.80s\": expected tcp:ADDRESS:PORT", channel->remote);
    }
    return 0;
}

static int parse_remote(struct channel *channel)
{
    if (!strncmp(channel->remote, "unix:", 5)) {
        return parse_unix(channel, channel->remote + 5);
    }
    if (!strncmp(channel->remote, "tcp:", 4)) {
        return parse_tcp(channel, channel->remote + 4);
    }
    if (!strncmp(channel->remote, "ssl:", 4)) {
        return fail(OVNK8S_UNSUPPORTED,
                    "remote \"%.80s\": OpenFlow is spoken over unix: and tcp:", channel->remote);
    }
    return fail(OVNK8S_INVALID, "remote \"%.80s\": expected unix:PATH or tcp:ADDRESS:PORT",
                channel->remote);
}

int channel_init(struct channel *channel, const char *remote, const struct channel_handler *handler)
{
    *channel = (struct channel){.handler = *handler, .fd = -1, .inotify = -1};
    ofpbuf_init(&channel->out, 0);
    channel->remote = strdup(remote ? remote : "");
    channel->in = malloc(MESSAGE_MAX);
    return channel->remote && channel->in ? parse_remote(channel) : fail_nomem();
}

/* The folder of the socket is watched before each attempt, so that none of its changes is lost. */
static void watch_folder(struct channel *channel)
{
    const struct sockaddr_un *address = (const struct sockaddr_un *)&channel->address;
    char folder[sizeof address->sun_path];
    char *slash;

    if (channel->address.ss_family != AF_UNIX || channel->inotify >= 0) {
        return;
    }
    strcpy(folder, address->sun_path);
    slash = strrchr(folder, '/');
    channel->inotify = descriptor_aside(inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
    if (channel->inotify < 0) {
        return; /* Then the pauses alone have to do. */
    }
    if (slash) {
        slash[slash == folder] = '\0';
    }
    if (inotify_add_watch(channel->inotify, slash ? folder : ".", IN_CREATE | IN_MOVED_TO) < 0) {
        close(channel->inotify);
        channel->inotify = -1;
    }
}

static void forget_folder(struct channel *channel)
{
    if (channel->inotify >= 0) {
        close(channel->inotify);
        channel->inotify = -1;
    }
}

static bool folder_has_changed(struct channel *channel)
{
    char events[4096];
    bool changed = false;

    while (channel->inotify >= 0 && read(channel->inotify, events, sizeof events) > 0) {
        changed = true;
    }
    return changed;
}

/* Life of a connection. */

static int64_t next_pause(struct channel *channel)
{
    const int64_t pause = FIRST_PAUSE_MS << (channel->attempts < 7 ? channel->attempts : 7);

    channel->attempts++;
    return pause < LAST_PAUSE_MS ? pause : LAST_PAUSE_MS;
}

static void disconnect(struct channel *channel)
{
    if (channel->fd >= 0) {
        close(channel->fd);
        channel->fd = -1;
    }
    ofpbuf_clear(&channel->out);
    channel->in_length = 0;
    channel->state = CHANNEL_WAITING;
}

void channel_break(struct channel *channel, int error)
{
    disconnect(channel);
    channel->at = now_ms() + next_pause(channel);
    channel->handler.closed(channel->handler.payload, error);
}

void channel_clear(struct channel *channel)
{
    disconnect(channel);
    forget_folder(channel);
    ofpbuf_uninit(&channel->out);
    free(channel->remote);
    free(channel->in);
}

static void greet(struct channel *channel)
{
    struct ofpbuf *hello = ofputil_encode_hello(1u << OFP14_VERSION | 1u << OFP15_VERSION);

    channel->state = CHANNEL_GREETING;
    ofpmsg_update_length(hello);
    ofpbuf_put(&channel->out, hello->data, hello->size);
    ofpbuf_delete(hello);
}

static void system_failed(struct channel *channel, int error_number)
{
    channel_break(channel, fail(OVNK8S_UNAVAILABLE, "%s", strerrordesc_np(error_number)));
}

static void begin(struct channel *channel)
{
    const int on = 1;

    watch_folder(channel);
    folder_has_changed(channel);
    channel->fd = socket(channel->address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (channel->fd < 0) {
        system_failed(channel, errno);
        return;
    }
    channel->at = now_ms() + GREETING_MS;
    if (channel->address.ss_family != AF_UNIX) {
        setsockopt(channel->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    }
    if (!connect(channel->fd, (struct sockaddr *)&channel->address, channel->address_length)) {
        greet(channel);
    } else if (errno == EINPROGRESS) {
        channel->state = CHANNEL_CONNECTING;
    } else {
        system_failed(channel, errno);
    }
}

static void finish_connecting(struct channel *channel)
{
    struct pollfd fd = {.fd = channel->fd, .events = POLLOUT};
    int error = 0;
    socklen_t length = sizeof error;

    if (poll(&fd, 1, 0) <= 0) {
        return;
    }
    getsockopt(channel->fd, SOL_SOCKET, SO_ERROR, &error, &length);
    if (error) {
        system_failed(channel, error);
    } else {
        greet(channel);
    }
}

/* Messages. */

uint32_t channel_next_xid(const struct channel *channel)
{
    return channel->xid == UINT32_MAX ? 1 : channel->xid + 1;
}

uint32_t channel_send(struct channel *channel, struct ofpbuf *message)
{
    channel->xid = channel_next_xid(channel);
    ofpmsg_update_length(message);
    ((struct ofp_header *)message->data)->xid = htonl(channel->xid);
    ofpbuf_put(&channel->out, message->data, message->size);
    ofpbuf_delete(message);
    return channel->xid;
}

static void flush(struct channel *channel)
{
    while (channel->out.size) {
        const ssize_t n =
            send(channel->fd, channel->out.data, channel->out.size, MSG_NOSIGNAL | MSG_DONTWAIT);

        if (n < 0 && errno != EAGAIN && errno != EINTR) {
            system_failed(channel, errno);
            return;
        }
        if (n <= 0) {
            return;
        }
        ofpbuf_pull(&channel->out, (size_t)n);
    }
}

static void take_hello(struct channel *channel, const struct ofp_header *hello)
{
    uint32_t theirs = 0;
    const bool understood = hello->version && ofputil_decode_hello(hello, &theirs);

    if (!understood && !theirs) {
        channel_break(channel, fail(OVNK8S_PROTOCOL, "the switch's greeting is broken"));
    } else if (!(theirs & (1u << OFP14_VERSION | 1u << OFP15_VERSION))) {
        channel_break(channel,
                      fail(OVNK8S_UNSUPPORTED, "the bridge speaks neither OpenFlow 1.4 nor 1.5:"
                                               " see its column protocols"));
    } else {
        channel->version = theirs & 1u << OFP15_VERSION ? OFP15_VERSION : OFP14_VERSION;
        channel->state = CHANNEL_OPEN;
        channel->at = INT64_MAX;
        channel->attempts = 0;
        forget_folder(channel);
        channel->handler.opened(channel->handler.payload);
    }
}

static void take_greeting(struct channel *channel, enum ofptype type,
                          const struct ofp_header *message)
{
    if (type == OFPTYPE_HELLO) {
        take_hello(channel, message);
    } else {
        channel_break(channel, fail(OVNK8S_PROTOCOL, "the switch does not greet"));
    }
}

static void take_message(struct channel *channel, const struct ofp_header *message)
{
    enum ofptype type;
    const bool is_strange = ofptype_decode(&type, message) != 0;

    if (channel->state == CHANNEL_GREETING) {
        take_greeting(channel, is_strange ? OFPTYPE_ERROR : type, message);
    } else if (message->version != channel->version) {
        channel_break(channel, fail(OVNK8S_PROTOCOL, "the switch changes its OpenFlow version"));
    } else if (is_strange) {
        channel->handler.strange(channel->handler.payload, message);
    } else if (type == OFPTYPE_ECHO_REQUEST) {
        struct ofpbuf *reply = ofputil_encode_echo_reply(message);

        ofpmsg_update_length(reply);
        ofpbuf_put(&channel->out, reply->data, reply->size);
        ofpbuf_delete(reply);
    } else {
        channel->handler.message(channel->handler.payload, type, message);
    }
}

/* How long the message is that is being received, as far as that is known. */
static size_t expected(const struct channel *channel)
{
    const struct ofp_header *header = (const struct ofp_header *)channel->in;

    return channel->in_length < sizeof *header ? sizeof *header : ntohs(header->length);
}

/* Whether what has come of a message can be the beginning of one. Another protocol than OpenFlow
 * could seem to announce a message that never comes. */
static bool is_plausible(const struct channel *channel)
{
    const struct ofp_header *header = (const struct ofp_header *)channel->in;

    if (channel->in_length < sizeof *header) {
        return true;
    }
    return ntohs(header->length) >= sizeof *header &&
           (channel->state != CHANNEL_GREETING || header->type <= 1); /* Hello, or an error. */
}

/* Returns false when nothing more can be received now. */
static bool receive(struct channel *channel)
{
    const size_t length = expected(channel);
    const ssize_t n = recv(channel->fd, channel->in + channel->in_length,
                           length - channel->in_length, MSG_DONTWAIT);

    if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
        return false;
    }
    if (n < 0) {
        system_failed(channel, errno);
        return false;
    }
    if (!n) {
        channel_break(channel, fail(OVNK8S_UNAVAILABLE, "the switch has closed the connection"));
        return false;
    }
    channel->in_length += (size_t)n;
    if (!is_plausible(channel)) {
        channel_break(channel, fail(OVNK8S_PROTOCOL, "the switch sends no OpenFlow"));
        return false;
    }
    if (channel->in_length >= sizeof(struct ofp_header) &&
        channel->in_length == expected(channel)) {
        channel->in_length = 0;
        take_message(channel, (const struct ofp_header *)channel->in);
    }
    return channel->fd >= 0;
}

void channel_step(struct channel *channel)
{
    if (channel->state == CHANNEL_WAITING &&
        (now_ms() >= channel->at || folder_has_changed(channel))) {
        begin(channel);
    }
    if (channel->state == CHANNEL_CONNECTING) {
        finish_connecting(channel);
    }
    if (channel->state >= CHANNEL_GREETING) {
        flush(channel);
        for (int i = 0; channel->fd >= 0 && i < MESSAGES_PER_STEP && receive(channel); i++) {
        }
    }
    if (channel->state >= CHANNEL_GREETING) {
        flush(channel);
    }
    if ((channel->state == CHANNEL_CONNECTING || channel->state == CHANNEL_GREETING) &&
        now_ms() >= channel->at) {
        channel_break(channel, fail(OVNK8S_UNAVAILABLE, "the switch does not answer"));
    }
}

/* Waiting. */

int channel_fd(const struct channel *channel)
{
    return channel->fd >= 0 ? channel->fd : channel->inotify;
}

short channel_events(const struct channel *channel)
{
    const bool writes = channel->state == CHANNEL_CONNECTING || channel->out.size;

    return channel->fd >= 0 && writes ? POLLIN | POLLOUT : POLLIN;
}

int64_t channel_deadline(const struct channel *channel)
{
    return channel->at;
}
