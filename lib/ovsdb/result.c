#include "ovsdb/result.h"

#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "openvswitch/json.h"
#include "openvswitch/shash.h"
#include "ovsdb/wire.h"

static const char *text_member(const struct json *result, const char *name)
{
    const struct json *text =
        result && result->type == JSON_OBJECT ? shash_find_data(json_object(result), name) : NULL;

    return text && text->type == JSON_STRING ? json_string(text) : NULL;
}

/* What a guard of ours, or the identity of a row, has found out is a conflict that goes away by
 * computing again; so is a reference to a row that somebody has just deleted. */
static const struct {
    const char *error;
    int code;
} codes[] = {
    {"timed out", OVNK8S_CONFLICT},
    {"duplicate uuid", OVNK8S_CONFLICT},
    {"referential integrity violation", OVNK8S_CONFLICT},
    {"constraint violation", OVNK8S_EXISTS},
    {"not owner", OVNK8S_CONFLICT},
    {"unknown column", OVNK8S_UNSUPPORTED},
    {"unknown table", OVNK8S_UNSUPPORTED},
    {"syntax error", OVNK8S_UNSUPPORTED},
    {"permission error", OVNK8S_PERMISSION},
    {"resources exhausted", OVNK8S_UNAVAILABLE},
    {"I/O error", OVNK8S_UNAVAILABLE},
    {"cluster error", OVNK8S_UNAVAILABLE},
    {"aborted", OVNK8S_UNAVAILABLE},
    {"not leader", OVNK8S_UNAVAILABLE},
    {"no longer leader", OVNK8S_UNAVAILABLE},
};

int result_error(const struct json *result)
{
    const char *error = text_member(result, "error"), *details = text_member(result, "details");
    int code = OVNK8S_PROTOCOL;

    if (!error) {
        return 0;
    }
    for (size_t i = 0; i < COUNT_OF(codes); i++) {
        if (!strcmp(codes[i].error, error)) {
            code = codes[i].code;
        }
    }
    return fail(code, "%s%s%s", error, details ? ": " : "", details ? details : "");
}

int result_rows(const struct json *result, const char *table, struct rows *facts)
{
    const struct json *found =
        result->type == JSON_OBJECT ? shash_find_data(json_object(result), "rows") : NULL;

    if (!found || found->type != JSON_ARRAY) {
        return fail(OVNK8S_PROTOCOL, "an answer without rows");
    }
    for (size_t i = 0; i < found->array.n; i++) {
        if (!wire_read_row(facts, table, found->array.elems[i])) {
            return fail(OVNK8S_PROTOCOL, "a malformed row of %s", table);
        }
    }
    return rows_failed(facts) ? fail_nomem() : 0;
}
