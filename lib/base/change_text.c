#include <ovnk8s/plan.h>

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/change.h"
#include "base/mem.h"
#include "base/plan.h"
#include "base/text.h"

/* Text. */

/* With what is not printable escaped: a line stays a line. */
static void add_escaped(struct text *text, const char *string)
{
    for (const char *s = string; *s; s++) {
        const unsigned char c = (unsigned char)*s, next = (unsigned char)s[1];

        if (c == '"' || c == '\\') {
            text_printf(text, "\\%c", c);
        } else if (c < ' ' || c == 0x7f) {
            text_printf(text, "\\u%04x", c);
        } else if (c == 0xc2 && next >= 0x80 && next <= 0x9f) {
            text_printf(text, "\\u%04x", next); /* Terminals obey these too. */
            s++;
        } else {
            text_add_bytes(text, s, 1);
        }
    }
}

static void add_quoted(struct text *text, const char *string)
{
    text_add(text, "\"");
    add_escaped(text, string);
    text_add(text, "\"");
}

static void add_value(struct text *text, const struct changes *changes, const struct atom *atom)
{
    char id[UUID_TEXT];

    switch (atom->type) {
    case ATOM_STRING:
        add_quoted(text, atom->string);
        break;
    case ATOM_INTEGER:
        text_printf(text, "%" PRId64, atom->integer);
        break;
    case ATOM_BOOLEAN:
        text_add(text, atom->boolean ? "true" : "false");
        break;
    default:
        add_quoted(text, changes_name(changes, atom->row, id));
    }
}

static void add_element(struct text *text, const struct changes *changes,
                        const struct element *element)
{
    const struct column *column = element->column;

    text_printf(text, "%c     %s", element->is_added ? '+' : '-', column->name);
    if (column->is_map) {
        text_add(text, ":");
        add_escaped(text, element->atoms->type == ATOM_STRING ? element->atoms->string : "?");
    }
    text_add(text, ": ");
    add_value(text, changes, element->atoms + (column->is_map ? 1 : 0));
    text_add(text, "\n");
}

static void add_change(struct text *text, const struct changes *changes,
                       const struct change *change)
{
    static const char signs[] = {'+', '~', '-'};

    text_printf(text, "%c %s ", signs[change->action], change->row->table);
    add_quoted(text, row_title(change->row, change->fact));
    text_add(text, "\n");
    for (const struct element *e = change->first; e; e = e->next) {
        add_element(text, changes, e);
    }
}

int changes_text(const struct changes *changes, char **out)
{
    _cleanup_text_ struct text text = {0};

    text_add(&text, "");
    for (const struct change *c = changes->first; c; c = c->next) {
        add_change(&text, changes, c);
    }
    return text_take(&text, out);
}

/* JSON. Where memory runs out cJSON returns NULL, which it also accepts; but then a value would be
 * missing silently, so that is remembered. */

struct writer {
    const struct changes *changes;
    bool failed;
};

static void put(struct writer *writer, cJSON *object, const char *name, cJSON *value)
{
    if (!value || !cJSON_AddItemToObject(object, name, value)) {
        cJSON_Delete(value);
        writer->failed = true;
    }
}

static cJSON *value_json(const struct writer *writer, const struct atom *atom)
{
    char id[UUID_TEXT];

    switch (atom->type) {
    case ATOM_STRING:
        return cJSON_CreateString(atom->string);
    case ATOM_INTEGER:
        return cJSON_CreateNumber((double)atom->integer);
    case ATOM_BOOLEAN:
        return cJSON_CreateBool(atom->boolean);
    default:
        return cJSON_CreateString(changes_name(writer->changes, atom->row, id));
    }
}

/* The member of this name, which is made when it is missing. */
static cJSON *member(struct writer *writer, cJSON *object, const char *name, cJSON *make(void))
{
    cJSON *there = cJSON_GetObjectItemCaseSensitive(object, name);

    if (!there) {
        there = make();
        put(writer, object, name, there);
    }
    return writer->failed ? NULL : there;
}

static void put_element(struct writer *writer, cJSON *change, const struct element *element)
{
    const struct column *column = element->column;
    cJSON *side =
        member(writer, change, element->is_added ? "added" : "removed", cJSON_CreateObject);
    cJSON *values = side ? member(writer, side, column->name,
                                  column->is_map ? cJSON_CreateObject : cJSON_CreateArray)
                         : NULL;
    cJSON *value = values ? value_json(writer, element->atoms + (column->is_map ? 1 : 0)) : NULL;

    if (!values) {
        return;
    }
    if (column->is_map) {
        put(writer, values, element->atoms->string, value);
    } else if (!value || !cJSON_AddItemToArray(values, value)) {
        cJSON_Delete(value);
        writer->failed = true;
    }
}

static cJSON *change_json(struct writer *writer, const struct change *change)
{
    static const char *const actions[] = {"insert", "update", "delete"};
    const struct row *row = change->row;
    const struct row *known = change->fact ? change->fact : row;
    cJSON *json = cJSON_CreateObject();
    char id[UUID_TEXT];

    put(writer, json, "action", cJSON_CreateString(actions[change->action]));
    put(writer, json, "table", cJSON_CreateString(row->table));
    put(writer, json, "name", cJSON_CreateString(row_title(row, change->fact)));
    put(writer, json, "uuid", cJSON_CreateString(row_id_format(known->id, id)));
    put(writer, json, "added", cJSON_CreateObject());
    put(writer, json, "removed", cJSON_CreateObject());
    for (const struct element *e = change->first; e && !writer->failed; e = e->next) {
        put_element(writer, json, e);
    }
    return json;
}

int changes_json(const struct changes *changes, const char *owner, char **out)
{
    struct writer writer = {.changes = changes};
    cJSON *json = cJSON_CreateObject(), *list = cJSON_CreateArray();

    put(&writer, json, "owner", cJSON_CreateString(owner));
    for (const struct change *c = changes->first; c && !writer.failed; c = c->next) {
        writer.failed |= !cJSON_AddItemToArray(list, change_json(&writer, c));
    }
    put(&writer, json, "changes", list);
    *out = writer.failed ? NULL : cJSON_PrintUnformatted(json);
    cJSON_Delete(json);
    return *out ? 0 : fail_nomem();
}

int ovnk8s_plan_text(const ovnk8s_plan *plan, char **out)
{
    return changes_text(&plan->changes, out);
}

int ovnk8s_plan_json(const ovnk8s_plan *plan, char **out)
{
    return changes_json(&plan->changes, plan->owner, out);
}
