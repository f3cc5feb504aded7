#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <ovnk8s/error.h>

#include "ovsdb/remotes.h"

#include <cmocka.h>

static void accepts_what_libopenvswitch_can_connect_to(void **state)
{
    (void)state;
    assert_int_equal(remotes_check("unix:/run/db.sock"), 0);
    assert_int_equal(remotes_check("tcp:10.0.0.1:6641, ssl:[fd01::1]:6641"), 0);
}

static void refuses_everything_else(void **state)
{
    static const char *const bad[] = {"",     "unix:",         "db.sock", "udp:1",
                                      "tcp:", "tcp:1:2,,tcp:", ",",       "punix:/x"};

    (void)state;
    assert_int_equal(remotes_check(NULL), OVNK8S_INVALID);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(remotes_check(bad[i]), OVNK8S_INVALID);
    }
}

static void rotates(void **state)
{
    char three[] = "a,bcd,ef", one[] = "abc";

    (void)state;
    remotes_rotate(three);
    assert_string_equal(three, "bcd,ef,a");
    remotes_rotate(three);
    assert_string_equal(three, "ef,a,bcd");
    remotes_rotate(three);
    assert_string_equal(three, "a,bcd,ef");
    remotes_rotate(one);
    assert_string_equal(one, "abc");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accepts_what_libopenvswitch_can_connect_to),
        cmocka_unit_test(refuses_everything_else),
        cmocka_unit_test(rotates),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
