/* What nobody wants of an object is left out of its text. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/json.h"
#include "kube/trim.h"

#include <cmocka.h> /* Last: it has a macro called fail. */

static const char *const annotations[] = {"annotations", NULL};

static void assert_trimmed(const char *json, size_t level, const char *expected)
{
    _cleanup_text_ struct text out = {.bytes = NULL};

    for (int i = 0; i < 2; i++) { /* Into what has another text already, too. */
        trim_json(json, strlen(json), level, annotations, &out);
        assert_false(out.failed);
        assert_string_equal(out.bytes, expected);
    }
}

static void parts_of_parts_are_left_out(void **state)
{
    (void)state;
    assert_trimmed(
        "{\"metadata\":{\"name\":\"a\",\"annotations\":{\"x\":[1]},\"labels\":{\"y\":{}}},"
        "\"spec\":{\"containers\":[{\"a\":[]},{}],\"nodeName\":\"n\",\"n\":1}}",
        TRIM_OBJECT,
        "{\"metadata\":{\"name\":\"a\",\"annotations\":{\"x\":[1]},\"labels\":null},"
        "\"spec\":{\"containers\":null,\"nodeName\":\"n\",\"n\":1}}");
}

static void events_have_one_bracket_more(void **state)
{
    (void)state;
    assert_trimmed("{\"type\":\"ADDED\",\"object\":{\"metadata\":{\"annotations\":{\"x\":\"y\"},"
                   "\"managedFields\":[{}]},\"spec\":{}}}",
                   TRIM_EVENT,
                   "{\"type\":\"ADDED\",\"object\":{\"metadata\":{\"annotations\":{\"x\":\"y\"},"
                   "\"managedFields\":null},\"spec\":{}}}");
}

static void strings_may_have_anything(void **state)
{
    (void)state;
    assert_trimmed(
        "{\"a\":{\"b\":\"]}\\\"{[:\",\"c\":[\"\\\\\",\"]\\\"]\"],\"annotations\":{\"{\":1},"
        "\"annotationsx\":{},\"annotation\":[]}}",
        TRIM_OBJECT,
        "{\"a\":{\"b\":\"]}\\\"{[:\",\"c\":null,\"annotations\":{\"{\":1},"
        "\"annotationsx\":null,\"annotation\":null}}");
}

static void spaces_and_elements_of_arrays_stay(void **state)
{
    (void)state;
    assert_trimmed("{ \"a\" : { \"b\" : [ 1 ] , \"annotations\" :\n{ } } }", TRIM_OBJECT,
                   "{ \"a\" : { \"b\" : null , \"annotations\" :\n{ } } }");
    assert_trimmed("{\"a\":[{\"b\":{\"c\":1}},[2]]}", TRIM_OBJECT,
                   "{\"a\":[{\"b\":{\"c\":1}},[2]]}");
}

/* Whatever is broken off before the end of an object is none. */
static void half_an_object_becomes_none(void **state)
{
    static const char json[] = "{\"a\":{\"b\":[{\"c\":\"\\\\\"}],\"annotations\":{\"d\":1}}}";
    _cleanup_text_ struct text out = {.bytes = NULL};

    (void)state;
    for (size_t n = 0; n < sizeof json; n++) {
        cJSON *object;

        trim_json(json, n, TRIM_OBJECT, annotations, &out);
        object = cJSON_ParseWithLength(out.bytes ? out.bytes : "", out.length);
        assert_int_equal(object != NULL, n == sizeof json - 1);
        cJSON_Delete(object);
    }
}

static void garbage_does_no_harm(void **state)
{
    static const char *const garbage[] = {"",    "}}}}{",  "\"",     "\\", "\"\\",
                                          "]]:", "{{:[[[", "{{{{:{", ":{", "{\"a\":{\"b\":\"\\"};
    _cleanup_text_ struct text out = {.bytes = NULL};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(garbage); i++) {
        trim_json(garbage[i], strlen(garbage[i]), TRIM_OBJECT, annotations, &out);
        assert_true(out.length <= strlen(garbage[i]) + strlen("null"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_of_parts_are_left_out),
        cmocka_unit_test(events_have_one_bracket_more),
        cmocka_unit_test(strings_may_have_anything),
        cmocka_unit_test(spaces_and_elements_of_arrays_stay),
        cmocka_unit_test(half_an_object_becomes_none),
        cmocka_unit_test(garbage_does_no_harm),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
