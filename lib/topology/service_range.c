#include "topology/service_range.h"

#include <string.h>

#include "topology/names.h"
#include "topology/parts.h"
#include "topology/recall.h"

static int check_apart(const struct prefixes *range, const char *what,
                       const struct prefixes *others)
{
    for (size_t i = 0; i < range->n; i++) {
        const struct prefix *other = prefixes_of(others, range->of[i].ip.family);
        char text[PREFIX_TEXT], other_text[PREFIX_TEXT];

        if (other && prefix_overlaps(other, &range->of[i])) {
            return fail(OVNK8S_INVALID, "service range \"%s\": it overlaps the %s, %s",
                        prefix_to_text(&range->of[i], text), what,
                        prefix_to_text(other, other_text));
        }
    }
    return 0;
}

static int check_families(const struct prefixes *range, const struct prefixes *subnets)
{
    for (size_t i = 0; i < range->n; i++) {
        char text[PREFIX_TEXT], subnets_text[PREFIXES_TEXT];

        if (!prefixes_of(subnets, range->of[i].ip.family)) {
            return fail(OVNK8S_INVALID,
                        "service range \"%s\": expected one of the cluster subnet's family, as %s",
                        prefix_to_text(&range->of[i], text),
                        prefixes_to_text(subnets, subnets_text));
        }
    }
    return 0;
}

int service_range_parse(const char *text, const struct cluster_record *cluster,
                        struct prefixes *out)
{
    int error;

    *out = (struct prefixes){.n = 0};
    if (!*text) {
        return 0;
    }
    error = parse_networks("service range", text, out);
    error = error ? error : check_families(out, &cluster->subnets);
    error = error ? error : check_apart(out, "cluster subnet", &cluster->subnets);
    return error ? error : check_apart(out, "join subnet", &cluster->join);
}

void describe_service_range(struct row *row, const struct cluster_record *cluster)
{
    char text[PREFIXES_TEXT];

    if (cluster->services.n) {
        row_includes_pair(row, "external_ids", SERVICE_RANGE_KEY,
                          prefixes_to_text(&cluster->services, text));
    }
}

static void forget(struct row *row)
{
    if (row) {
        row_excludes_key(row, "external_ids", SERVICE_RANGE_KEY);
    }
}

static bool has(const struct prefixes *range, const struct prefix *one)
{
    const struct prefix *other = prefixes_of(range, one->ip.family);

    return other && other->length == one->length && ip_equal(&other->ip, &one->ip);
}

static struct policy policy_of(struct rows *wanted, const char *owner, const struct prefix *range)
{
    char text[PREFIX_TEXT];

    return (struct policy){
        .id = service_range_policy_id(owner, range),
        .title = arena_printf(&wanted->arena, "services %s", prefix_to_text(range, text)),
        .priority = PRIORITY_SERVICE_RANGE,
        .match = match_destination(&wanted->arena, range),
        .action = "drop",
    };
}

void want_service_range(struct rows *wanted, const char *owner, struct row *router,
                        const struct cluster_record *cluster, const struct cluster_record *there)
{
    const struct prefixes none = {.n = 0}, *before = there ? &there->services : &none;

    if (before->n && !cluster->services.n) {
        forget(rows_find(wanted, LEDGER_TABLE, cluster_ledger_id(owner)));
        forget(router);
        forget(rows_find(wanted, SWITCH_TABLE, join_switch_id(owner)));
    }
    for (size_t i = 0; i < before->n; i++) {
        const struct policy policy = policy_of(wanted, owner, &before->of[i]);

        if (!has(&cluster->services, &before->of[i])) {
            drop_policy(wanted, router, &policy);
        }
    }
    for (size_t i = 0; i < cluster->services.n; i++) {
        const struct policy policy = policy_of(wanted, owner, &cluster->services.of[i]);

        want_policy(wanted, owner, router, &policy);
    }
}
