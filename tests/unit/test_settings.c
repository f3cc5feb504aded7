#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <ovnk8s/error.h>
#include <ovnk8s/memory.h>

#include "base/env.h"
#include "base/mem.h"
#include "node/settings.h"

/* A file of its own for each test. */
static int make_file(void **state)
{
    char path[] = "/tmp/ovnk8s-settings-XXXXXX";
    const int fd = mkstemp(path);

    assert_true(fd >= 0);
    close(fd);
    *state = strdup(path);
    return 0;
}

static int remove_file(void **state)
{
    unlink(*state);
    free(*state);
    return 0;
}

static void write_file(const char *path, const char *content)
{
    FILE *file = fopen(path, "we");

    assert_non_null(file);
    fputs(content, file);
    fclose(file);
}

static ovnk8s_settings *with(const char *const *environment)
{
    ovnk8s_settings *settings;

    assert_int_equal(settings_new(&settings, environment), 0);
    return settings;
}

static ovnk8s_settings *with_file(const char *const *environment, const char *path,
                                  const char *content)
{
    ovnk8s_settings *settings = with(environment);

    write_file(path, content);
    assert_int_equal(ovnk8s_settings_set(settings, "config", path), 0);
    assert_int_equal(ovnk8s_settings_read_file(settings), 0);
    return settings;
}

static void assert_setting(const ovnk8s_settings *settings, const char *key, const char *value)
{
    const char *found = ovnk8s_settings_get(settings, key);

    if (value) {
        assert_non_null(found);
        assert_string_equal(found, value);
    } else {
        assert_null(found);
    }
}

static void knows_when_to_ask_open_vswitch(void **state)
{
    ovnk8s_settings *settings = with((const char *[]){"OVN_SB_DB=tcp:1.2.3.4:6642", NULL});

    (void)state;
    assert_setting(settings, "sb", "tcp:1.2.3.4:6642");
    assert_false(ovnk8s_settings_asks_vswitch(settings, "sb"));
    assert_true(ovnk8s_settings_asks_vswitch(settings, "nb"));
    assert_int_equal(ovnk8s_settings_set(settings, "nb", "tcp:1.2.3.4:6641"), 0);
    assert_false(ovnk8s_settings_asks_vswitch(settings, "nb"));
    assert_true(ovnk8s_settings_asks_vswitch(settings, "api-server"));
    assert_int_equal(ovnk8s_settings_set(settings, "kubeconfig", "/config"), 0);
    assert_false(ovnk8s_settings_asks_vswitch(settings, "api-server"));
    assert_false(ovnk8s_settings_asks_vswitch(settings, "mtu"));
    assert_false(ovnk8s_settings_asks_vswitch(settings, "nonsense"));
    ovnk8s_settings_free(settings);
}

static void finds_variables(void **state)
{
    static const char *const environment[] = {"AB=long", "A=short", "C=", "D", NULL};

    (void)state;
    assert_string_equal(env_get(environment, "A"), "short");
    assert_string_equal(env_get(environment, "AB"), "long");
    assert_null(env_get(environment, "C"));
    assert_null(env_get(environment, "D"));
    assert_null(env_get(NULL, "A"));
}

static void has_defaults(void **state)
{
    ovnk8s_settings *settings = with(NULL);

    (void)state;
    assert_setting(settings, "ovs", "unix:/var/run/openvswitch/db.sock");
    assert_setting(settings, "nb", "unix:/var/run/ovn/ovnnb_db.sock");
    assert_setting(settings, "mtu", "1400");
    assert_setting(settings, "cni-conf-path", "/etc/cni/net.d");
    assert_setting(settings, "kubeconfig", NULL);
    assert_setting(settings, "no-such-key", NULL);
    assert_int_equal(settings_timeout_ms(settings), 10000);
    assert_int_equal(settings_mtu(settings), 1400);
    ovnk8s_settings_free(settings);
}

/* The CNI plugin has others. */
static void may_have_other_defaults(void **state)
{
    ovnk8s_settings *settings = with(NULL);

    (void)state;
    assert_false(settings_has_api_server(settings));
    assert_int_equal(settings_set_default(settings, "timeout", "60"), 0);
    assert_int_equal(settings_set_default(settings, "mtu", NULL), 0);
    assert_int_equal(settings_timeout_ms(settings), 60000);
    assert_int_equal(settings_mtu(settings), 0);
    assert_int_equal(ovnk8s_settings_set(settings, "timeout", "5"), 0);
    assert_int_equal(ovnk8s_settings_set(settings, "kubeconfig", "/c"), 0);
    assert_int_equal(settings_timeout_ms(settings), 5000);
    assert_true(settings_has_api_server(settings));
    ovnk8s_settings_free(settings);
}

static void reads_the_environment(void **state)
{
    static const char *const environment[] = {"OVS_RUNDIR=/a", "OVN_RUNDIR=/b", "KUBECONFIG=/c",
                                              NULL};
    static const char *const remote[] = {"OVN_NB_DB=tcp:10.0.0.1:6641", NULL};
    ovnk8s_settings *settings = with(environment);

    (void)state;
    assert_setting(settings, "ovs", "unix:/a/db.sock");
    assert_setting(settings, "nb", "unix:/b/ovnnb_db.sock");
    assert_setting(settings, "kubeconfig", "/c");
    ovnk8s_settings_free(settings);
    settings = with(remote);
    assert_setting(settings, "nb", "tcp:10.0.0.1:6641");
    ovnk8s_settings_free(settings);
}

static void prefers_flag_to_environment_to_file(void **state)
{
    static const char *const environment[] = {"OVN_NB_DB=tcp:2.2.2.2:2", NULL};
    static const char file[] = "[default]\nnb=tcp:3.3.3.3:3\nmtu = 1300\n";
    ovnk8s_settings *settings = with_file(NULL, *state, file);

    assert_setting(settings, "nb", "tcp:3.3.3.3:3");
    assert_setting(settings, "mtu", "1300");
    ovnk8s_settings_free(settings);
    settings = with_file(environment, *state, file);
    assert_setting(settings, "nb", "tcp:2.2.2.2:2");
    assert_int_equal(ovnk8s_settings_set(settings, "nb", "tcp:1.1.1.1:1"), 0);
    assert_setting(settings, "nb", "tcp:1.1.1.1:1");
    assert_int_equal(ovnk8s_settings_set(settings, "nb", NULL), 0);
    assert_setting(settings, "nb", "tcp:1.1.1.1:1");
    ovnk8s_settings_free(settings);
}

static void lets_a_kubeconfig_stand_for_the_api_server(void **state)
{
    static const char file[] = "[default]\nkubeconfig=/k\nk8s_api_server=a:1\nk8s_api_token=t\n";
    ovnk8s_settings *settings = with_file(NULL, *state, file);
    char *text;

    assert_setting(settings, "kubeconfig", "/k");
    assert_setting(settings, "api-server", NULL);
    assert_setting(settings, "api-token", NULL);
    assert_int_equal(ovnk8s_settings_set(settings, "api-server", "b:2"), 0);
    assert_setting(settings, "api-server", "b:2");
    assert_int_equal(ovnk8s_settings_text(settings, &text), 0);
    assert_non_null(strstr(text, " kubeconfig\n"));
    ovnk8s_free(text);
    ovnk8s_settings_free(settings);
}

static void reads_files_of_all_kinds(void **state)
{
    static const char file[] = "\n# comment\n; comment\r\n  [other]\nmtu=9\n[default]\r\n"
                               "MTU : 1500 \r\n\tprivate_key=/p\nconntrack_zone=64000\nlog_path=\n"
                               "unix_socket=/s\nrundir=/r\nca_cert=/with=equals:and colon";
    ovnk8s_settings *settings = with_file(NULL, *state, file);

    assert_setting(settings, "mtu", "1500");
    assert_setting(settings, "private-key", "/p");
    assert_setting(settings, "log-path", NULL);
    assert_setting(settings, "nb", "unix:/s");
    assert_setting(settings, "ovs", "unix:/r/db.sock");
    assert_setting(settings, "ca-cert", "/with=equals:and colon");
    ovnk8s_settings_free(settings);
}

static void prefers_todays_keys_in_any_order(void **state)
{
    ovnk8s_settings *settings = with_file(NULL, *state, "[default]\nunix_socket=/s\nnb=tcp:1:2\n");

    assert_setting(settings, "nb", "tcp:1:2");
    write_file(*state, "[default]\nnb=tcp:3:4\nunix_socket=/s\n");
    assert_int_equal(ovnk8s_settings_read_file(settings), 0);
    assert_setting(settings, "nb", "tcp:3:4");
    write_file(*state, "");
    assert_int_equal(ovnk8s_settings_read_file(settings), 0);
    assert_setting(settings, "nb", "unix:/var/run/ovn/ovnnb_db.sock");
    ovnk8s_settings_free(settings);
}

static void tells_the_line_of_a_mistake(void **state)
{
    static const struct {
        const char *file, *message;
    } cases[] = {
        {"mtu=1400\n", ":1: \"mtu=1400\": expected a section before it, such as [default]"},
        {"[default\n", ":1: \"[default\": expected [SECTION]"},
        {"[default]\n\nnonsense\n", ":3: \"nonsense\": expected KEY=VALUE"},
        {"[default]\n=x\n", ":2: \"=x\": expected KEY=VALUE"},
        {"[default]\nmtu=9000000\n", ":2: mtu \"9000000\": expected a number from 68 to 65535"},
        {"[default]\ntimeout=1s\n", ":2: timeout \"1s\": expected a number from 1 to 86400"},
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        ovnk8s_settings *settings = with(NULL);

        write_file(*state, cases[i].file);
        assert_int_equal(ovnk8s_settings_set(settings, "config", *state), 0);
        assert_int_equal(ovnk8s_settings_read_file(settings), OVNK8S_INVALID);
        assert_non_null(strstr(ovnk8s_last_error()->message, cases[i].message));
        ovnk8s_settings_free(settings);
    }
}

static void wants_the_file_that_was_asked_for(void **state)
{
    ovnk8s_settings *settings = with(NULL);
    ovnk8s_vswitch *vswitch;

    (void)state;
    assert_int_equal(ovnk8s_settings_set(settings, "config", "/nonexistent/ovn_k8s.conf"), 0);
    assert_int_equal(ovnk8s_settings_read_file(settings), OVNK8S_NOTFOUND);
    assert_non_null(strstr(ovnk8s_last_error()->message, "/nonexistent/ovn_k8s.conf"));
    assert_int_equal(ovnk8s_settings_open_vswitch(settings, &vswitch), OVNK8S_NOTFOUND);
    assert_null(vswitch);
    ovnk8s_settings_free(settings);
}

static void refuses_bad_flags(void **state)
{
    static const char *const bad[][2] = {
        {"timeout", "0"}, {"timeout", "-1"}, {"timeout", "86401"}, {"timeout", "1.5"},
        {"mtu", "67"},    {"mtu", "65536"},  {"mtu", "0x500"},     {"mtu", "99999999999999999999"},
        {"nb", ""},       {"mtu", " 1400"},  {"nosuch", "1"},
    };
    ovnk8s_settings *settings = with(NULL);

    (void)state;
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        assert_int_equal(ovnk8s_settings_set(settings, bad[i][0], bad[i][1]), OVNK8S_INVALID);
    }
    assert_int_equal(ovnk8s_settings_set(settings, NULL, "1"), OVNK8S_INVALID);
    assert_setting(settings, "mtu", "1400");
    assert_setting(settings, "timeout", "10");
    ovnk8s_settings_free(settings);
}

static void shows_sources_and_no_secrets(void **state)
{
    static const char *const environment[] = {"KUBERNETES_SERVICE_HOST=10.0.0.1", NULL};
    ovnk8s_settings *settings = with_file(environment, *state, "[default]\nlog_path=/l\n");
    char *text;

    assert_int_equal(ovnk8s_settings_set(settings, "api-token", "hush"), 0);
    assert_int_equal(
        ovnk8s_settings_set(settings, "api-ca", "-----BEGIN CERTIFICATE-----\nx\n-----END"), 0);
    assert_int_equal(ovnk8s_settings_text(settings, &text), 0);
    assert_null(strstr(text, "hush"));
    assert_null(strstr(text, "BEGIN"));
    assert_non_null(strstr(text, "service account\n"));
    assert_non_null(strstr(text, *state));
    assert_non_null(strstr(text, " default\n"));
    ovnk8s_free(text);
    ovnk8s_settings_free(settings);
}

static void says_that_there_is_no_api_server(void **state)
{
    ovnk8s_settings *settings = with_file(NULL, *state, "");
    ovnk8s_kube *kube;

    assert_int_equal(ovnk8s_settings_open_kube(settings, &kube), OVNK8S_NOTFOUND);
    assert_null(kube);
    assert_non_null(strstr(ovnk8s_last_error()->message, "no API server"));
    ovnk8s_settings_free(settings);
    ovnk8s_settings_free(NULL);
}

#define WITH_FILE(TEST) cmocka_unit_test_setup_teardown(TEST, make_file, remove_file)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_variables),
        cmocka_unit_test(knows_when_to_ask_open_vswitch),
        cmocka_unit_test(has_defaults),
        cmocka_unit_test(may_have_other_defaults),
        cmocka_unit_test(reads_the_environment),
        WITH_FILE(prefers_flag_to_environment_to_file),
        WITH_FILE(lets_a_kubeconfig_stand_for_the_api_server),
        WITH_FILE(reads_files_of_all_kinds),
        WITH_FILE(prefers_todays_keys_in_any_order),
        WITH_FILE(tells_the_line_of_a_mistake),
        cmocka_unit_test(wants_the_file_that_was_asked_for),
        cmocka_unit_test(refuses_bad_flags),
        WITH_FILE(shows_sources_and_no_secrets),
        WITH_FILE(says_that_there_is_no_api_server),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
