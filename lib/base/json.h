/* Reading JSON that others have written: members may be missing, or of any type. */

#ifndef BASE_JSON_H
#define BASE_JSON_H

#include <cjson/cJSON.h>

#include "base/mem.h"

/* A member of what may be NULL, or no object; and one that is text which is not empty. NULL when
 * there is none. */
const cJSON *member_of(const cJSON *object, const char *name);
const char *text_of(const cJSON *object, const char *name);

DEFINE_CLEANUP(json, cJSON *, cJSON_Delete)
#define _cleanup_json_ CLEANUP(jsonp)

#endif /* json.h */
