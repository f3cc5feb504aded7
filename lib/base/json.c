#include "base/json.h"

const cJSON *member_of(const cJSON *object, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(object, name);
}

const char *text_of(const cJSON *object, const char *name)
{
    const char *text = cJSON_GetStringValue(member_of(object, name));

    return text && *text ? text : NULL;
}
