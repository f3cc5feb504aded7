/* Libraries that are loaded at the first use: all functions are found, or one says why not. */

#include <dlfcn.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/library.h"

#include <cmocka.h> /* Last: it has a macro called fail. */

static size_t (*length_of)(const char *text);
static void *(*place_of)(void);

static void all_functions_are_found(void **state)
{
    const struct library_function functions[] = {{"strlen", &length_of}};
    char reason[LIBRARY_REASON] = "";

    (void)state;
    assert_true(library_load("libc.so.6", RTLD_NOW, functions, 1, reason));
    assert_int_equal(length_of("four"), 4);
    assert_string_equal(reason, "");
}

static void a_function_that_is_missing_is_named(void **state)
{
    const struct library_function functions[] = {{"strlen", &length_of}, {"strnone", &place_of}};
    char reason[LIBRARY_REASON] = "";

    (void)state;
    assert_false(library_load("libc.so.6", RTLD_NOW, functions, 2, reason));
    assert_non_null(strstr(reason, "strnone"));
    assert_null(place_of);
}

static void a_library_that_is_missing_is_named(void **state)
{
    char reason[LIBRARY_REASON] = "";

    (void)state;
    assert_false(library_load("libnone.so.1", RTLD_NOW, NULL, 0, reason));
    assert_non_null(strstr(reason, "libnone.so.1"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_functions_are_found),
        cmocka_unit_test(a_function_that_is_missing_is_named),
        cmocka_unit_test(a_library_that_is_missing_is_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
