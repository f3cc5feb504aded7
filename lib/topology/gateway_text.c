#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "topology/gateway.h"

/* "key=value ...", where no value has a space. */

static void add_prefixes(struct text *text, const char *key, const struct prefix *of, size_t n)
{
    text_printf(text, " %s=", key);
    for (size_t i = 0; i < n; i++) {
        char one[PREFIX_TEXT];

        text_printf(text, "%s%s", i ? "," : "", prefix_to_text(&of[i], one));
    }
}

const char *gateway_text(struct arena *arena, const struct gateway_record *gateway)
{
    _cleanup_text_ struct text text = {0};
    _cleanup_free_ char *made = NULL;
    char mac[MAC_TEXT];

    text_printf(&text, "node=%s chassis=%s interface=%s mac=%s", gateway->node, gateway->chassis,
                gateway->interface, mac_to_text(&gateway->mac, mac));
    add_prefixes(&text, "addresses", gateway->addresses.of, gateway->addresses.n);
    add_prefixes(&text, "join", gateway->join.of, gateway->join.n);
    add_prefixes(&text, "via", gateway->next_hops.of, gateway->next_hops.n);
    add_prefixes(&text, "rampout", gateway->rampout, gateway->n_rampout);
    text_printf(&text, " first=%s single=%s", gateway->is_first ? "yes" : "no",
                gateway->single_default ? "yes" : "no");
    if (gateway->is_shared) {
        text_add(&text, " shared=yes");
    }
    if (text_take(&text, &made)) {
        arena->failed = true;
        return NULL;
    }
    return arena_strdup(arena, made);
}

/* Reading. */

/* The value of a key, up to the next space; NULL when it is missing. */
static const char *value_of(const char *text, const char *key, struct arena *arena)
{
    const size_t length = strlen(key);

    for (; *text; text += strcspn(text, " "), text += strspn(text, " ")) {
        if (!strncmp(text, key, length) && text[length] == '=') {
            text += length + 1;
            return arena_strndup(arena, text, strcspn(text, " "));
        }
    }
    return NULL;
}

static bool parse_flag(const char *value, bool *out)
{
    *out = value && !strcmp(value, "yes");
    return value && (*out || !strcmp(value, "no"));
}

/* One of each family at most, and none at all for "". */
static bool parse_some(const char *value, struct prefixes *out)
{
    *out = (struct prefixes){.n = 0};
    return value && (!*value || prefixes_from_text(value, out));
}

bool rampout_parse(const char *list, struct arena *arena, struct gateway_record *out,
                   const char **bad)
{
    size_t room = 1;

    *bad = NULL;
    for (const char *c = list; *c; c++) {
        room += *c == ',';
    }
    out->n_rampout = 0;
    out->rampout = arena_alloc(arena, room * sizeof *out->rampout);
    for (const char *rest = *list ? list : NULL; rest && out->rampout;) {
        struct prefix *subnet = &out->rampout[out->n_rampout++];
        const size_t length = strcspn(rest, ",");
        const char *one = arena_strndup(arena, rest, length);

        if (!one || !prefix_from_text(one, subnet) || !prefix_is_network(subnet)) {
            *bad = one;
            return false;
        }
        rest = rest[length] ? rest + length + 1 : NULL;
    }
    return out->rampout;
}

static bool parse_rampout(const char *value, struct arena *arena, struct gateway_record *out)
{
    const char *bad;

    return value && rampout_parse(value, arena, out, &bad);
}

static bool parse_mac(const char *value, struct mac *out)
{
    return value && mac_from_text(value, out);
}

bool gateway_text_parse(const char *text, struct arena *arena, struct gateway_record *out)
{
    const char *shared = value_of(text, "shared", arena);

    *out = (struct gateway_record){.is_shared = shared && !strcmp(shared, "yes"),
                                   .node = value_of(text, "node", arena),
                                   .chassis = value_of(text, "chassis", arena),
                                   .interface = value_of(text, "interface", arena)};
    return out->node && out->chassis && out->interface &&
           parse_mac(value_of(text, "mac", arena), &out->mac) &&
           parse_some(value_of(text, "addresses", arena), &out->addresses) && out->addresses.n &&
           parse_some(value_of(text, "join", arena), &out->join) && out->join.n &&
           parse_some(value_of(text, "via", arena), &out->next_hops) &&
           parse_rampout(value_of(text, "rampout", arena), arena, out) &&
           parse_flag(value_of(text, "first", arena), &out->is_first) &&
           parse_flag(value_of(text, "single", arena), &out->single_default);
}
