#include "topology/wished.h"

#include <stdio.h>
#include <string.h>

/* Copies the next item of a list with commas to 'item'; false when it is too long. */
static bool take_item(const char **text, size_t size, char *item)
{
    const size_t length = strcspn(*text, ",");

    snprintf(item, size, "%.*s", (int)(length < size ? length : 0), *text);
    *text += length;
    *text += **text == ',';
    return length && length < size;
}

static bool parse_wished(const char *text, const struct prefixes *subnets, struct prefix *out)
{
    struct prefix prefix = {.length = 0};
    const bool has_length = prefix_from_text(text, &prefix);
    const struct prefix *subnet;

    if (!has_length && !ip_from_text(text, &prefix.ip)) {
        return false;
    }
    subnet = prefixes_of(subnets, prefix.ip.family);
    if (!subnet || !prefix_contains(subnet, &prefix.ip) ||
        (has_length && prefix.length != subnet->length)) {
        return false;
    }
    *out = (struct prefix){prefix.ip, subnet->length};
    return true;
}

/* IPv4 comes first in a list of two. */
static bool add_wished(struct prefixes *list, const struct prefix *one)
{
    if (list->n == 2 || prefixes_of(list, one->ip.family)) {
        return false;
    }
    list->of[list->n] = *one;
    if (list->n++ && one->ip.family == 4) {
        list->of[1] = list->of[0];
        list->of[0] = *one;
    }
    return true;
}

int parse_wished_addresses(const char *text, const struct prefixes *subnets, struct prefixes *out)
{
    const char *rest = text;
    char item[PREFIX_TEXT], subnets_text[PREFIXES_TEXT];
    struct prefix one;

    out->n = 0;
    do {
        if (!take_item(&rest, sizeof item, item) || !parse_wished(item, subnets, &one) ||
            !add_wished(out, &one)) {
            return fail(OVNK8S_INVALID,
                        "addresses \"%.100s\": expected one of subnet %s, or one of each", text,
                        prefixes_to_text(subnets, subnets_text));
        }
    } while (*rest);
    return 0;
}

struct address_range address_range_of(const struct prefix *subnet)
{
    struct address_range range = {prefix_nth(subnet, 1), prefix_last(subnet)};

    if (subnet->ip.family == 4) { /* The last one is for broadcast. */
        range.last = prefix_nth(subnet, prefix_last_index(subnet) - 1);
    }
    return range;
}

static bool parse_range(const char *item, const struct prefix *subnet, struct address_range *out)
{
    const char *dash = strchr(item, '-');
    char first[IP_TEXT];

    if (!dash || dash - item >= IP_TEXT) {
        return false;
    }
    snprintf(first, sizeof first, "%.*s", (int)(dash - item), item);
    return ip_from_text(first, &out->first) && ip_from_text(dash + 1, &out->last) &&
           prefix_contains(subnet, &out->first) && prefix_contains(subnet, &out->last) &&
           ip_compare(&out->first, &out->last) <= 0;
}

/* Reads a range of one of the subnets, whose number becomes '*number'. */
static bool parse_any_range(const char *item, const struct prefixes *subnets,
                            struct address_range *ranges)
{
    for (size_t i = 0; i < subnets->n; i++) {
        const struct address_range all = address_range_of(&subnets->of[i]);
        struct address_range range;

        if (parse_range(item, &subnets->of[i], &range)) {
            ranges[i].first = ip_compare(&range.first, &all.first) < 0 ? all.first : range.first;
            ranges[i].last = ip_compare(&range.last, &all.last) > 0 ? all.last : range.last;
            return true;
        }
    }
    return false;
}

int parse_wished_ranges(const char *text, const struct prefixes *subnets,
                        struct address_range ranges[2])
{
    const char *rest = text;
    char item[2 * IP_TEXT], subnets_text[PREFIXES_TEXT];

    for (size_t i = 0; i < subnets->n; i++) {
        ranges[i] = address_range_of(&subnets->of[i]);
    }
    while (rest && *rest) {
        if (!take_item(&rest, sizeof item, item) || !parse_any_range(item, subnets, ranges)) {
            return fail(OVNK8S_INVALID, "ranges \"%.100s\": expected FIRST-LAST within subnet %s",
                        text, prefixes_to_text(subnets, subnets_text));
        }
    }
    return 0;
}
