#include "cni_call.h"

#include "base/mem.h"
#include "cni/call.h"
#include "cni/env.h"
#include "cni/wishes.h"

/* Reads the wishes of a configuration and CNI_ARGS; returns the code. */
static int read_wishes(struct cni_call *call, const char *config, const char *args)
{
    *call = (struct cni_call){.config = cJSON_Parse(config)};
    assert_non_null(call->config);
    assert_int_equal(cni_args_parse(args, &call->args), 0);
    return cni_wishes_read(call);
}

static void forget(struct cni_call *call)
{
    cni_wishes_clear(&call->wishes);
    cJSON_Delete(call->config);
}

static void assert_mac(const char *config, const char *args, const char *expected, const char *from)
{
    struct cni_call call;
    char text[MAC_TEXT];

    assert_int_equal(read_wishes(&call, config, args), 0);
    assert_string_equal(mac_to_text(&call.wishes.mac, text), expected);
    assert_string_equal(call.wishes.mac_from, from);
    forget(&call);
}

#define OF_RUNTIME "\"RuntimeConfig\":{\"MAC\":\"0a:00:00:00:00:01\"}"
#define OF_ARGS "\"args\":{\"CNI\":{\"mac\":\"0a:00:00:00:00:02\"}}"

static void takes_the_mac_that_counts_most(void **state)
{
    struct cni_call call;

    (void)state;
    assert_mac("{" OF_ARGS "," OF_RUNTIME "}", "MAC=0a:00:00:00:00:03", "0a:00:00:00:00:01",
               "runtimeConfig.mac");
    assert_mac("{" OF_ARGS ",\"runtimeConfig\":{\"mac\":\"\"}}", "MAC=0a:00:00:00:00:03",
               "0a:00:00:00:00:02", "args.cni.mac");
    assert_mac("{}", "MAC=0a:00:00:00:00:03", "0a:00:00:00:00:03", "CNI_ARGS: MAC");
    assert_int_equal(read_wishes(&call, "{\"runtimeConfig\":null,\"args\":[]}", ""), 0);
    assert_null(call.wishes.mac_from);
    forget(&call);
}

static void assert_ips(const char *config, const char *args, const char *expected, const char *from)
{
    struct cni_call call;
    char text[128] = "", one[PREFIX_TEXT];

    assert_int_equal(read_wishes(&call, config, args), 0);
    for (size_t i = 0; i < call.wishes.n_ips; i++) {
        strcat(strcat(text, i ? " " : ""), prefix_to_text(&call.wishes.ips[i], one));
    }
    assert_string_equal(text, expected);
    assert_string_equal(call.wishes.ips_from, from);
    forget(&call);
}

static void takes_the_addresses_that_count_most(void **state)
{
    (void)state;
    assert_ips("{\"runtimeConfig\":{\"ips\":[\"10.1.2.3/24\",\"fd00::3\"]},"
               "\"args\":{\"cni\":{\"ips\":[\"10.1.2.4\"]}}}",
               "IP=10.1.2.5", "10.1.2.3/24 fd00::3/0", "runtimeConfig.ips");
    assert_ips("{\"runtimeConfig\":{\"ips\":[]},\"args\":{\"cni\":{\"ips\":[\"10.1.2.4\"]}}}",
               "IP=10.1.2.5", "10.1.2.4/0", "args.cni.ips");
    assert_ips("{}", "IP=fd00::5/64,10.1.2.5", "fd00::5/64 10.1.2.5/0", "CNI_ARGS: IP");
}

static void takes_bandwidth_as_runtimes_write_it(void **state)
{
    struct cni_call call;

    (void)state;
    assert_int_equal(read_wishes(&call,
                                 "{\"runtimeConfig\":{\"bandwidth\":{\"IngressRate\":1000000,"
                                 "\"IngressBurst\":4294967295,\"egressRate\":2000000,"
                                 "\"EgressBurst\":16000}}}",
                                 ""),
                     0);
    assert_int_equal(call.wishes.ingress_rate, 1000000);
    assert_int_equal(call.wishes.ingress_burst, 0);
    assert_int_equal(call.wishes.egress_rate, 2000000);
    assert_int_equal(call.wishes.egress_burst, 16000);
    forget(&call);
}

static void assert_dns(const char *config, const char *expected)
{
    struct cni_call call;
    cJSON *wanted = cJSON_Parse(expected);

    assert_int_equal(read_wishes(&call, config, ""), 0);
    assert_true(cJSON_Compare(call.wishes.dns, wanted, true));
    cJSON_Delete(wanted);
    forget(&call);
}

#define CONF_DNS "\"dns\":{\"nameservers\":[\"10.0.0.1\"],\"domain\":\"d\",\"search\":[\"s\"]}"

static void calls_dns_as_results_do(void **state)
{
    (void)state;
    assert_dns("{}", "{}");
    assert_dns("{" CONF_DNS "}",
               "{\"nameservers\":[\"10.0.0.1\"],\"domain\":\"d\",\"search\":[\"s\"]}");
    assert_dns("{\"runtimeConfig\":{\"dns\":{\"Servers\":[\"10.0.0.2\"],\"Searches\":[\"a\",\"b\"],"
               "\"Options\":null}}," CONF_DNS "}",
               "{\"nameservers\":[\"10.0.0.2\"],\"search\":[\"a\",\"b\"]}");
    assert_dns("{\"runtimeConfig\":{\"dns\":{\"servers\":[],\"searches\":null}}," CONF_DNS "}",
               "{\"nameservers\":[\"10.0.0.1\"],\"domain\":\"d\",\"search\":[\"s\"]}");
}

static void refuses_wishes_that_make_no_sense(void **state)
{
    static const struct {
        const char *config, *args;
        int code;
        const char *message;
    } cases[] = {
        {"{\"runtimeConfig\":{\"mac\":\"x\"}}", "", 7, "runtimeConfig.mac \"x\": expected a"},
        {"{\"runtimeConfig\":{\"mac\":\"01:00:00:00:00:00\"}}", "", 7, "unicast"},
        {"{\"runtimeConfig\":{\"mac\":7}}", "", 7, "\"runtimeConfig.mac\": 7: expected a text"},
        {"{\"args\":{\"cni\":{\"mac\":\"x\"}}}", "", 7, "args.cni.mac \"x\""},
        {"{}", "MAC=x", 4, "CNI_ARGS: MAC \"x\""},
        {"{}", "IP=10.0.0.300", 4, "CNI_ARGS: IP \"10.0.0.300\""},
        {"{}", "IP=10.0.0.3,10.0.0.4", 4, "one address of each family"},
        {"{\"runtimeConfig\":{\"ips\":\"10.0.0.3\"}}", "", 7, "expected an array of addresses"},
        {"{\"runtimeConfig\":{\"ips\":[3]}}", "", 7, "\"runtimeConfig.ips\": 3: expected a text"},
        {"{\"runtimeConfig\":{\"ips\":[\"10.0.0.3/33\"]}}", "", 7, "runtimeConfig.ips"},
        {"{\"runtimeConfig\":{\"bandwidth\":[]}}", "", 7, "runtimeConfig.bandwidth"},
        {"{\"runtimeConfig\":{\"bandwidth\":{\"ingressRate\":-1}}}", "", 7, "ingressRate"},
        {"{\"runtimeConfig\":{\"bandwidth\":{\"egressBurst\":1e40}}}", "", 7, "egressBurst"},
        {"{\"runtimeConfig\":{\"bandwidth\":{\"egressRate\":\"1\"}}}", "", 7, "egressRate"},
        {"{\"runtimeConfig\":{\"dns\":[]}}", "", 7, "\"dns\": []: expected an object"},
        {"{\"dns\":{\"nameservers\":\"x\"}}", "", 7, "nameservers"},
        {"{\"dns\":{\"search\":[7]}}", "", 7, "\"search\": 7: expected a text"},
        {"{\"runtimeConfig\":{\"io.kubernetes.cri.pod-annotations\":[]}}", "", 7,
         "io.kubernetes.cri.pod-annotations"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct cni_call call;

        assert_int_equal(read_wishes(&call, cases[i].config, cases[i].args), cases[i].code);
        assert_contains(ovnk8s_last_error()->message, cases[i].message);
        forget(&call);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_the_mac_that_counts_most),
        cmocka_unit_test(takes_the_addresses_that_count_most),
        cmocka_unit_test(takes_bandwidth_as_runtimes_write_it),
        cmocka_unit_test(calls_dns_as_results_do),
        cmocka_unit_test(refuses_wishes_that_make_no_sense),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
