#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <ovnk8s/error.h>
#include <ovnk8s/kube.h>

#include "base/text.h"
#include "kube/backoff.h"
#include "kube/base64.h"
#include "kube/credentials.h"
#include "kube/scan.h"
#include "kube/status.h"
#include "kube/url.h"

#include <cmocka.h> /* Last: it has a macro called fail. */

#define KUBECONFIG TEST_DATA "/kubeconfig.yaml"

static void assert_failed_with(int error, int expected, const char *words)
{
    assert_int_equal(error, expected);
    if (!strstr(ovnk8s_last_error()->message, words)) {
        fail_msg("\"%s\" does not mention \"%s\"", ovnk8s_last_error()->message, words);
    }
}

static void options_are_the_same_both_ways(void **state)
{
    const ovnk8s_kube_options macro = OVNK8S_KUBE_OPTIONS_INIT;
    ovnk8s_kube_options function;

    (void)state;
    memset(&function, 0, sizeof function);
    ovnk8s_kube_options_init(&function);
    assert_memory_equal(&macro, &function, sizeof macro);
}

static void kubeconfig_gives_its_current_context(void **state)
{
    struct kube_credentials credentials;

    (void)state;
    assert_int_equal(kube_credentials_from_kubeconfig(&credentials, KUBECONFIG, NULL), 0);
    assert_string_equal(credentials.server, "https://10.0.0.1:6443/prefix");
    assert_string_equal(credentials.ca_certificate, TEST_DATA "/pki/ca.crt");
    assert_string_equal(credentials.token, "sesame");
    assert_string_equal(credentials.tls_server_name, "kubernetes");
    assert_null(credentials.token_file);
    assert_false(credentials.insecure_skip_tls_verify);
    kube_credentials_clear(&credentials);
}

static void kubeconfig_gives_files_and_data(void **state)
{
    struct kube_credentials credentials;

    (void)state;
    assert_int_equal(kube_credentials_from_kubeconfig(&credentials, KUBECONFIG, "files"), 0);
    assert_string_equal(credentials.ca_certificate, "-----BEGIN CERTIFICATE-----\n");
    assert_string_equal(credentials.token_file, TEST_DATA "/tokens/one");
    assert_string_equal(credentials.client_certificate, "/abs/cert.pem");
    assert_string_equal(credentials.client_key, TEST_DATA "/key.pem");
    assert_true(credentials.insecure_skip_tls_verify);
    kube_credentials_clear(&credentials);
    assert_int_equal(kube_credentials_from_kubeconfig(&credentials, KUBECONFIG, "anonymous"), 0);
    assert_null(credentials.token);
    kube_credentials_clear(&credentials);
}

static void kubeconfig_refuses_what_cannot_be_honoured(void **state)
{
    static const struct {
        const char *context, *words;
    } bad[] = {
        {"program", "user \"program\": it gets its credentials by executing a program"},
        {"provider", "auth-provider"},
        {"password", "passwords"},
        {"broken", "certificate-authority-data is not PEM in base64"},
        {"nowhere", "cluster \"nowhere\": no server"},
        {"no-user", "there is no user \"nobody\""},
        {"no-cluster", "there is no cluster \"missing\""},
        {"missing", "there is no context \"missing\""},
    };
    struct kube_credentials credentials;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_failed_with(
            kube_credentials_from_kubeconfig(&credentials, KUBECONFIG, bad[i].context),
            OVNK8S_INVALID, bad[i].words);
        assert_null(credentials.server);
        assert_null(strstr(ovnk8s_last_error()->message, "secret"));
    }
}

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void kubeconfig_may_be_any_garbage(void **state)
{
    static const char *const garbage[] = {"",
                                          "a: [",
                                          "\t",
                                          "- x",
                                          "clusters: 5",
                                          "&a [*a]",
                                          "contexts: [{name: x}]\ncurrent-context: x"};
    struct kube_credentials credentials;
    char path[] = "/tmp/kubeconfig.XXXXXX";
    const int fd = mkstemp(path);

    (void)state;
    assert_true(fd >= 0);
    close(fd);
    for (size_t i = 0; i < sizeof garbage / sizeof *garbage; i++) {
        write_file(path, garbage[i]);
        assert_failed_with(kube_credentials_from_kubeconfig(&credentials, path, NULL),
                           OVNK8S_INVALID, path);
    }
    unlink(path);
    assert_failed_with(kube_credentials_from_kubeconfig(&credentials, path, NULL), OVNK8S_NOTFOUND,
                       path);
}

static void a_pod_knows_its_server(void **state)
{
    char folder[] = "/tmp/serviceaccount.XXXXXX", token[64];
    struct kube_credentials credentials;

    (void)state;
    assert_non_null(mkdtemp(folder));
    unsetenv("KUBERNETES_SERVICE_HOST");
    assert_failed_with(kube_credentials_in_cluster(&credentials, folder), OVNK8S_NOTFOUND,
                       "not in a pod");
    setenv("KUBERNETES_SERVICE_HOST", "fd98::1", 1);
    setenv("KUBERNETES_SERVICE_PORT", "443", 1);
    assert_failed_with(kube_credentials_in_cluster(&credentials, folder), OVNK8S_NOTFOUND,
                       "token is missing");
    snprintf(token, sizeof token, "%s/token", folder);
    write_file(token, "sesame");
    assert_int_equal(kube_credentials_in_cluster(&credentials, folder), 0);
    assert_string_equal(credentials.server, "https://[fd98::1]:443");
    assert_string_equal(credentials.token_file, token);
    kube_credentials_clear(&credentials);
    unlink(token);
    rmdir(folder);
    unsetenv("KUBERNETES_SERVICE_HOST");
}

static void base64_is_strict(void **state)
{
    static const char *const bad[] = {"YQ", "YQ===", "Y", "YQ==YQ==", "Y!==", "AA==", "="};
    static const char *const good[][2] = {
        {"", ""}, {"YQ==", "a"}, {"YWI=", "ab"}, {"YWJj", "abc"}, {"YW\nJj ZA = =", "abcd"}};

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        char *text = base64_decode_text(good[i][0]);

        assert_non_null(text);
        assert_string_equal(text, good[i][1]);
        free(text);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_null(base64_decode_text(bad[i]));
    }
}

static void servers_are_taken_apart(void **state)
{
    static const char *const bad[] = {
        "",     "https://",  "ftp://host",        "host:0",           "host:65536",      "host:x",
        "a b",  "fd98::1",   "https://user@host", "https://host/a b", "https://host/?q", "[fd98::1",
        "[]:1", "host:80:80"};
    struct url url;

    (void)state;
    assert_int_equal(url_parse("10.0.0.1:8080", &url), 0);
    assert_false(url.tls);
    assert_string_equal(url.host, "10.0.0.1");
    assert_string_equal(url.port, "8080");
    assert_int_equal(url_parse("https://[fd98::1]/a/b//", &url), 0);
    assert_true(url.tls);
    assert_string_equal(url.host, "[fd98::1]");
    assert_string_equal(url.port, "443");
    assert_string_equal(url.path, "/a/b");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(url_parse(bad[i], &url), OVNK8S_INVALID);
    }
}

static void values_are_encoded(void **state)
{
    struct text text = {0};

    (void)state;
    url_add_encoded(&text, "metadata.name=a/b&c \xc3\xa4");
    assert_string_equal(text.bytes, "metadata.name%3Da%2Fb%26c%20%C3%A4");
    text_clear(&text);
    assert_true(url_path_is_valid("/api/v1/pods?limit=1"));
    assert_false(url_path_is_valid("api"));
    assert_false(url_path_is_valid("/a b"));
    assert_false(url_path_is_valid("/a\r\nX: y"));
}

static void open_refuses_bad_options(void **state)
{
    static const char pem[] = "-----BEGIN CERTIFICATE-----\n";
    const struct {
        ovnk8s_kube_options options;
        int error;
        const char *words;
    } bad[] = {
        {{.server = "ftp://x"}, OVNK8S_INVALID, "ftp://x"},
        {{.kubeconfig = "/nonexistent/config"}, OVNK8S_NOTFOUND, "/nonexistent/config"},
        {{.server = "x", .ca_certificate = "/nonexistent/ca"}, OVNK8S_NOTFOUND, "CA certificate"},
        {{.server = "x", .ca_certificate = "-----BEGIN X-----"}, OVNK8S_INVALID, "CA certificate"},
        {{.server = "x", .ca_certificate = "/"}, OVNK8S_SYSTEM, "Is a directory"},
        {{.server = "x", .client_certificate = pem}, OVNK8S_INVALID, "needs its key"},
        {{.server = "x", .client_certificate = pem, .client_key = pem}, OVNK8S_INVALID, "key"},
        {{.server = "x", .token = "hidden\nX: y"}, OVNK8S_INVALID, "token"},
        {{.server = "x", .token = "hid\001den"}, OVNK8S_INVALID, "token"},
        {{.server = "x", .token_file = "/nonexistent/token"}, OVNK8S_NOTFOUND, "token"},
        {{.server = "x", .tls_server_name = "a:1"}, OVNK8S_INVALID, "a:1"},
        {{.server = NULL}, OVNK8S_NOTFOUND, "no API server given"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        ovnk8s_kube_options options = bad[i].options;
        ovnk8s_kube *kube;

        options.size = sizeof options;
        assert_failed_with(ovnk8s_kube_open(&kube, &options), bad[i].error, bad[i].words);
        assert_null(kube);
        assert_null(strstr(ovnk8s_last_error()->message, "hid"));
    }
}

static void statuses_become_errors(void **state)
{
    (void)state;
    assert_int_equal(status_check(200, ""), 0);
    assert_int_equal(status_check(201, "x"), 0);
    assert_failed_with(status_check(404, "{\"message\":\"no pod\"}"), OVNK8S_NOTFOUND,
                       "no pod (HTTP 404)");
    assert_failed_with(status_check(409, "{\"reason\":\"AlreadyExists\"}"), OVNK8S_EXISTS, "409");
    assert_failed_with(status_check(409, ""), OVNK8S_CONFLICT, "HTTP 409");
    assert_failed_with(
        status_check(422, "{\"details\":{\"causes\":[{},{\"field\":\"metadata.uid\"}]}}"),
        OVNK8S_CONFLICT, "422");
    assert_failed_with(status_check(422, "{\"details\":5}"), OVNK8S_INVALID, "422");
    assert_failed_with(status_check(502, "<html>\nbad"), OVNK8S_UNAVAILABLE, "<html> bad");
    assert_failed_with(status_check(302, ""), OVNK8S_PROTOCOL, "302");
}

static void backoff_grows_up_to_a_bound(void **state)
{
    (void)state;
    for (unsigned int failures = 1; failures < 100; failures++) {
        const int most = failures > 9 ? BACKOFF_MOST_MS : BACKOFF_FIRST_MS << (failures - 1);
        const int wait = backoff_ms(failures, 0);

        assert_in_range(wait, most / 2, most);
    }
    assert_in_range(backoff_ms(1, 2000), 2000, 2000);
    assert_in_range(backoff_ms(1, INT32_MAX), RETRY_AFTER_MOST_MS, RETRY_AFTER_MOST_MS);
}

/* What a scanner cuts out, written down as "key=value;" and "[element]". */

static int note_element(const char *json, size_t n, void *payload)
{
    text_printf(payload, "[%.*s]", (int)n, json);
    return 0;
}

static int note_member(const char *key, const char *json, size_t n, void *payload)
{
    text_printf(payload, "%s=%.*s;", key, (int)n, json);
    return 0;
}

static int scan(struct text *found, const char *json, size_t piece, size_t most)
{
    const struct scan_handler handler = {note_element, note_member, found};
    const size_t length = strlen(json);
    struct scanner scanner = {0};
    int error = 0;

    text_clear(found);
    scan_begin(&scanner, &handler, most);
    for (size_t i = 0; i < length && !error; i += piece) {
        error = scan_feed(&scanner, json + i, length - i < piece ? length - i : piece);
    }
    if (!error) {
        error = scan_end(&scanner);
    }
    scan_clear(&scanner);
    return error;
}

static void lists_are_cut_wherever_they_are_torn(void **state)
{
    static const char json[] =
        " {\"kind\" : \"PodList\",\"n\":-1.5e3,\"metadata\":{\"a\":[1,2]},\n"
        "\"items\":[{\"a\":\"}]\\\"\"}, {\"b\":[{}]},5 ,\"s\",[]],\"z\":null}\n";
    static const char expected[] = "kind=\"PodList\";n=-1.5e3;metadata={\"a\":[1,2]};"
                                   "[{\"a\":\"}]\\\"\"}][{\"b\":[{}]}][5][\"s\"][[]]z=null;";
    struct text found = {0};

    (void)state;
    for (size_t piece = 1; piece <= sizeof json; piece++) {
        assert_int_equal(scan(&found, json, piece, 1000), 0);
        assert_string_equal(found.bytes, expected);
    }
    assert_int_equal(scan(&found, "{}", 1, 10), 0);
    assert_int_equal(scan(&found, "{\"items\":[]}", 1, 10), 0);
    assert_int_equal(scan(&found, "{\"items\":null}", 1, 10), 0);
    assert_string_equal(found.bytes, "items=null;");
    text_clear(&found);
}

static void lists_that_are_none_are_refused(void **state)
{
    static const char *const bad[] = {"",
                                      "[]",
                                      "{",
                                      "{}x",
                                      "{,}",
                                      "{\"a\"}",
                                      "{\"a\":}",
                                      "{\"a\":1,}",
                                      "{\"a\":1 2}",
                                      "{\"items\":[1,]}",
                                      "{\"items\":[,1]}",
                                      "{\"items\":[1 2]}",
                                      "{\"items\":[1}",
                                      "{\"items\":[{]}",
                                      "{\"items\":[\"x]}",
                                      "{\"items\":[x]}"};
    struct text found = {0};

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(scan(&found, bad[i], 1, 100), OVNK8S_PROTOCOL);
        assert_int_equal(scan(&found, bad[i], 100, 100), OVNK8S_PROTOCOL);
    }
    assert_failed_with(scan(&found, "{\"items\":[\"0123456789\"]}", 3, 9), OVNK8S_PROTOCOL,
                       "longer than 9 bytes");
    text_clear(&found);
}

static int note_line(const char *line, size_t n, void *payload)
{
    text_printf(payload, "<%.*s>", (int)n, line);
    return 0;
}

static void lines_are_put_together(void **state)
{
    struct text found = {0};
    struct lines lines = {.line = note_line, .payload = &found, .most = 5};

    (void)state;
    assert_int_equal(lines_feed(&lines, "a\n\nbc", 5), 0);
    assert_int_equal(lines_feed(&lines, "d", 1), 0);
    assert_int_equal(lines_feed(&lines, "\n12345\n", 7), 0);
    assert_string_equal(found.bytes, "<a><bcd><12345>");
    assert_int_equal(lines_feed(&lines, "123", 3), 0);
    assert_int_equal(lines_feed(&lines, "456", 3), OVNK8S_PROTOCOL);
    text_clear(&lines.rest);
    text_clear(&found);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_are_the_same_both_ways),
        cmocka_unit_test(kubeconfig_gives_its_current_context),
        cmocka_unit_test(kubeconfig_gives_files_and_data),
        cmocka_unit_test(kubeconfig_refuses_what_cannot_be_honoured),
        cmocka_unit_test(kubeconfig_may_be_any_garbage),
        cmocka_unit_test(a_pod_knows_its_server),
        cmocka_unit_test(base64_is_strict),
        cmocka_unit_test(servers_are_taken_apart),
        cmocka_unit_test(values_are_encoded),
        cmocka_unit_test(open_refuses_bad_options),
        cmocka_unit_test(statuses_become_errors),
        cmocka_unit_test(backoff_grows_up_to_a_bound),
        cmocka_unit_test(lists_are_cut_wherever_they_are_torn),
        cmocka_unit_test(lists_that_are_none_are_refused),
        cmocka_unit_test(lines_are_put_together),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
