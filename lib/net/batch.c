#include "net/batch.h"

#include <linux/rtnetlink.h>
#include <string.h>

#include "base/error.h"
#include "net/netlink.h"
#include "net/private.h"

static const char zeros[NLMSG_ALIGNTO];

static void fill_up(struct batch *batch)
{
    text_add_bytes(&batch->bytes, zeros, NLMSG_ALIGN(batch->bytes.length) - batch->bytes.length);
}

struct nlmsghdr *batch_latest(struct batch *batch)
{
    return batch->bytes.failed ? NULL : (struct nlmsghdr *)(batch->bytes.bytes + batch->last);
}

void batch_put(struct batch *batch, const void *bytes, size_t size)
{
    struct nlmsghdr *message;

    text_add_bytes(&batch->bytes, bytes, size);
    fill_up(batch);
    message = batch_latest(batch);
    if (message) {
        message->nlmsg_len = (uint32_t)(batch->bytes.length - batch->last);
    }
}

void batch_put_attribute(struct batch *batch, int type, const void *value, size_t size)
{
    const struct nlattr header = {(uint16_t)(NLA_HDRLEN + size), (uint16_t)type};

    batch_put(batch, &header, sizeof header);
    batch_put(batch, value, size);
}

void batch_begin(struct batch *batch, int type, int flags, const void *header, size_t size,
                 const void *about)
{
    const struct nlmsghdr message = {
        .nlmsg_type = (uint16_t)type,
        .nlmsg_flags = (uint16_t)(NLM_F_REQUEST | NLM_F_ACK | flags),
    };

    batch->last = batch->bytes.length;
    batch_put(batch, &message, sizeof message);
    batch_put(batch, header, size);
    text_add_bytes(&batch->abouts, &about, sizeof about);
    batch->n++;
}

const struct nlmsghdr *batch_message(const struct batch *batch, size_t offset)
{
    return offset < batch->bytes.length ? (const void *)(batch->bytes.bytes + offset) : NULL;
}

const void *batch_about(const struct batch *batch, size_t i)
{
    return ((const void *const *)(const void *)batch->abouts.bytes)[i];
}

void batch_clear(struct batch *batch)
{
    text_clear(&batch->bytes);
    text_clear(&batch->abouts);
    *batch = (struct batch){0};
}

struct sending {
    struct batch *batch;
    struct failure_story story;
    size_t offset, failed;
    int error;
};

/* The types of rtnetlink come in fours: new, delete, get, set. */
static bool is_done_anyway(const struct nlmsghdr *message, int error)
{
    const bool deletes = (message->nlmsg_type - RTM_BASE) % 4 == 1;

    return error == (deletes ? OVNK8S_NOTFOUND : OVNK8S_EXISTS);
}

static void take_verdict(size_t i, int error, void *sending_)
{
    struct sending *sending = sending_;
    const struct nlmsghdr *message = batch_message(sending->batch, sending->offset);

    sending->offset += message->nlmsg_len;
    if (error && !sending->error && !is_done_anyway(message, error)) {
        sending->error = error;
        sending->failed = i;
        sending->story = failure_save();
    }
}

int batch_send(struct netns *ns, struct batch *batch, size_t *failed)
{
    struct sending sending = {.batch = batch, .failed = SIZE_MAX};
    int error;

    *failed = SIZE_MAX;
    if (batch->bytes.failed || batch->abouts.failed) {
        return fail_nomem();
    }
    error = batch->n ? requests_send(ns, batch->bytes.bytes, batch->bytes.length, batch->n,
                                     take_verdict, &sending)
                     : 0;
    if (!error && sending.error) {
        failure_restore(&sending.story);
        error = sending.error;
        *failed = sending.failed;
    }
    return error;
}
