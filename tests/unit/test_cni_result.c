/* The result of ADD in each version's form, against what the specification says, written by hand.
 */

#include "cni_call.h"

#include "base/mem.h"
#include "cni/config.h"
#include "cni/previous.h"
#include "cni/result.h"

#define HOST "{\"name\":\"veth0123456789a\"}"
#define INSIDE                                                                                     \
    "{\"name\":\"eth0\",\"mac\":\"0a:58:c0:a8:02:03\",\"sandbox\":\"/run/../run/netns/x\"}"
#define DST4 "{\"dst\":\"0.0.0.0/0\",\"gw\":\"192.168.2.1\"}"
#define DST6 "{\"dst\":\"::/0\",\"gw\":\"fd00::1\"}"

static struct pod_network network;

static int make_network(void **state)
{
    (void)state;
    return annotation_parse(
        "{\"ip_address\":\"192.168.2.3/24\",\"mac_address\":\"0a:58:c0:a8:02:03\","
        "\"gateway_ip\":\"192.168.2.1\","
        "\"ip_addresses\":[\"192.168.2.3/24\",\"fd00::3/64\"],"
        "\"gateway_ips\":[\"192.168.2.1\",\"fd00::1\"]}",
        &network);
}

static struct cni_result result_of(const char *version)
{
    return (struct cni_result){.version = version,
                               .host_interface = "veth0123456789a",
                               .interface = "eth0",
                               .netns = "/run/../run/netns/x",
                               .network = &network};
}

static void assert_result(const struct cni_result *result, const char *expected)
{
    _cleanup_text_ struct text out = {0};
    cJSON *is, *wanted = cJSON_Parse(expected);

    cni_write_result(&out, result);
    assert_false(out.failed);
    assert_int_equal(strchr(out.bytes, '\n') - out.bytes, out.length - 1);
    is = cJSON_Parse(out.bytes);
    assert_non_null(wanted);
    if (!cJSON_Compare(is, wanted, true)) {
        print_error("is       %sexpected %s\n", out.bytes, expected);
        assert_true(false);
    }
    cJSON_Delete(is);
    cJSON_Delete(wanted);
}

static void has_one_address_of_a_family_at_first(void **state)
{
    static const char *const versions[] = {"0.1.0", "0.2.0"};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(versions); i++) {
        const struct cni_result result = result_of(versions[i]);
        char expected[512];

        snprintf(expected, sizeof expected,
                 "{\"cniVersion\":\"%s\","
                 "\"ip4\":{\"ip\":\"192.168.2.3/24\",\"gateway\":\"192.168.2.1\",\"routes\":[" DST4
                 "]},"
                 "\"ip6\":{\"ip\":\"fd00::3/64\",\"gateway\":\"fd00::1\",\"routes\":[" DST6 "]},"
                 "\"dns\":{}}",
                 versions[i]);
        assert_result(&result, expected);
    }
}

static void has_interfaces_and_families_then(void **state)
{
    static const char *const versions[] = {"0.3.0", "0.3.1", "0.4.0"};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(versions); i++) {
        const struct cni_result result = result_of(versions[i]);
        char expected[1024];

        snprintf(expected, sizeof expected,
                 "{\"cniVersion\":\"%s\",\"interfaces\":[" HOST "," INSIDE "],"
                 "\"ips\":[{\"version\":\"4\",\"address\":\"192.168.2.3/24\","
                 "\"gateway\":\"192.168.2.1\",\"interface\":1},"
                 "{\"version\":\"6\",\"address\":\"fd00::3/64\",\"gateway\":\"fd00::1\","
                 "\"interface\":1}],\"routes\":[" DST4 "," DST6 "],\"dns\":{}}",
                 versions[i]);
        assert_result(&result, expected);
    }
}

static void says_no_family_later(void **state)
{
    struct cni_result result = result_of("1.0.0");

    (void)state;
    result.mtu = 1400;
    assert_result(&result, "{\"cniVersion\":\"1.0.0\",\"interfaces\":[" HOST "," INSIDE "],"
                           "\"ips\":[{\"address\":\"192.168.2.3/24\",\"gateway\":\"192.168.2.1\","
                           "\"interface\":1},{\"address\":\"fd00::3/64\",\"gateway\":\"fd00::1\","
                           "\"interface\":1}],\"routes\":[" DST4 "," DST6 "],\"dns\":{}}");
}

static void says_the_mtu_at_last(void **state)
{
    struct cni_result result = result_of("1.1.0");

    (void)state;
    result.mtu = 1400;
    assert_result(&result,
                  "{\"cniVersion\":\"1.1.0\",\"interfaces\":[{\"name\":\"veth0123456789a\","
                  "\"mtu\":1400},{\"name\":\"eth0\",\"mac\":\"0a:58:c0:a8:02:03\",\"mtu\":1400,"
                  "\"sandbox\":\"/run/../run/netns/x\"}],"
                  "\"ips\":[{\"address\":\"192.168.2.3/24\",\"gateway\":\"192.168.2.1\","
                  "\"interface\":1},{\"address\":\"fd00::3/64\",\"gateway\":\"fd00::1\","
                  "\"interface\":1}],\"routes\":[" DST4 "," DST6 "],\"dns\":{}}");
}

static void has_further_routes_and_dns(void **state)
{
    struct cni_result result = result_of("1.0.0");
    cJSON *dns = cJSON_Parse("{\"nameservers\":[\"10.0.0.10\"],\"domain\":\"a.b\"}");

    (void)state;
    network.addresses.n = 1;
    network.gateways[0].family = 0;
    result.routes = "10.0.0.0/8 192.168.2.254,172.16.0.0/12";
    result.dns = dns;
    assert_result(&result, "{\"cniVersion\":\"1.0.0\",\"interfaces\":[" HOST "," INSIDE "],"
                           "\"ips\":[{\"address\":\"192.168.2.3/24\",\"interface\":1}],"
                           "\"routes\":[{\"dst\":\"10.0.0.0/8\",\"gw\":\"192.168.2.254\"},"
                           "{\"dst\":\"172.16.0.0/12\"}],"
                           "\"dns\":{\"nameservers\":[\"10.0.0.10\"],\"domain\":\"a.b\"}}");
    result.version = "0.2.0";
    assert_result(&result, "{\"cniVersion\":\"0.2.0\",\"ip4\":{\"ip\":\"192.168.2.3/24\","
                           "\"routes\":[{\"dst\":\"10.0.0.0/8\",\"gw\":\"192.168.2.254\"},"
                           "{\"dst\":\"172.16.0.0/12\"}]},"
                           "\"dns\":{\"nameservers\":[\"10.0.0.10\"],\"domain\":\"a.b\"}}");
    cJSON_Delete(dns);
}

/* What earlier plugins of the list have made comes first, and keeps its places. */
static void adds_to_the_previous_result(void **state)
{
    struct cni_result result = result_of("1.0.0");
    cJSON *previous = cJSON_Parse(
        "{\"CNIVersion\":\"1.0.0\",\"Interfaces\":[{\"name\":\"br0\"},{\"name\":\"net1\","
        "\"sandbox\":"
        "\"/x\"}],\"IPs\":[{\"Address\":\"10.9.0.2/16\",\"interface\":1}],"
        "\"routes\":[{\"dst\":\"10.8.0.0/16\"}],\"dns\":{\"domain\":\"theirs\"},\"more\":[7],"
        "\"ips\":[\"twice\"]}");

    (void)state;
    network.addresses.n = 1;
    result.previous = previous;
    assert_int_equal(cni_previous_check(previous), 0);
    assert_result(&result,
                  "{\"cniVersion\":\"1.0.0\",\"interfaces\":[{\"name\":\"br0\"},{\"name\":\"net1\","
                  "\"sandbox\":\"/x\"}," HOST "," INSIDE "],"
                  "\"ips\":[{\"Address\":\"10.9.0.2/16\",\"interface\":1},"
                  "{\"address\":\"192.168.2.3/24\",\"gateway\":\"192.168.2.1\",\"interface\":3}],"
                  "\"routes\":[{\"dst\":\"10.8.0.0/16\"}," DST4 "],"
                  "\"dns\":{\"domain\":\"theirs\"},\"more\":[7]}");
    cJSON_Delete(previous);
}

static void tells_the_previous_result_in_its_own_form(void **state)
{
    struct cni_result result = result_of("0.4.0");
    cJSON *previous =
        cJSON_Parse("{\"cniVersion\":\"0.2.0\",\"ip4\":{\"ip\":\"10.9.0.2/16\","
                    "\"gateway\":\"10.9.0.1\",\"routes\":[{\"dst\":\"10.8.0.0/16\"}]}}");

    (void)state;
    network.addresses.n = 1;
    result.previous = previous;
    assert_result(
        &result,
        "{\"cniVersion\":\"0.4.0\",\"interfaces\":[" HOST "," INSIDE "],"
        "\"ips\":[{\"version\":\"4\",\"address\":\"10.9.0.2/16\",\"gateway\":\"10.9.0.1\"},"
        "{\"version\":\"4\",\"address\":\"192.168.2.3/24\",\"gateway\":\"192.168.2.1\","
        "\"interface\":1}],\"routes\":[{\"dst\":\"10.8.0.0/16\"}," DST4 "],\"dns\":{}}");
    cJSON_Delete(previous);
    previous = cJSON_Parse("{\"ips\":[{\"version\":\"4\",\"address\":\"10.9.0.2/16\"}]}");
    result.version = "1.0.0";
    result.previous = previous;
    assert_result(&result,
                  "{\"cniVersion\":\"1.0.0\",\"interfaces\":[" HOST "," INSIDE "],"
                  "\"ips\":[{\"address\":\"10.9.0.2/16\"},"
                  "{\"address\":\"192.168.2.3/24\",\"gateway\":\"192.168.2.1\",\"interface\":1}],"
                  "\"routes\":[" DST4 "],\"dns\":{}}");
    cJSON_Delete(previous);
}

static void refuses_previous_results_that_are_none(void **state)
{
    static const char *const bad[][2] = {
        {"[]", "\"prevResult\": []: expected an object"},
        {"{\"INTERFACES\":{}}", "\"interfaces\": {}: expected an array"},
        {"{\"ips\":[7]}", "\"ips\": 7: expected an object"},
        {"{\"routes\":[[]]}", "\"routes\": []: expected an object"},
        {"{\"ip4\":[]}", "\"ip4\": []: expected an object"},
        {"{\"ip6\":{\"routes\":7}}", "\"routes\": 7: expected an array"},
        {"{\"dns\":[]}", "\"dns\": []: expected an object"},
    };

    (void)state;
    assert_int_equal(cni_previous_check(NULL), 0);
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        cJSON *previous = cJSON_Parse(bad[i][0]);

        assert_int_equal(cni_previous_check(previous), CNI_BAD_CONFIG);
        assert_contains(ovnk8s_last_error()->message, bad[i][1]);
        cJSON_Delete(previous);
    }
}

#define WITH_NETWORK(TEST) cmocka_unit_test_setup(TEST, make_network)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_NETWORK(has_one_address_of_a_family_at_first),
        WITH_NETWORK(has_interfaces_and_families_then),
        WITH_NETWORK(says_no_family_later),
        WITH_NETWORK(says_the_mtu_at_last),
        WITH_NETWORK(has_further_routes_and_dns),
        WITH_NETWORK(adds_to_the_previous_result),
        WITH_NETWORK(tells_the_previous_result_in_its_own_form),
        cmocka_unit_test(refuses_previous_results_that_are_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
