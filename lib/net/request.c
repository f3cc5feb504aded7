#include "net/netlink.h"

#include <string.h>
#include <sys/socket.h>

struct request request_new(int type, int flags, const void *header, size_t size)
{
    struct request request = {nlmsg_alloc_simple(type, NLM_F_REQUEST | flags), false};

    request.failed =
        !request.message || nlmsg_append(request.message, (void *)header, size, NLMSG_ALIGNTO) < 0;
    return request;
}

void request_clear(struct request *request)
{
    if (request->message) {
        nlmsg_free(request->message);
    }
}

void request_put(struct request *request, int type, const void *value, size_t size)
{
    if (!request->failed && nla_put(request->message, type, (int)size, value) < 0) {
        request->failed = true;
    }
}

void request_put_u32(struct request *request, int type, uint32_t value)
{
    request_put(request, type, &value, sizeof value);
}

void request_put_string(struct request *request, int type, const char *value)
{
    request_put(request, type, value, strlen(value) + 1);
}

void request_put_ip(struct request *request, int type, const struct ip *ip)
{
    request_put(request, type, ip->bytes, ip_bits(ip) / 8);
}

struct nlattr *request_nest(struct request *request, int type)
{
    struct nlattr *nest = request->failed ? NULL : nla_nest_start(request->message, type);

    request->failed = !nest;
    return nest;
}

void request_nest_end(struct request *request, struct nlattr *nest)
{
    if (!request->failed && nla_nest_end(request->message, nest) < 0) {
        request->failed = true;
    }
}

uint32_t attr_u32(const struct nlattr *attr)
{
    uint32_t value = 0;

    if (attr && nla_len(attr) >= (int)sizeof value) {
        memcpy(&value, nla_data(attr), sizeof value);
    }
    return value;
}

struct ip attr_ip(const struct nlattr *attr)
{
    const int length = attr ? nla_len(attr) : 0;
    struct ip ip = {.family = length == 16 ? 6 : length == 4 ? 4 : 0};

    if (ip.family) {
        memcpy(ip.bytes, nla_data(attr), (size_t)length);
    }
    return ip;
}

void attr_string(const struct nlattr *attr, char *out, size_t size)
{
    *out = '\0';
    if (attr) {
        snprintf(out, size, "%.*s", nla_len(attr), (const char *)nla_data(attr));
    }
}

unsigned char family_of(const struct ip *ip)
{
    return ip->family == 6 ? AF_INET6 : AF_INET;
}
