/* What libopenvswitch is told in place of its own modules. */

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "openvswitch/poll-loop.h"
#include "openvswitch/util.h"
#include "ovsdb/contain.h"

#include <cmocka.h>

/* A connection with much to send waits for both. */
static void a_descriptor_is_waited_for_once_for_all_its_events(void **state)
{
    struct wake_set wakes;

    (void)state;
    wake_set_start();
    poll_fd_wait(5, POLLOUT);
    poll_fd_wait(7, POLLIN);
    poll_fd_wait(5, POLLIN);
    wake_set_get(&wakes);
    assert_int_equal(wakes.n, 2);
    assert_int_equal(wakes.fds[0].fd, 5);
    assert_int_equal(wakes.fds[0].events, POLLIN | POLLOUT);
    assert_int_equal(wakes.fds[1].fd, 7);
    assert_int_equal(wakes.fds[1].events, POLLIN);
}

static void more_descriptors_than_there_is_room_for_make_it_busy(void **state)
{
    struct wake_set wakes;

    (void)state;
    wake_set_start();
    for (int fd = 0; fd < WAKE_FDS; fd++) {
        poll_fd_wait(fd, POLLIN);
    }
    wake_set_get(&wakes);
    assert_true(wakes.at == INT64_MAX);
    poll_fd_wait(WAKE_FDS, POLLIN);
    wake_set_get(&wakes);
    assert_int_equal(wakes.n, WAKE_FDS);
    assert_true(wakes.at == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_descriptor_is_waited_for_once_for_all_its_events),
        cmocka_unit_test(more_descriptors_than_there_is_room_for_make_it_busy),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
