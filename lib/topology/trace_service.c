/* Virtual addresses of services. */

#include <stdlib.h>
#include <string.h>

#include "topology/trace.h"

#define SERVICE_NAMESPACE_KEY "k8s-service-namespace"
#define SERVICE_NAME_KEY "k8s-service-name"

/* Reads "10.0.0.1:80", "[fd01::1]:80" or an address alone, up to 'length'. */
static bool parse_endpoint(const char *text, size_t length, struct ip *ip, unsigned int *port)
{
    char copy[IP_TEXT + 8];
    char *end, *host = copy;

    if (length >= sizeof copy) {
        return false;
    }
    memcpy(copy, text, length);
    copy[length] = '\0';
    *port = 0;
    end = *copy == '[' ? strchr(copy, ']') : strchr(copy, ':');
    if (*copy != '[' && end && strchr(end + 1, ':')) {
        end = NULL; /* IPv6 without a port. */
    }
    if (end && *end == ']') {
        host++;
        *end++ = '\0';
    }
    if (end && *end == ':') {
        *end = '\0';
        *port = (unsigned int)strtoul(end + 1, NULL, 10);
    }
    return ip_from_text(host, ip);
}

bool next_backend(const char **list, struct ip *ip, unsigned int *port)
{
    while (**list) {
        const size_t length = strcspn(*list, ",");
        const bool is_good = parse_endpoint(*list, length, ip, port);

        *list += length + ((*list)[length] == ',');
        if (is_good) {
            return true;
        }
    }
    return false;
}

static bool has_value(const struct row *row, const char *key, const char *value)
{
    const char *there = row_pair(row, "external_ids", key);

    return there && !strcmp(there, value);
}

/* A row without a protocol is for TCP, as is a query without a port for all. */
static bool has_protocol(const struct row *balancer, const struct query *query)
{
    const char *protocol = row_string(balancer, "protocol");

    return !query->port || !strcmp(protocol ? protocol : "tcp", query->protocol);
}

static bool is_asked_for(const struct virtual_ip *vip, const struct query *query)
{
    const struct place *place = &query->destination;

    if (query->port && vip->port && query->port != vip->port) {
        return false;
    }
    return place->kind == PLACE_SERVICE
               ? has_value(vip->balancer, SERVICE_NAMESPACE_KEY, place->name_space) &&
                     has_value(vip->balancer, SERVICE_NAME_KEY, place->name)
               : place->kind == PLACE_ADDRESS && ip_equal(&vip->ip, &place->ip);
}

size_t each_virtual_ip(const struct rows *nb, const struct query *query,
                       bool (*each)(const struct virtual_ip *vip, void *payload), void *payload)
{
    bool goes_on = true;
    size_t n = 0;

    for (const struct row *row = rows_first(nb, BALANCER_TABLE); row && goes_on; row = row->next) {
        const bool is_it = !strcmp(row->table, BALANCER_TABLE) && has_protocol(row, query);
        const struct column *vips = is_it ? row_column(row, "vips") : NULL;

        for (size_t i = 0; vips && i < vips->n && goes_on; i++) {
            struct virtual_ip vip = {
                row, vips->atoms[2 * i].string, vips->atoms[2 * i + 1].string, {0}, 0};

            if (parse_endpoint(vip.key, strlen(vip.key), &vip.ip, &vip.port) &&
                is_asked_for(&vip, query)) {
                n++;
                goes_on = each(&vip, payload);
            }
        }
    }
    return n;
}

bool uses_balancer(const struct rows *nb, const struct row *user, const struct row *balancer)
{
    const size_t n = row_members(user, "load_balancer_group");
    bool uses = row_refers(user, "load_balancer", balancer->id);

    for (size_t i = 0; i < n && !uses; i++) {
        const struct row *group =
            row_member(nb, user, "load_balancer_group", BALANCER_GROUP_TABLE, i);

        uses = row_refers(group, "load_balancer", balancer->id);
    }
    return uses;
}
