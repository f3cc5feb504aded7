#include "net/stand_in.h"

#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/text.h"
#include "base/wait.h"
#include "net/netlink.h"
#include "net/netns.h"
#include "net/private.h"

#define INCOMING "incoming"
#define OUTGOING "outgoing"

/* Before the connection tracker has seen a packet that comes in, and after it has seen one that
 * goes out: to it, as to everybody on the host, the other address is the one. */
enum { INCOMING_PRIORITY = -310, OUTGOING_PRIORITY = 310 };

/* Messages that take effect together or not at all. */
struct transaction {
    struct text bytes;
    size_t n; /* Of those that are answered. */
    char table[IFNAMSIZ + sizeof "ovnk8s-"];
    char link[IFNAMSIZ];
};

/* Messages. Numbers are in network byte order here. */

static struct request message(int type, int flags)
{
    const struct nfgenmsg header = {.nfgen_family = NFPROTO_INET, .version = NFNETLINK_V0};

    return request_new((NFNL_SUBSYS_NFTABLES << 8) | type, NLM_F_ACK | flags, &header,
                       sizeof header);
}

static void add_bytes(struct transaction *t, const struct request *request)
{
    if (request->failed) {
        t->bytes.failed = true;
    } else {
        text_add_bytes(&t->bytes, nlmsg_hdr(request->message),
                       nlmsg_hdr(request->message)->nlmsg_len);
    }
}

static void add(struct transaction *t, const struct request *request)
{
    add_bytes(t, request);
    t->n++;
}

static void put_be32(struct request *request, int type, uint32_t value)
{
    request_put_u32(request, type, htonl(value));
}

/* The mark of where the transaction begins, or ends; neither is answered. */
static void add_mark(struct transaction *t, int type)
{
    const struct nfgenmsg header = {.res_id = htons(NFNL_SUBSYS_NFTABLES)};
    _cleanup_request_ struct request request = request_new(type, 0, &header, sizeof header);

    add_bytes(t, &request);
}

static void add_table(struct transaction *t, int type, int flags)
{
    _cleanup_request_ struct request request = message(type, flags);

    request_put_string(&request, NFTA_TABLE_NAME, t->table);
    add(t, &request);
}

static void add_chain(struct transaction *t, const char *name, uint32_t hook, int32_t priority)
{
    _cleanup_request_ struct request request = message(NFT_MSG_NEWCHAIN, NLM_F_CREATE);
    struct nlattr *nest;

    request_put_string(&request, NFTA_CHAIN_TABLE, t->table);
    request_put_string(&request, NFTA_CHAIN_NAME, name);
    nest = request_nest(&request, NFTA_CHAIN_HOOK);
    put_be32(&request, NFTA_HOOK_HOOKNUM, hook);
    put_be32(&request, NFTA_HOOK_PRIORITY, (uint32_t)priority);
    request_nest_end(&request, nest);
    request_put_string(&request, NFTA_CHAIN_TYPE, "filter");
    add(t, &request);
}

/* Expressions of a rule, one after the other. All use the same register. */

struct expression {
    struct request *request;
    struct nlattr *element, *data;
};

static struct expression begin(struct request *request, const char *name)
{
    struct expression e = {.request = request};

    e.element = request_nest(request, NFTA_LIST_ELEM);
    request_put_string(request, NFTA_EXPR_NAME, name);
    e.data = request_nest(request, NFTA_EXPR_DATA);
    return e;
}

static void end(const struct expression *e)
{
    request_nest_end(e->request, e->data);
    request_nest_end(e->request, e->element);
}

static void put_value(struct request *request, int type, const void *value, size_t size)
{
    struct nlattr *nest = request_nest(request, type);

    request_put(request, NFTA_DATA_VALUE, value, size);
    request_nest_end(request, nest);
}

static void load_meta(struct request *request, uint32_t key)
{
    const struct expression e = begin(request, "meta");

    put_be32(request, NFTA_META_DREG, NFT_REG32_00);
    put_be32(request, NFTA_META_KEY, key);
    end(&e);
}

static void compare(struct request *request, const void *value, size_t size)
{
    const struct expression e = begin(request, "cmp");

    put_be32(request, NFTA_CMP_SREG, NFT_REG32_00);
    put_be32(request, NFTA_CMP_OP, NFT_CMP_EQ);
    put_value(request, NFTA_CMP_DATA, value, size);
    end(&e);
}

static void load_value(struct request *request, const void *value, size_t size)
{
    const struct expression e = begin(request, "immediate");

    put_be32(request, NFTA_IMMEDIATE_DREG, NFT_REG32_00);
    put_value(request, NFTA_IMMEDIATE_DATA, value, size);
    end(&e);
}

/* Bytes of the header of IP, to or from the register. What is changed is put right in the checksums
 * of the header, which IPv6 has not, and of TCP, UDP and ICMP. */
static void payload(struct request *request, bool is_stored, uint32_t offset, const struct ip *ip)
{
    const struct expression e = begin(request, "payload");

    put_be32(request, is_stored ? NFTA_PAYLOAD_SREG : NFTA_PAYLOAD_DREG, NFT_REG32_00);
    put_be32(request, NFTA_PAYLOAD_BASE, NFT_PAYLOAD_NETWORK_HEADER);
    put_be32(request, NFTA_PAYLOAD_OFFSET, offset);
    put_be32(request, NFTA_PAYLOAD_LEN, ip_bits(ip) / 8);
    if (is_stored) {
        put_be32(request, NFTA_PAYLOAD_CSUM_TYPE,
                 ip->family == 4 ? NFT_PAYLOAD_CSUM_INET : NFT_PAYLOAD_CSUM_NONE);
        put_be32(request, NFTA_PAYLOAD_CSUM_OFFSET, ip->family == 4 ? 10 : 0);
        put_be32(request, NFTA_PAYLOAD_CSUM_FLAGS, NFT_PAYLOAD_L4CSUM_PSEUDOHDR);
    }
    end(&e);
}

/* That the address at 'offset' becomes 'to' where it is 'from'. */
static void add_rule(struct transaction *t, const char *chain, uint32_t link_key, uint32_t offset,
                     const struct ip *from, const struct ip *to)
{
    _cleanup_request_ struct request request =
        message(NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND);
    const uint8_t family = from->family == 4 ? NFPROTO_IPV4 : NFPROTO_IPV6;
    struct nlattr *nest;

    request_put_string(&request, NFTA_RULE_TABLE, t->table);
    request_put_string(&request, NFTA_RULE_CHAIN, chain);
    nest = request_nest(&request, NFTA_RULE_EXPRESSIONS);
    load_meta(&request, link_key);
    compare(&request, t->link, sizeof t->link);
    load_meta(&request, NFT_META_NFPROTO);
    compare(&request, &family, sizeof family);
    payload(&request, false, offset, from);
    compare(&request, from->bytes, ip_bits(from) / 8);
    load_value(&request, to->bytes, ip_bits(to) / 8);
    payload(&request, true, offset, to);
    request_nest_end(&request, nest);
    add(t, &request);
}

static void add_pair(struct transaction *t, const struct stand_in *pair)
{
    const bool is_4 = pair->own.family == 4;

    add_rule(t, INCOMING, NFT_META_IIFNAME, is_4 ? 12 : 8, &pair->own, &pair->other);
    add_rule(t, OUTGOING, NFT_META_OIFNAME, is_4 ? 16 : 24, &pair->other, &pair->own);
}

/* A table that is made if need be, and deleted, is gone whatever there was. */
static void build(struct transaction *t, const struct stand_in *pairs, size_t n)
{
    add_mark(t, NFNL_MSG_BATCH_BEGIN);
    add_table(t, NFT_MSG_NEWTABLE, NLM_F_CREATE);
    add_table(t, NFT_MSG_DELTABLE, 0);
    if (n) {
        add_table(t, NFT_MSG_NEWTABLE, NLM_F_CREATE);
        add_chain(t, INCOMING, NF_INET_PRE_ROUTING, INCOMING_PRIORITY);
        add_chain(t, OUTGOING, NF_INET_POST_ROUTING, OUTGOING_PRIORITY);
    }
    for (size_t i = 0; i < n; i++) {
        add_pair(t, &pairs[i]);
    }
    add_mark(t, NFNL_MSG_BATCH_END);
}

static void begin_transaction(struct transaction *t, const char *name)
{
    memset(t, 0, sizeof *t);
    snprintf(t->link, sizeof t->link, "%s", name);
    snprintf(t->table, sizeof t->table, "ovnk8s-%s", t->link);
}

static int open_netfilter(void *netlink)
{
    return netlink_open(netlink, NETLINK_NETFILTER);
}

/* Over a socket of its own, since that of the namespace is rtnetlink's. */
static int carry_out(struct netns *ns, struct transaction *t)
{
    struct netlink *netlink = malloc(sizeof *netlink);
    int error;

    if (!netlink || t->bytes.failed) {
        free(netlink);
        return fail_nomem();
    }
    netlink->fd = -1;
    netlink->sequence = 0;
    error = netns_run(ns, open_netfilter, netlink);
    error = error ? error : netlink_transact(netlink, t->bytes.bytes, t->bytes.length, t->n);
    if (netlink->fd >= 0) {
        close(netlink->fd);
    }
    free(netlink);
    return error;
}

int link_set_stand_ins(struct netns *ns, const char *name, const struct stand_in *pairs, size_t n)
{
    struct transaction t;
    int error;

    begin_transaction(&t, name);
    build(&t, pairs, n);
    error = carry_out(ns, &t);
    text_clear(&t.bytes);
    return error ? fail_during(error, "link", name,
                               "changing table %s of nf_tables in %s for link %s", t.table,
                               netns_name(ns), name)
                 : 0;
}

int link_has_stand_ins(struct netns *ns, const char *name, bool *out)
{
    struct transaction t;
    int error;

    begin_transaction(&t, name);
    add_table(&t, NFT_MSG_GETTABLE, 0);
    error = carry_out(ns, &t);
    text_clear(&t.bytes);
    *out = !error;
    return error && error != OVNK8S_NOTFOUND
               ? fail_during(error, "link", name, "looking for table %s of nf_tables in %s",
                             t.table, netns_name(ns))
               : 0;
}
