/* Bridges that do not behave: what a connection to one makes of silence, rubbish and refusals. The
 * switch is a thread of the test, which speaks just enough OpenFlow to come to the point. */

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <ovnk8s/ovnk8s.h>

#include <cmocka.h> /* Last: it has a macro called fail. */

/* Types of OpenFlow 1.4 messages. */
enum {
    HELLO = 0,
    ERROR = 1,
    MULTIPART_REQUEST = 18,
    MULTIPART_REPLY = 19,
    BARRIER_REQUEST = 20,
    BARRIER_REPLY = 21,
    BUNDLE_CONTROL = 33,
    BUNDLE_ADD = 34,
};
enum { FLOWS = 1, PORTS = 13 }; /* Kinds of multipart messages. */

/* What the switch does other than it should. */
enum fault {
    NONE,
    CLOSES,
    SILENT,
    SPEAKS_HTTP,
    SPEAKS_1_0,
    ODD_HELLO, /* Whose version counts all the same. */
    SHORT_LENGTH,
    NO_PORTS,
    BROKEN_PORTS,
    REFUSES_PORTS,
    BROKEN_FLOWS,
    STRANGE_FLOWS,
    NO_FLOWS,
    REFUSES_CHANGE,
    REFUSES_COMMIT,
    STRANGE_COMMIT,
    NO_COMMIT,
    CLOSES_ONCE,
};

static struct {
    int listener;
    char path[64], remote[80];
    enum fault fault;
    pthread_t thread;
    unsigned int connections, adds, commits, discards;
} the_switch;

static void put16(uint8_t *at, unsigned int value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

static void say(int fd, uint8_t type, const uint8_t xid[4], const void *body, size_t n)
{
    uint8_t message[512] = {5, type};

    put16(message + 2, (unsigned int)(8 + n));
    memcpy(message + 4, xid, 4);
    if (n) {
        memcpy(message + 8, body, n);
    }
    if (send(fd, message, 8 + n, MSG_NOSIGNAL) < 0) {
        return; /* The other side has had enough. */
    }
}

static void refuse(int fd, const uint8_t xid[4], unsigned int type, unsigned int code)
{
    uint8_t body[4];

    put16(body, type);
    put16(body + 2, code);
    say(fd, ERROR, xid, body, sizeof body);
}

static void greet(int fd)
{
    static const uint8_t none[4];
    uint8_t bitmap[8] = {0, 1, 0, 8, 0, 0, 0, 1 << 5};

    switch (the_switch.fault) {
    case SPEAKS_HTTP:
        send(fd, "HTTP/1.1 400 Bad Request\r\n\r\n", 28, MSG_NOSIGNAL);
        return;
    case SPEAKS_1_0:
        bitmap[7] = 1 << 1;
        break;
    case ODD_HELLO:
        bitmap[3] = 3;
        break;
    case SHORT_LENGTH:
        send(fd, "\5\0\0\4\0\0\0\0", 8, MSG_NOSIGNAL);
        return;
    default:
        break;
    }
    say(fd, HELLO, none, bitmap, sizeof bitmap);
}

/* The port 'number' of a description. */
static void describe(uint8_t port[72], unsigned int number, const char *name)
{
    memset(port, 0, 72);
    put16(port + 2, number);
    if (number == 0xfffe) {
        put16(port, 0xffff);
    }
    put16(port + 4, 72);
    memcpy(port + 8, "\2\0\0\0\0\1", 6);
    strcpy((char *)port + 16, name);
    put16(port + 40, 0); /* A property of 32 bytes about Ethernet. */
    put16(port + 42, 32);
}

static void tell_ports(int fd, const uint8_t xid[4])
{
    uint8_t body[8 + 3 * 72] = {0, PORTS};

    describe(body + 8, 0xfffe, "breth0");
    describe(body + 80, 1, "eth0");
    describe(body + 152, 2, "patch");
    if (the_switch.fault == REFUSES_PORTS) {
        refuse(fd, xid, 1, 5);
    } else if (the_switch.fault == BROKEN_PORTS) {
        put16(body + 12, 71);
        say(fd, MULTIPART_REPLY, xid, body, sizeof body);
    } else if (the_switch.fault != NO_PORTS) {
        say(fd, MULTIPART_REPLY, xid, body, sizeof body);
    }
}

static void tell_flows(int fd, const uint8_t xid[4])
{
    uint8_t body[8 + 64] = {0, FLOWS};

    if (the_switch.fault == BROKEN_FLOWS) {
        put16(body + 8, 9);
        say(fd, MULTIPART_REPLY, xid, body, sizeof body);
    } else if (the_switch.fault == STRANGE_FLOWS) {
        body[1] = 99;
        say(fd, MULTIPART_REPLY, xid, body, 8);
    } else if (the_switch.fault != NO_FLOWS) {
        say(fd, MULTIPART_REPLY, xid, body, 8);
    }
}

static void control_bundle(int fd, const uint8_t *message)
{
    const unsigned int type = message[13];
    uint8_t body[8];

    memcpy(body, message + 8, sizeof body);
    body[5]++;
    the_switch.commits += type == 4;
    the_switch.discards += type == 6;
    if (type == 4 && the_switch.fault == REFUSES_COMMIT) {
        refuse(fd, message + 4, 17, 11);
        return;
    }
    if (type == 4 && the_switch.fault == NO_COMMIT) {
        return;
    }
    if (type == 4 && the_switch.fault == STRANGE_COMMIT) {
        body[5] = 3;
    }
    say(fd, BUNDLE_CONTROL, message + 4, body, sizeof body);
}

static void answer(int fd, const uint8_t *message)
{
    switch (message[1]) {
    case MULTIPART_REQUEST:
        (message[9] == PORTS ? tell_ports : tell_flows)(fd, message + 4);
        break;
    case BARRIER_REQUEST:
        say(fd, BARRIER_REPLY, message + 4, NULL, 0);
        break;
    case BUNDLE_CONTROL:
        control_bundle(fd, message);
        break;
    case BUNDLE_ADD:
        if (++the_switch.adds == 3 && the_switch.fault == REFUSES_CHANGE) {
            refuse(fd, message + 4, 5, 1); /* Its tables are full. */
        }
        break;
    default:
        break;
    }
}

static void serve(int fd)
{
    static _Alignas(8) uint8_t message[65536];

    if (the_switch.fault == CLOSES) {
        return;
    }
    if (the_switch.fault != SILENT) {
        greet(fd);
    }
    while (recv(fd, message, 8, MSG_WAITALL) == 8) {
        const ssize_t rest = (message[2] << 8 | message[3]) - 8;

        if (rest && recv(fd, message + 8, (size_t)rest, MSG_WAITALL) != rest) {
            break;
        }
        if (the_switch.fault == CLOSES_ONCE && the_switch.connections == 1 &&
            message[1] == BARRIER_REQUEST) {
            break;
        }
        answer(fd, message);
    }
}

static void *run(void *payload)
{
    int fd;

    (void)payload;
    while ((fd = accept(the_switch.listener, NULL, NULL)) >= 0) {
        the_switch.connections++;
        serve(fd);
        close(fd);
    }
    return NULL;
}

static void start(enum fault fault)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    memset(&the_switch, 0, sizeof the_switch);
    the_switch.fault = fault;
    snprintf(the_switch.path, sizeof the_switch.path, "/tmp/ovnk8s-bridge-%d", (int)getpid());
    snprintf(the_switch.remote, sizeof the_switch.remote, "unix:%s", the_switch.path);
    strcpy(address.sun_path, the_switch.path);
    unlink(the_switch.path);
    the_switch.listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(the_switch.listener, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(the_switch.listener, 8), 0);
    assert_int_equal(pthread_create(&the_switch.thread, NULL, run, NULL), 0);
}

static void stop(void)
{
    shutdown(the_switch.listener, SHUT_RDWR);
    pthread_join(the_switch.thread, NULL);
    close(the_switch.listener);
    unlink(the_switch.path);
}

static double seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static ovnk8s_flows *new_flows(void)
{
    ovnk8s_gateway_flows gateway = OVNK8S_GATEWAY_FLOWS_INIT;
    ovnk8s_flows *flows;

    gateway.physical_port = "eth0";
    gateway.patch_port = "patch";
    assert_int_equal(ovnk8s_flows_new(&flows, &gateway), 0);
    return flows;
}

/* Opens the bridge and applies flows; returns the first failure. */
static int try(unsigned int timeout_ms, ovnk8s_flows_result *result)
{
    ovnk8s_connect_options options = OVNK8S_CONNECT_OPTIONS_INIT;
    ovnk8s_flows *flows = new_flows();
    ovnk8s_bridge *bridge;
    int error;

    options.timeout_ms = timeout_ms;
    error = ovnk8s_bridge_open(&bridge, the_switch.remote, &options);
    error = error ? error : ovnk8s_flows_apply(flows, bridge, result);
    ovnk8s_bridge_close(bridge);
    ovnk8s_flows_free(flows);
    return error;
}

static void a_switch_that_behaves(void **state)
{
    ovnk8s_flows_result result = {.size = sizeof result};
    ovnk8s_flows *flows = new_flows();

    (void)state;
    start(NONE);
    assert_int_equal(try(2000, &result), 0);
    stop();
    assert_int_equal(result.added, ovnk8s_flows_count(flows));
    assert_int_equal(the_switch.adds, result.added);
    assert_int_equal(the_switch.commits, 1);
    ovnk8s_flows_free(flows);
}

static void faults_are_told(void **state)
{
    static const struct {
        enum fault fault;
        int error;
    } cases[] = {
        {CLOSES, OVNK8S_TIMEOUT},
        {SILENT, OVNK8S_TIMEOUT},
        {SPEAKS_HTTP, OVNK8S_PROTOCOL},
        {SPEAKS_1_0, OVNK8S_UNSUPPORTED},
        {ODD_HELLO, 0},
        {SHORT_LENGTH, OVNK8S_PROTOCOL},
        {NO_PORTS, OVNK8S_TIMEOUT},
        {BROKEN_PORTS, OVNK8S_PROTOCOL},
        {REFUSES_PORTS, OVNK8S_PERMISSION},
        {BROKEN_FLOWS, OVNK8S_PROTOCOL},
        {STRANGE_FLOWS, OVNK8S_PROTOCOL},
        {NO_FLOWS, OVNK8S_TIMEOUT},
        {REFUSES_CHANGE, OVNK8S_EXHAUSTED},
        {REFUSES_COMMIT, OVNK8S_PROTOCOL},
        {STRANGE_COMMIT, OVNK8S_PROTOCOL},
        {NO_COMMIT, OVNK8S_TIMEOUT},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const double since = seconds();
        int error;

        start(cases[i].fault);
        error = try(cases[i].error == OVNK8S_TIMEOUT ? 300 : 5000, NULL);
        stop();
        if (error != cases[i].error ||
            (error && !strstr(ovnk8s_last_error()->message, the_switch.remote))) {
            fail_msg("fault %d: %s: %s", cases[i].fault, ovnk8s_error_name(error),
                     ovnk8s_last_error()->message);
        }
        assert_true(seconds() - since < 2.5);
    }
}

static void what_is_refused_is_dropped_as_a_whole(void **state)
{
    (void)state;
    start(REFUSES_CHANGE);
    assert_int_equal(try(2000, NULL), OVNK8S_EXHAUSTED);
    stop();
    assert_int_equal(the_switch.commits, 0);
}

static void a_broken_connection_is_made_again(void **state)
{
    (void)state;
    start(CLOSES_ONCE);
    assert_int_equal(try(2000, NULL), 0);
    stop();
    assert_int_equal(the_switch.connections, 2);
    assert_int_equal(the_switch.commits, 1);
}

static void ports_that_are_missing_are_told(void **state)
{
    ovnk8s_gateway_flows gateway = OVNK8S_GATEWAY_FLOWS_INIT;
    ovnk8s_bridge *bridge;
    ovnk8s_flows *flows;

    (void)state;
    start(NONE);
    gateway.physical_port = "eth1";
    gateway.patch_port = "patch";
    assert_int_equal(ovnk8s_flows_new(&flows, &gateway), 0);
    assert_int_equal(ovnk8s_bridge_open(&bridge, the_switch.remote, NULL), 0);
    assert_string_equal(ovnk8s_bridge_mac(bridge), "02:00:00:00:00:01");
    assert_int_equal(ovnk8s_flows_apply(flows, bridge, NULL), OVNK8S_NOTFOUND);
    assert_non_null(strstr(ovnk8s_last_error()->message, "port eth1"));
    ovnk8s_bridge_close(bridge);
    ovnk8s_flows_free(flows);
    stop();
    assert_int_equal(the_switch.adds, 0);
}

static void *cancel_soon(void *cancel)
{
    const struct timespec pause = {0, 200000000};

    nanosleep(&pause, NULL);
    ovnk8s_cancel_trigger(cancel);
    return NULL;
}

static void cancelling_ends_waiting(void **state)
{
    ovnk8s_connect_options options = OVNK8S_CONNECT_OPTIONS_INIT;
    const double since = seconds();
    ovnk8s_bridge *bridge;
    pthread_t thread;

    (void)state;
    start(SILENT);
    assert_int_equal(ovnk8s_cancel_new(&options.cancel), 0);
    assert_int_equal(pthread_create(&thread, NULL, cancel_soon, options.cancel), 0);
    assert_int_equal(ovnk8s_bridge_open(&bridge, the_switch.remote, &options), OVNK8S_CANCELLED);
    assert_null(bridge);
    assert_true(seconds() - since < 1.5);
    pthread_join(thread, NULL);
    ovnk8s_cancel_free(options.cancel);
    stop();
}

static void remotes_are_checked(void **state)
{
    static const struct {
        const char *remote;
        int error;
    } cases[] = {
        {"", OVNK8S_INVALID},
        {NULL, OVNK8S_INVALID},
        {"breth0", OVNK8S_INVALID},
        {"unix:", OVNK8S_INVALID},
        {"tcp:10.0.0.1", OVNK8S_INVALID},
        {"tcp:10.0.0.1:0", OVNK8S_INVALID},
        {"tcp:10.0.0.1:65536", OVNK8S_INVALID},
        {"tcp::6653", OVNK8S_INVALID},
        {"tcp:name:6653", OVNK8S_INVALID},
        {"tcp:[::1:6653", OVNK8S_INVALID},
        {"ssl:10.0.0.1:6653", OVNK8S_UNSUPPORTED},
        {"tcp:127.0.0.1:1", OVNK8S_TIMEOUT},
        {"tcp:[::1]:1", OVNK8S_TIMEOUT},
        {"unix:/nowhere/br.mgmt", OVNK8S_TIMEOUT},
    };
    ovnk8s_connect_options options = OVNK8S_CONNECT_OPTIONS_INIT;
    ovnk8s_bridge *bridge;

    (void)state;
    options.timeout_ms = 100;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(ovnk8s_bridge_open(&bridge, cases[i].remote, &options), cases[i].error);
        assert_null(bridge);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_switch_that_behaves),
        cmocka_unit_test(faults_are_told),
        cmocka_unit_test(what_is_refused_is_dropped_as_a_whole),
        cmocka_unit_test(a_broken_connection_is_made_again),
        cmocka_unit_test(ports_that_are_missing_are_told),
        cmocka_unit_test(cancelling_ends_waiting),
        cmocka_unit_test(remotes_are_checked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
