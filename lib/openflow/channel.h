/* One OpenFlow connection to a switch, made again whenever it is lost.
 *
 * It cuts the stream into messages, agrees on a version (1.4 or 1.5), and answers echo requests;
 * everything else is for the handler. A connection that cannot be made is tried again after a pause
 * that doubles up to a second; for a unix: remote the appearance of the socket, which is when
 * ovs-vswitchd has started again, ends the pause at once. */

#ifndef OPENFLOW_CHANNEL_H
#define OPENFLOW_CHANNEL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "openvswitch/ofp-msgs.h"
#include "openvswitch/ofpbuf.h"

struct channel_handler {
    /* Messages can be sent. */
    void (*opened)(void *payload);
    /* A message of the switch, whose type and smallest length are right; valid during the call. */
    void (*message)(void *payload, enum ofptype type, const struct ofp_header *message);
    /* One that libopenvswitch cannot even classify. */
    void (*strange)(void *payload, const struct ofp_header *message);
    /* The connection is gone, or could not be made, for the reason that was recorded. */
    void (*closed)(void *payload, int error);
    void *payload;
};

enum channel_state { CHANNEL_WAITING, CHANNEL_CONNECTING, CHANNEL_GREETING, CHANNEL_OPEN };

struct channel {
    struct channel_handler handler;
    char *remote;
    struct sockaddr_storage address;
    socklen_t address_length;
    enum channel_state state;
    int fd, inotify; /* -1: none. */
    int64_t at;      /* When to try again, or to give up what is tried. */
    unsigned int attempts;
    enum ofp_version version; /* That was agreed on. */
    uint32_t xid;             /* Of the latest message. */
    struct ofpbuf out;
    uint8_t *in; /* One message, aligned as libopenvswitch wants it. */
    size_t in_length;
};

/* Prepares a connection to "unix:PATH" or "tcp:ADDRESS:PORT". Fails with OVNK8S_INVALID,
 * OVNK8S_UNSUPPORTED (ssl:) and OVNK8S_NOMEM. channel_clear() is to be called in any case. */
int channel_init(struct channel *channel, const char *remote,
                 const struct channel_handler *handler);
void channel_clear(struct channel *channel);

/* Does what can be done without waiting. */
void channel_step(struct channel *channel);

/* What to wait for until then: a descriptor, which may be -1, with its events for poll(), and a
 * point in time, as now_ms(). */
int channel_fd(const struct channel *channel);
short channel_events(const struct channel *channel);
int64_t channel_deadline(const struct channel *channel);

/* Sends 'message', which is taken, over an open channel. Returns its transaction id. */
uint32_t channel_send(struct channel *channel, struct ofpbuf *message);

/* The id that the next message will have. */
uint32_t channel_next_xid(const struct channel *channel);

/* Ends the connection because of the failure 'error', which was recorded, and lets it be made
 * again. */
void channel_break(struct channel *channel, int error);

#endif /* channel.h */
