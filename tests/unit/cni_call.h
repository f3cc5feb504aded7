/* Calling the plugin from a test, as a function. */

#ifndef UNIT_CNI_CALL_H
#define UNIT_CNI_CALL_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#undef fail /* The library has a function of this name. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include <ovnk8s/cni.h>
#include <ovnk8s/memory.h>

static inline void assert_contains(const char *text, const char *part)
{
    if (!strstr(text, part)) {
        print_error("expected \"%s\" in \"%s\"\n", part, text);
        assert_true(false);
    }
}

/* Runs the plugin; the answer as JSON. */
static inline cJSON *run(const char *const *environment, const char *input, int exit_code)
{
    char *output;
    cJSON *answer;

    assert_int_equal(ovnk8s_cni_run(environment, input, NULL, &output), exit_code);
    assert_non_null(output);
    answer = cJSON_ParseWithOpts(output, NULL, true);
    assert_true(cJSON_IsObject(answer));
    ovnk8s_free(output);
    return answer;
}

static inline const char *text_of(const cJSON *object, const char *key)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, key));

    return text ? text : "";
}

static inline void assert_error(const char *const *environment, const char *input, int code,
                                const char *message)
{
    cJSON *answer = run(environment, input, 1);

    assert_int_equal(cJSON_GetObjectItemCaseSensitive(answer, "code")->valueint, code);
    assert_contains(text_of(answer, "msg"), message);
    cJSON_Delete(answer);
}

#define ENV(...) ((const char *const[]){__VA_ARGS__, NULL})

#endif /* cni_call.h */
