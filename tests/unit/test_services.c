/* What Services publish to the outside, as the gateway helper keeps it. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ovnk8s/error.h>

#include "base/text.h"
#include "watch/services.h"

#include <cmocka.h> /* Last: it has a macro called fail. */

static bool put(struct services *services, const char *json)
{
    cJSON *object = cJSON_Parse(json);
    bool changed;

    assert_non_null(object);
    assert_int_equal(services_put(services, object, &changed), 0);
    cJSON_Delete(object);
    return changed;
}

static bool put_spec(struct services *services, const char *name, const char *spec)
{
    char json[1024];

    snprintf(json, sizeof json, "{\"metadata\":{\"namespace\":\"n\",\"name\":\"%s\"},%s}", name,
             spec);
    return put(services, json);
}

static void add_published(const struct service *service, void *payload)
{
    for (size_t i = 0; i < service->n_published; i++) {
        const struct published *published = &service->published[i];
        char ip[IP_TEXT] = "*";

        if (published->address.family) {
            ip_to_text(&published->address, ip);
        }
        text_printf(payload, "%s/%s/%u ", published->protocol, ip, published->port);
    }
}

static void assert_published(const struct services *services, const char *expected)
{
    struct text text = {0};

    text_add(&text, "");
    services_each(services, add_published, &text);
    assert_string_equal(text.bytes, expected);
    text_clear(&text);
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
        struct services services = {0};

        put_spec(&services, "s", cases[i].spec);
        assert_published(&services, cases[i].published);
        services_clear(&services);
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
    struct services services = {0};

    (void)state;
    for (size_t i = 0; i < sizeof specs / sizeof *specs; i++) {
        assert_false(put_spec(&services, "s", specs[i]));
    }
    assert_false(put(&services, "{}"));
    assert_false(put(&services, "[]"));
    assert_int_equal(services.table.n, 0);
    services_clear(&services);
}

#define NODE_PORT(NUMBER) "\"spec\":{\"type\":\"NodePort\",\"ports\":[{\"nodePort\":" #NUMBER "}]}"

static void only_changes_count(void **state)
{
    struct services services = {0};

    (void)state;
    assert_true(put_spec(&services, "s", NODE_PORT(30001)));
    assert_false(put_spec(&services, "s", NODE_PORT(30001)));
    assert_true(put_spec(&services, "s", NODE_PORT(30002)));
    assert_published(&services, "tcp/*/30002 ");
    assert_true(put_spec(&services, "s", "\"spec\":{}"));
    assert_false(put_spec(&services, "s", "\"spec\":{}"));
    assert_int_equal(services.table.n, 0);
    services_clear(&services);
}

static void what_a_list_does_not_have_is_gone(void **state)
{
    struct services services = {0};
    char name[16];

    (void)state;
    for (int i = 0; i < 1000; i++) {
        snprintf(name, sizeof name, "s%d", i);
        assert_true(put_spec(&services, name, NODE_PORT(30001)));
    }
    assert_int_equal(services.table.n, 1000);
    services_unsee(&services);
    assert_false(put_spec(&services, "s7", NODE_PORT(30001)));
    assert_true(services_remove_unseen(&services));
    assert_int_equal(services.table.n, 1);
    assert_false(services_remove_unseen(&services));
    services_clear(&services);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_type_publishes_what_it_should),
        cmocka_unit_test(what_makes_no_sense_publishes_nothing),
        cmocka_unit_test(only_changes_count),
        cmocka_unit_test(what_a_list_does_not_have_is_gone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
