#include <ovnk8s/subnet.h>

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/options.h"
#include "base/text.h"
#include "topology/blocks.h"
#include "topology/topology.h"

enum { DEFAULT_LENGTH_OF_4 = 24, DEFAULT_LENGTH_OF_6 = 64 };

_Static_assert(OVNK8S_SUBNETS_TEXT >= PREFIXES_TEXT, "one of each family fits");

/* The ranges of one family, and where the search for a free subnet begins. */
struct supply {
    struct prefix *ranges;
    size_t n_ranges;
    unsigned int length; /* Of what is carved. */
    size_t at;           /* The range to begin with, ... */
    struct ip from;      /* ... and the address in it, unless it is that of no family. */
};

struct ovnk8s_subnets {
    struct supply supplies[2]; /* IPv4, IPv6. */
    struct blocks ranges, taken, excluded;
    bool either_family;
};

void ovnk8s_subnets_options_init(ovnk8s_subnets_options *options)
{
    *options = (ovnk8s_subnets_options)OVNK8S_SUBNETS_OPTIONS_INIT;
}

static struct supply *supply_of(ovnk8s_subnets *subnets, const struct prefix *prefix)
{
    return &subnets->supplies[prefix->ip.family == 6];
}

/* Making. */

static int add_range(ovnk8s_subnets *subnets, const struct prefix *range)
{
    struct supply *supply = supply_of(subnets, range);
    char text[PREFIX_TEXT];
    struct prefix *ranges;

    prefix_to_text(range, text);
    if (range->length > supply->length) {
        return fail(OVNK8S_INVALID, "range %s: smaller than a subnet of length %u", text,
                    supply->length);
    }
    if (blocks_overlap(&subnets->ranges, range)) {
        return fail(OVNK8S_INVALID, "range %s: overlaps another range", text);
    }
    ranges = realloc(supply->ranges, (supply->n_ranges + 1) * sizeof *ranges);
    if (!ranges) {
        return fail_nomem();
    }
    ranges[supply->n_ranges++] = *range;
    supply->ranges = ranges;
    return blocks_add(&subnets->ranges, range);
}

static int read_range(ovnk8s_subnets *subnets, const char *text, size_t length)
{
    char one[PREFIX_TEXT] = "";
    struct prefixes range;
    int error;

    if (length >= sizeof one) {
        return fail(OVNK8S_INVALID, "range \"%.*s\": too long", (int)sizeof one, text);
    }
    memcpy(one, text, length);
    error = parse_networks("range", one, &range);
    return error ? error : add_range(subnets, &range.of[0]);
}

static int read_ranges(ovnk8s_subnets *subnets, const char *text)
{
    int error = 0;

    while (!error) {
        const size_t length = strcspn(text, ",");

        error = read_range(subnets, text, length);
        if (!text[length]) {
            break;
        }
        text += length + 1;
    }
    return error;
}

static int set_up(ovnk8s_subnets *subnets, const ovnk8s_subnets_options *options)
{
    const unsigned int four = options->ipv4_length ? options->ipv4_length : DEFAULT_LENGTH_OF_4;
    const unsigned int six = options->ipv6_length ? options->ipv6_length : DEFAULT_LENGTH_OF_6;

    if (four > 32 || six > 128) {
        return fail(OVNK8S_INVALID, "subnets of length %u: expected at most %u",
                    four > 32 ? four : six, four > 32 ? 32U : 128U);
    }
    subnets->supplies[0].length = four;
    subnets->supplies[1].length = six;
    subnets->either_family = options->either_family;
    return read_ranges(subnets, options->ranges ? options->ranges : "");
}

int ovnk8s_subnets_new(ovnk8s_subnets **out, const ovnk8s_subnets_options *theirs)
{
    ovnk8s_subnets_options options = OVNK8S_SUBNETS_OPTIONS_INIT;
    ovnk8s_subnets *subnets;
    int error = options_take(&options, sizeof options, theirs);

    *out = NULL;
    if (error) {
        return error;
    }
    subnets = calloc(1, sizeof *subnets);
    error = subnets ? set_up(subnets, &options) : fail_nomem();
    if (error) {
        ovnk8s_subnets_free(subnets);
        return error;
    }
    *out = subnets;
    return 0;
}

void ovnk8s_subnets_free(ovnk8s_subnets *subnets)
{
    if (!subnets) {
        return;
    }
    blocks_clear(&subnets->ranges);
    blocks_clear(&subnets->taken);
    blocks_clear(&subnets->excluded);
    free(subnets->supplies[0].ranges);
    free(subnets->supplies[1].ranges);
    free(subnets);
}

/* Taking and freeing what the caller names. */

static char *ranges_text(const struct supply *supply)
{
    struct text list = {.failed = false};
    char text[PREFIX_TEXT], *result;

    for (size_t i = 0; i < supply->n_ranges; i++) {
        text_add(&list, i ? "," : "");
        text_add(&list, prefix_to_text(&supply->ranges[i], text));
    }
    return text_take(&list, &result) ? NULL : result;
}

static int fail_outside(ovnk8s_subnets *subnets, const struct prefix *prefix)
{
    _cleanup_free_ char *ranges = ranges_text(supply_of(subnets, prefix));
    char text[PREFIX_TEXT];

    return fail(OVNK8S_INVALID, "subnet %s: not inside the ranges %s", prefix_to_text(prefix, text),
                ranges ? ranges : "");
}

static int parse_inside(ovnk8s_subnets *subnets, const char *text, struct prefixes *out)
{
    int error = parse_networks("subnet", text, out);

    for (size_t i = 0; !error && i < out->n; i++) {
        if (!blocks_hold(&subnets->ranges, &out->of[i])) {
            error = fail_outside(subnets, &out->of[i]);
        }
    }
    return error;
}

/* Takes all, which are known to be free, or nothing. */
static int take_all(ovnk8s_subnets *subnets, const struct prefixes *prefixes)
{
    int error = 0;

    for (size_t i = 0; !error && i < prefixes->n; i++) {
        error = blocks_add(&subnets->taken, &prefixes->of[i]);
        if (error && i) {
            /* What this needs has just been freed, when the first grew into its neighbours. */
            blocks_release(&subnets->taken, &prefixes->of[0]);
        }
    }
    return error;
}

int ovnk8s_subnets_reserve(ovnk8s_subnets *subnets, const char *text)
{
    struct prefixes prefixes;
    int error = parse_inside(subnets, text, &prefixes);

    for (size_t i = 0; !error && i < prefixes.n; i++) {
        if (blocks_overlap(&subnets->taken, &prefixes.of[i])) {
            error = fail(OVNK8S_EXISTS, "subnet %s: taken, or a part of it", text);
        }
    }
    return error ? error : take_all(subnets, &prefixes);
}

int ovnk8s_subnets_release(ovnk8s_subnets *subnets, const char *text)
{
    struct prefixes prefixes;
    int error = parse_inside(subnets, text, &prefixes);

    for (size_t i = 0; !error && i < prefixes.n; i++) {
        if (!blocks_hold(&subnets->taken, &prefixes.of[i])) {
            error = fail(OVNK8S_NOTFOUND, "subnet %s: not taken, or not all of it", text);
        }
    }
    for (size_t i = 0; !error && i < prefixes.n; i++) {
        error = blocks_release(&subnets->taken, &prefixes.of[i]);
    }
    return error;
}

bool ovnk8s_subnets_is_free(const ovnk8s_subnets *subnets, const char *text)
{
    struct prefixes prefixes;
    bool is_free = prefixes_from_text(text, &prefixes);

    for (size_t i = 0; is_free && i < prefixes.n; i++) {
        const struct prefix *prefix = &prefixes.of[i];

        is_free = prefix_is_network(prefix) && blocks_hold(&subnets->ranges, prefix) &&
                  !blocks_overlap(&subnets->taken, prefix) &&
                  !blocks_overlap(&subnets->excluded, prefix);
    }
    return is_free;
}

/* Excluding. */

/* The largest network that begins at 'first' and does not reach beyond 'last'. */
static struct prefix largest_from(const struct ip *first, const struct ip *last)
{
    struct prefix best = {*first, ip_bits(first)};

    while (best.length) {
        const struct prefix larger = {*first, best.length - 1};
        const struct ip end = prefix_last(&larger);

        if (!prefix_is_network(&larger) || ip_compare(&end, last) > 0) {
            break;
        }
        best = larger;
    }
    return best;
}

static int exclude_between(ovnk8s_subnets *subnets, const struct ip *first, const struct ip *last)
{
    struct prefix next = {.ip = *first};
    bool is_left = true;
    int error = 0;

    while (!error && is_left && ip_compare(&next.ip, last) <= 0) {
        const struct prefix block = largest_from(&next.ip, last);

        error = blocks_add(&subnets->excluded, &block);
        is_left = prefix_next(&block, &next);
    }
    return error;
}

static bool parse_span(const char *text, const char *dash, struct ip *first, struct ip *last)
{
    const size_t length = (size_t)(dash - text);
    char begin[IP_TEXT] = "";

    if (length >= sizeof begin) {
        return false;
    }
    memcpy(begin, text, length);
    return ip_from_text(begin, first) && ip_from_text(dash + 1, last) &&
           first->family == last->family && ip_compare(first, last) <= 0;
}

static int exclude_span(ovnk8s_subnets *subnets, const char *text, const char *dash)
{
    struct ip first, last;

    if (!parse_span(text, dash, &first, &last)) {
        return fail(OVNK8S_INVALID,
                    "exclusion \"%s\": expected FIRST-LAST, two addresses of one family in order",
                    text);
    }
    return exclude_between(subnets, &first, &last);
}

int ovnk8s_subnets_exclude(ovnk8s_subnets *subnets, const char *text)
{
    const char *dash = text ? strchr(text, '-') : NULL;
    struct prefixes prefixes;
    int error;

    if (dash) {
        return exclude_span(subnets, text, dash);
    }
    error = parse_networks("exclusion", text, &prefixes);
    for (size_t i = 0; !error && i < prefixes.n; i++) {
        error = blocks_add(&subnets->excluded, &prefixes.of[i]);
    }
    return error;
}

/* Giving. */

/* Finds a free subnet from where the last search ended to there again. */
static bool find_next(const ovnk8s_subnets *subnets, const struct supply *supply, size_t *range,
                      struct prefix *out)
{
    for (size_t i = 0; supply->n_ranges && i <= supply->n_ranges; i++) {
        const struct ip *from = !i && supply->from.family ? &supply->from : NULL;

        *range = (supply->at + i) % supply->n_ranges;
        if (blocks_find_in_both(&subnets->taken, &subnets->excluded, &supply->ranges[*range],
                                supply->length, from, out)) {
            return true;
        }
    }
    return false;
}

static void go_on_after(struct supply *supply, size_t range, const struct prefix *given)
{
    struct prefix next;

    supply->at = range;
    if (prefix_next(given, &next)) {
        supply->from = next.ip;
    } else {
        supply->at = (range + 1) % supply->n_ranges;
        supply->from.family = 0;
    }
}

static uint64_t size_of(const struct supply *supply)
{
    uint64_t size = 0;

    for (size_t i = 0; i < supply->n_ranges; i++) {
        const unsigned int bits = supply->length - supply->ranges[i].length;
        const uint64_t more = bits < 64 ? (uint64_t)1 << bits : UINT64_MAX;

        size = more > UINT64_MAX - size ? UINT64_MAX : size + more;
    }
    return size;
}

static uint64_t used_of(const ovnk8s_subnets *subnets, const struct supply *supply)
{
    uint64_t used = 0;

    for (size_t i = 0; i < supply->n_ranges; i++) {
        const uint64_t more = blocks_count_of(&subnets->taken, &supply->ranges[i], supply->length);

        used = more > UINT64_MAX - used ? UINT64_MAX : used + more;
    }
    return used;
}

/* What is not taken must be excluded, or there would be something left. */
static int fail_exhausted(const ovnk8s_subnets *subnets, const struct supply *supply)
{
    const unsigned long long size = size_of(supply), used = used_of(subnets, supply);
    _cleanup_free_ char *ranges = ranges_text(supply);

    return fail(OVNK8S_EXHAUSTED,
                "no subnet of length %u is left: of %llu, %llu taken and %llu excluded, in ranges"
                " %s",
                supply->length, size, used, size - used, ranges ? ranges : "");
}

/* What a search has found. */
struct finding {
    struct prefixes subnets;
    size_t ranges[2];
};

static int fail_all_exhausted(const ovnk8s_subnets *subnets)
{
    const struct supply *four = &subnets->supplies[0], *six = &subnets->supplies[1];
    struct failure_story story;

    if (!four->n_ranges || !six->n_ranges) {
        return fail_exhausted(subnets, four->n_ranges ? four : six);
    }
    fail_exhausted(subnets, four);
    story = failure_save();
    fail_exhausted(subnets, six);
    return fail(OVNK8S_EXHAUSTED, "%.250s; %.250s", story.cause, failure_save().cause);
}

static int find_all(const ovnk8s_subnets *subnets, struct finding *out)
{
    for (size_t i = 0; i < COUNT_OF(subnets->supplies); i++) {
        const struct supply *supply = &subnets->supplies[i];
        const size_t n = out->subnets.n;

        if (!supply->n_ranges || (n && subnets->either_family)) {
            continue;
        }
        if (find_next(subnets, supply, &out->ranges[n], &out->subnets.of[n])) {
            out->subnets.n++;
        } else if (!subnets->either_family) {
            return fail_exhausted(subnets, supply);
        }
    }
    return out->subnets.n ? 0 : fail_all_exhausted(subnets);
}

int ovnk8s_subnets_next(char text[OVNK8S_SUBNETS_TEXT], ovnk8s_subnets *subnets)
{
    struct finding found = {.subnets = {.n = 0}};
    int error = find_all(subnets, &found);

    *text = '\0';
    error = error ? error : take_all(subnets, &found.subnets);
    if (error) {
        return error;
    }
    for (size_t i = 0; i < found.subnets.n; i++) {
        const struct prefix *given = &found.subnets.of[i];

        go_on_after(supply_of(subnets, given), found.ranges[i], given);
    }
    prefixes_to_text(&found.subnets, text);
    return 0;
}

/* Counting. */

static const struct supply *supply_by_number(const ovnk8s_subnets *subnets, unsigned int family)
{
    static const struct supply none;

    return family == 4 || family == 6 ? &subnets->supplies[family == 6] : &none;
}

uint64_t ovnk8s_subnets_size(const ovnk8s_subnets *subnets, unsigned int family)
{
    return size_of(supply_by_number(subnets, family));
}

uint64_t ovnk8s_subnets_used(const ovnk8s_subnets *subnets, unsigned int family)
{
    return used_of(subnets, supply_by_number(subnets, family));
}
