#include "cni/wishes.h"

#include <string.h>

#include "base/mem.h"
#include "cni/config.h"

/* Says where a wish that makes no sense comes from. */
static int fail_wish(const char *from, const char *value, const char *expected)
{
    return cni_fail(strncmp(from, "CNI_ARGS", 8) ? CNI_BAD_CONFIG : CNI_BAD_ENV,
                    "%s \"%.80s\": expected %s", from, value, expected);
}

static const cJSON *find_in(const struct cni_call *call, const char *outer, const char *inner,
                            const char *key)
{
    const cJSON *object = cni_find(call->config, outer);

    return cni_find(inner ? cni_find(object, inner) : object, key);
}

static const cJSON *capability(const struct cni_call *call, const char *key)
{
    return find_in(call, "runtimeConfig", NULL, key);
}

/* The MAC address: of several wishes the first counts. */

static int read_mac(struct cni_call *call)
{
    const struct {
        const char *from;
        const cJSON *value;
    } wishes[] = {
        {"runtimeConfig.mac", capability(call, "mac")},
        {"args.cni.mac", find_in(call, "args", "cni", "mac")},
    };
    const char *from = "CNI_ARGS: MAC", *text = call->args.mac;

    for (size_t i = COUNT_OF(wishes); i-- > 0;) {
        if (wishes[i].value && !cJSON_IsString(wishes[i].value)) {
            return cni_fail_value(wishes[i].from, wishes[i].value, "a text");
        }
        if (wishes[i].value && *wishes[i].value->valuestring) {
            from = wishes[i].from;
            text = wishes[i].value->valuestring;
        }
    }
    if (!*text) {
        return 0;
    }
    call->wishes.mac_from = from;
    return mac_from_text(text, &call->wishes.mac) && !(call->wishes.mac.bytes[0] & 1)
               ? 0
               : fail_wish(from, text, "a unicast MAC address such as 0a:58:0a:01:02:03");
}

/* Addresses. */

static int add_ip(struct cni_wishes *wishes, const char *from, const char *text)
{
    struct prefix ip = {0};

    if (!prefix_from_text(text, &ip) && !ip_from_text(text, &ip.ip)) {
        return fail_wish(from, text, "ADDRESS or ADDRESS/LENGTH");
    }
    if (wishes->n_ips == COUNT_OF(wishes->ips) ||
        (wishes->n_ips && wishes->ips[0].ip.family == ip.ip.family)) {
        return fail_wish(from, text, "one address of each family at most");
    }
    wishes->ips_from = from;
    wishes->ips[wishes->n_ips++] = ip;
    return 0;
}

static int read_ips_of(struct cni_call *call, const char *from, const cJSON *ips)
{
    const cJSON *ip;

    if (ips && !cJSON_IsArray(ips)) {
        return cni_fail_value(from, ips, "an array of addresses");
    }
    cJSON_ArrayForEach (ip, ips) {
        const int error = cJSON_IsString(ip) ? add_ip(&call->wishes, from, ip->valuestring)
                                             : cni_fail_value(from, ip, "a text");
        if (error) {
            return error;
        }
    }
    return 0;
}

static int read_ips_of_args(struct cni_call *call)
{
    char *text = call->args.ip, *one;
    int error = 0;

    while (!error && *text && (one = strsep(&text, ","))) {
        error = add_ip(&call->wishes, "CNI_ARGS: IP", one);
        text = text ? text : "";
    }
    return error;
}

static int read_ips(struct cni_call *call)
{
    int error = read_ips_of(call, "runtimeConfig.ips", capability(call, "ips"));

    if (!error && !call->wishes.n_ips) {
        error = read_ips_of(call, "args.cni.ips", find_in(call, "args", "cni", "ips"));
    }
    return error || call->wishes.n_ips ? error : read_ips_of_args(call);
}

/* Bandwidth. */

static int read_rate(const cJSON *bandwidth, const char *key, uint64_t *out)
{
    enum { MOST_BITS = 53 }; /* What a number of JSON holds exactly. */
    const cJSON *value = cni_find(bandwidth, key);

    if (value && (!cJSON_IsNumber(value) || value->valuedouble < 0 ||
                  value->valuedouble > (double)(1ULL << MOST_BITS))) {
        return cni_fail_value(key, value, "a number of bits (a second)");
    }
    *out = value ? (uint64_t)value->valuedouble : 0;
    return 0;
}

/* A runtime that knows a rate but no burst says the largest number of 32 bits. */
static uint64_t bounded(uint64_t burst)
{
    return burst == UINT32_MAX ? 0 : burst;
}

static int read_bandwidth(struct cni_call *call)
{
    struct cni_wishes *wishes = &call->wishes;
    const cJSON *bandwidth = capability(call, "bandwidth");
    int error = 0;

    if (bandwidth && !cJSON_IsObject(bandwidth)) {
        return cni_fail_value("runtimeConfig.bandwidth", bandwidth, "an object");
    }
    error = read_rate(bandwidth, "ingressRate", &wishes->ingress_rate);
    error = error ? error : read_rate(bandwidth, "ingressBurst", &wishes->ingress_burst);
    error = error ? error : read_rate(bandwidth, "egressRate", &wishes->egress_rate);
    error = error ? error : read_rate(bandwidth, "egressBurst", &wishes->egress_burst);
    wishes->ingress_burst = bounded(wishes->ingress_burst);
    wishes->egress_burst = bounded(wishes->egress_burst);
    return error;
}

/* DNS: the runtime calls things otherwise than configurations and results do. */

static int add_texts(cJSON *dns, const char *key, const cJSON *texts)
{
    const cJSON *text;

    if (texts && !cJSON_IsArray(texts)) {
        return cni_fail_value(key, texts, "an array of texts");
    }
    cJSON_ArrayForEach (text, texts) {
        if (!cJSON_IsString(text)) {
            return cni_fail_value(key, text, "a text");
        }
    }
    if (cJSON_GetArraySize(texts)) {
        cJSON_AddItemToObject(dns, key, cJSON_Duplicate(texts, true));
    }
    return 0;
}

static int read_dns_of(const cJSON *from, const char *servers, const char *searches, cJSON *dns)
{
    const cJSON *domain = cni_find(from, "domain");
    int error = 0;

    if (from && !cJSON_IsObject(from)) {
        return cni_fail_value("dns", from, "an object");
    }
    error = add_texts(dns, "nameservers", cni_find(from, servers));
    if (!error && cJSON_IsString(domain) && *domain->valuestring) {
        cJSON_AddStringToObject(dns, "domain", domain->valuestring);
    }
    error = error ? error : add_texts(dns, "search", cni_find(from, searches));
    return error ? error : add_texts(dns, "options", cni_find(from, "options"));
}

static int read_dns(struct cni_call *call)
{
    cJSON *dns = call->wishes.dns = cJSON_CreateObject();
    int error = read_dns_of(capability(call, "dns"), "servers", "searches", dns);

    if (!error && !cJSON_GetArraySize(dns)) {
        error = read_dns_of(cni_find(call->config, "dns"), "nameservers", "search", dns);
    }
    return error;
}

static int read_annotations(struct cni_call *call)
{
    static const char key[] = "io.kubernetes.cri.pod-annotations";
    const cJSON *annotations = capability(call, key);

    call->wishes.annotations = annotations;
    return !annotations || cJSON_IsObject(annotations)
               ? 0
               : cni_fail_value(key, annotations, "an object");
}

int cni_wishes_read(struct cni_call *call)
{
    int error = read_mac(call);

    error = error ? error : read_ips(call);
    error = error ? error : read_bandwidth(call);
    error = error ? error : read_dns(call);
    return error ? error : read_annotations(call);
}

void cni_wishes_clear(struct cni_wishes *wishes)
{
    cJSON_Delete(wishes->dns);
}
