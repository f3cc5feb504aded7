/* What Services publish to the outside, as gateways have to know it. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ovnk8s/error.h>

#include "base/text.h"
#include "watch/published.h"

#include <cmocka.h> /* Last: it has a macro called fail. */

static struct service_spec *read_spec(const char *text, struct reading *reading)
{
    char json[1024];
    struct service_spec *spec;
    cJSON *object;

    snprintf(json, sizeof json, "{\"metadata\":{\"namespace\":\"n\",\"name\":\"s\"},%s}", text);
    object = cJSON_Parse(json);
    assert_non_null(object);
    assert_int_equal(service_spec_read(&spec, object, reading), 0);
    cJSON_Delete(object);
    return spec;
}

static void add_published(const struct published *published, void *payload)
{
    char ip[IP_TEXT] = "*";

    if (published->address) {
        ip_to_text(published->address, ip);
    }
    text_printf(payload, "%s/%s/%u ", protocol_text(published->protocol), ip, published->port);
}

static void assert_published(const char *spec_text, const char *expected)
{
    struct reading reading = {.left_out = 0};
    struct service_spec *spec = read_spec(spec_text, &reading);
    struct text text = {0};

    text_add(&text, "");
    published_each(spec, add_published, &text);
    assert_string_equal(text.bytes, expected);
    assert_int_equal(publishes(spec), *expected != '\0');
    text_clear(&text);
    free(spec);
}

#define PORTS "\"ports\":[{\"port\":80,\"nodePort\":30080},"
#define DNS "{\"port\":53,\"protocol\":\"UDP\",\"nodePort\":30053}]"

static void each_type_publishes_what_it_should(void **state)
{
    static const struct {
        const char *spec, *published;
    } cases[] = {
        {"\"spec\":{\"type\":\"NodePort\"," PORTS DNS "}", "tcp/*/30080 udp/*/30053 "},
        {"\"spec\":{\"type\":\"ClusterIP\"," PORTS DNS "}", ""},
        {"\"spec\":{" PORTS DNS "}", ""},
        {"\"spec\":{\"type\":\"ExternalName\",\"externalIPs\":[\"1.2.3.4\"]," PORTS DNS "}", ""},
        {"\"spec\":{\"clusterIP\":\"None\",\"externalIPs\":[\"1.2.3.4\"]," PORTS DNS "}", ""},
        {"\"spec\":{\"type\":\"ClusterIP\",\"externalIPs\":[\"1.2.3.4\",\"fd00::1\"]," PORTS DNS
         "}",
         "tcp/1.2.3.4/80 udp/1.2.3.4/53 tcp/fd00::1/80 udp/fd00::1/53 "},
        {"\"spec\":{\"type\":\"LoadBalancer\",\"ports\":[{\"port\":80,\"protocol\":\"SCTP\"}]},"
         "\"status\":{\"loadBalancer\":{\"ingress\":[{\"ip\":\"1.2.3.4\"},{\"hostname\":\"x\"},"
         "{\"ip\":\"1.2.3.5\",\"ipMode\":\"Proxy\"},{\"ip\":\"1.2.3.6\",\"ipMode\":\"VIP\"}]}}",
         "sctp/1.2.3.4/80 sctp/1.2.3.6/80 "},
        {"\"spec\":{\"type\":\"NodePort\"," PORTS DNS
         "},\"status\":{\"loadBalancer\":{\"ingress\":[{\"ip\":\"1.2.3.4\"}]}}",
         "tcp/*/30080 udp/*/30053 "},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_published(cases[i].spec, cases[i].published);
    }
}

static void what_makes_no_sense_publishes_nothing(void **state)
{
    static const char *const specs[] = {
        "\"spec\":7",
        "\"spec\":{\"type\":\"NodePort\",\"ports\":\"x\"}",
        "\"spec\":{\"type\":\"NodePort\",\"ports\":[1,null,[],\"x\",{}]}",
        "\"spec\":{\"type\":\"NodePort\",\"ports\":[{\"nodePort\":-1},{\"nodePort\":65536},"
        "{\"nodePort\":1e300},{\"nodePort\":\"80\"},{\"nodePort\":80,\"protocol\":\"ICMP\"}]}",
        "\"spec\":{\"externalIPs\":[1,null,\"x\",\"1.2.3.4/24\"],\"ports\":[{\"port\":80}]}",
        "\"spec\":{\"externalIPs\":{\"a\":{}},\"ports\":[{\"port\":80}]}",
        "\"spec\":{\"type\":\"LoadBalancer\",\"ports\":[{\"port\":80}]},\"status\":[]",
        "\"spec\":{\"type\":\"LoadBalancer\",\"ports\":[{\"port\":80}]},"
        "\"status\":{\"loadBalancer\":{\"ingress\":[3,{\"ip\":4}]}}",
    };

    (void)state;
    for (size_t i = 0; i < sizeof specs / sizeof *specs; i++) {
        assert_published(specs[i], "");
    }
}

#define NODE_PORT(PORT, NUMBER)                                                                    \
    "\"spec\":{\"type\":\"NodePort\",\"ports\":[{\"port\":" #PORT ",\"nodePort\":" #NUMBER "}]}"

static bool is_same(const char *one, const char *other)
{
    struct reading reading = {.left_out = 0};
    struct service_spec *a = read_spec(one, &reading), *b = read_spec(other, &reading);
    const bool same = published_equal(a, b);

    free(a);
    free(b);
    return same;
}

static void only_what_is_published_counts(void **state)
{
    (void)state;
    assert_true(is_same(NODE_PORT(80, 30001), NODE_PORT(80, 30001)));
    assert_true(is_same(NODE_PORT(80, 30001), NODE_PORT(81, 30001)));
    assert_false(is_same(NODE_PORT(80, 30001), NODE_PORT(80, 30002)));
    assert_false(is_same(NODE_PORT(80, 30001), "\"spec\":{}"));
    assert_true(is_same("\"spec\":{\"ports\":[{\"port\":80}]}", "\"spec\":{}"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_type_publishes_what_it_should),
        cmocka_unit_test(what_makes_no_sense_publishes_nothing),
        cmocka_unit_test(only_what_is_published_counts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
