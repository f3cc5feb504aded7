#include "cni_call.h"

#include <unistd.h>

#include <ovnk8s/error.h>

#include "base/mem.h"
#include "cni/answer.h"
#include "cni/env.h"
#include "topology/annotation.h"

#define CONFIG "{\"cniVersion\":\"1.0.0\",\"name\":\"net\",\"type\":\"ovn-k8s-cni-overlay\"}"
#define ID "CNI_CONTAINERID=abc"
#define IF "CNI_IFNAME=eth0"
#define NS "CNI_NETNS=/nonexistent/netns"
#define PATH "CNI_PATH=/opt/cni/bin"
#define ARGS "CNI_ARGS=IgnoreUnknown=1;K8S_POD_NAMESPACE=ns1;K8S_POD_NAME=pod-a"

static void refuses_bad_environments(void **state)
{
    static const char long_id[] =
        "CNI_CONTAINERID="
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
        "a"
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
        "a";

    (void)state;
    assert_error(ENV("X=1"), CONFIG, 4, "[CNI_COMMAND] missing");
    assert_error(ENV("CNI_COMMAND="), CONFIG, 4, "[CNI_COMMAND] missing");
    assert_error(ENV("CNI_COMMAND=NOPE"), CONFIG, 4, "unknown CNI_COMMAND: NOPE");
    assert_error(ENV("CNI_COMMAND=add"), CONFIG, 4, "unknown CNI_COMMAND");
    assert_error(ENV("CNI_COMMAND=ADD", "CNI_IFNAME="), "", 4,
                 "required env variables [CNI_CONTAINERID,CNI_NETNS,CNI_IFNAME,CNI_PATH] missing");
    assert_error(ENV("CNI_COMMAND=CHECK", ID, PATH), "", 4,
                 "required env variables [CNI_NETNS,CNI_IFNAME] missing");
    assert_error(ENV("CNI_COMMAND=DEL"), "", 4,
                 "required env variables [CNI_CONTAINERID,CNI_IFNAME,CNI_PATH] missing");
    assert_error(ENV("CNI_COMMAND=GC"), "", 4, "required env variables [CNI_PATH] missing");
    assert_error(ENV("CNI_COMMAND=STATUS"), "", 4, "required env variables [CNI_PATH] missing");
    assert_error(ENV("CNI_COMMAND=DEL", "CNI_CONTAINERID=.a", IF), "", 4,
                 "invalid characters in containerID");
    assert_error(ENV("CNI_COMMAND=DEL", "CNI_CONTAINERID=a/b", IF), "", 4, "\"a/b\"");
    assert_error(ENV("CNI_COMMAND=DEL", "CNI_CONTAINERID=a\xff\n", IF), "", 4, "\"a? \"");
    assert_error(ENV("CNI_COMMAND=DEL", long_id, IF), "", 4, "at most 255");
    assert_error(ENV("CNI_COMMAND=DEL", ID, "CNI_IFNAME=abcdefghijklmnop"), "", 4, "too long");
    assert_error(ENV("CNI_COMMAND=DEL", ID, "CNI_IFNAME=.."), "", 4, "is . or ..");
    assert_error(ENV("CNI_COMMAND=DEL", ID, "CNI_IFNAME=a b"), "", 4, "whitespace");
    assert_error(ENV("CNI_COMMAND=DEL", ID, "CNI_IFNAME=a/b"), "", 4, "/ or :");
}

static void refuses_bad_configurations(void **state)
{
    static const struct {
        const char *input;
        int code;
        const char *message;
    } cases[] = {
        {NULL, 5, "standard input"},
        {"", 6, "decoding"},
        {"{", 6, "decoding"},
        {"{}x", 6, "\"x\""},
        {"[]", 6, "expected a JSON object"},
        {"{\"name\":\"\xff", 6, "decoding"},
        {"{}", 7, "missing network name"},
        {"{\"name\":null}", 7, "missing network name"},
        {"{\"name\":\"\"}", 7, "missing network name"},
        {"{\"name\":5}", 6, "\"name\": 5: expected a text"},
        {"{\"name\":\"a b\"}", 7, "invalid characters found in network name"},
        {"{\"name\":\"a\",\"cniVersion\":\"0.3\"}", 1, "incompatible CNI versions"},
        {"{\"name\":\"a\",\"cniVersion\":\"1.0.1\"}", 1, "incompatible CNI versions"},
        {"{\"name\":\"a\",\"cniVersion\":31}", 6, "\"cniVersion\": 31: expected a text"},
        {"{\"name\":\"a\",\"cniversion\":\"0.3.1\",\"MTU\":\"1\"}", 7, "\"mtu\": \"1\": expected"},
        {"{\"name\":\"a\",\"cniVersion\":\"0.3.1\",\"mtu\":67}", 7, "68 to 65535"},
        {"{\"name\":\"a\",\"cniVersion\":\"0.3.1\",\"mtu\":1e300}", 7, "a whole number"},
        {"{\"name\":\"a\",\"cniVersion\":\"0.3.1\",\"timeout\":1.5}", 7, "a whole number"},
        {"{\"name\":\"a\",\"cniVersion\":\"0.3.1\",\"timeout\":0}", 7, "1 to 86400"},
        {"{\"name\":\"a\",\"cniVersion\":\"0.3.1\",\"ovs\":[]}", 7, "\"ovs\": []: expected"},
        {"{\"name\":\"a\",\"cniVersion\":\"0.3.1\",\"logFile\":\"\"}", 7, "\"logFile\""},
        {"{\"name\":\"a\",\"cniVersion\":\"0.3.1\",\"config\":\"/nonexistent/c\"}", 7,
         "/nonexistent/c"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_error(ENV("CNI_COMMAND=DEL", ID, IF, PATH), cases[i].input, cases[i].code,
                     cases[i].message);
    }
}

/* What is wrong first is told first: each input has all the faults of those after it. */
static void looks_in_the_order_of_the_reference_library(void **state)
{
    const char *const *no_id = ENV("CNI_COMMAND=CHECK", "CNI_IFNAME=a/b");
    const char *const *bad_name = ENV("CNI_COMMAND=CHECK", ID, "CNI_IFNAME=a/b");
    const char *const *no_path = ENV("CNI_COMMAND=CHECK", ID, IF, NS);
    const char *const *sound = ENV("CNI_COMMAND=CHECK", ID, IF, NS, PATH, "CNI_ARGS=FOO");

    (void)state;
    assert_error(no_id, NULL, 4, "a/b");
    assert_error(bad_name, NULL, 4, "/ or :");
    assert_error(no_path, NULL, 4, "[CNI_PATH] missing");
    assert_error(sound, NULL, 5, "standard input");
    assert_error(sound, "{\"cniVersion\":\"0.3.0\"", 6, "decoding");
    assert_error(sound, "{\"cniVersion\":\"0.3.0\"}", 7, "missing network name");
    assert_error(sound, "{\"cniVersion\":\"x\",\"name\":\"a\"}", 6, "cniVersion");
    assert_error(sound, "{\"cniVersion\":\"0.3.9\",\"name\":\"a\"}", 1,
                 "config version does not allow CHECK");
    assert_error(sound, "{\"cniVersion\":\"9.9.9\",\"name\":\"a\",\"mtu\":1}", 1,
                 "incompatible CNI versions");
    assert_error(sound, "{\"cniVersion\":\"1.0.0\",\"name\":\"a\",\"mtu\":1}", 7, "mtu");
    assert_error(sound, "{\"cniVersion\":\"1.0.0\",\"name\":\"a\"}", 4, "invalid pair \"FOO\"");
    assert_error(ENV("CNI_COMMAND=NOPE"), "{", 6, "decoding");
}

static void knows_since_when_there_are_verbs(void **state)
{
    static const struct {
        const char *verb, *version;
        bool allowed;
    } cases[] = {
        {"CHECK", "", false},     {"CHECK", "0.3.1", false},  {"CHECK", "0.4.0", true},
        {"CHECK", "1.1.0", true}, {"GC", "1.0.0", false},     {"GC", "1.1.0", true},
        {"STATUS", "", false},    {"STATUS", "1.0.0", false}, {"STATUS", "0.4", false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char command[32], config[128], refusal[64];

        snprintf(command, sizeof command, "CNI_COMMAND=%s", cases[i].verb);
        snprintf(refusal, sizeof refusal, "config version does not allow %s", cases[i].verb);
        snprintf(config, sizeof config, "{\"cniVersion\":\"%s\",\"name\":\"a\",\"mtu\":1}",
                 cases[i].version);
        assert_error(ENV(command, ID, IF, NS, PATH), config, cases[i].allowed ? 7 : 1,
                     cases[i].allowed ? "mtu" : refusal);
    }
}

static void names_what_it_supports(void **state)
{
    cJSON *answer =
        run(ENV("CNI_COMMAND=DEL", ID, IF, PATH), "{\"CNIVERSION\":\"9.9.9\",\"NAME\":\"a\"}", 1);

    (void)state;
    assert_string_equal(
        text_of(answer, "details"),
        "config is \"9.9.9\", plugin supports [\"0.1.0\" \"0.2.0\" \"0.3.0\" \"0.3.1\" "
        "\"0.4.0\" \"1.0.0\" \"1.1.0\"]");
    assert_string_equal(text_of(answer, "cniVersion"), "1.1.0");
    cJSON_Delete(answer);
}

static void answers_version(void **state)
{
    static const struct {
        const char *input, *version;
    } cases[] = {
        {"{\"cniVersion\":\"1.0.0\"}", "1.0.0"},
        {"{\"cniVersion\":\"0.3.0\"}", "0.3.0"},
        {"{\"CNIversion\":\"0.3.0\"}", "0.3.0"},
        {"{\"cniVersion\":7}", "1.1.0"},
        {"not JSON", "1.1.0"},
        {"", "1.1.0"},
        {NULL, "1.1.0"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        cJSON *answer = run(ENV("CNI_COMMAND=VERSION"), cases[i].input, 0), *version;
        char versions[64] = "";

        assert_string_equal(text_of(answer, "cniVersion"), cases[i].version);
        cJSON_ArrayForEach (version,
                            cJSON_GetObjectItemCaseSensitive(answer, "supportedVersions")) {
            strcat(versions, *versions ? ", " : "");
            strcat(versions, version->valuestring);
        }
        assert_string_equal(versions, OVNK8S_CNI_VERSIONS);
        cJSON_Delete(answer);
    }
}

static void checks_what_is_cheap_before_it_asks_servers(void **state)
{
    static const char *const bad[][2] = {
        {"CNI_ARGS=", "K8S_POD_NAMESPACE and K8S_POD_NAME missing"},
        {"CNI_ARGS=K8S_POD_NAMESPACE=a", "K8S_POD_NAME missing"},
        {"CNI_ARGS=IgnoreUnknown=1;K8S_POD_NAME=a", "K8S_POD_NAMESPACE missing"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        assert_error(ENV("CNI_COMMAND=ADD", ID, IF, PATH, NS, bad[i][0]), CONFIG, 4, bad[i][1]);
    }
    assert_error(ENV("CNI_COMMAND=ADD", ID, IF, PATH, NS, ARGS), CONFIG, 4,
                 "CNI_NETNS: network namespace /nonexistent/netns: does not exist");
    assert_error(ENV("CNI_COMMAND=ADD", ID, IF, PATH, "CNI_NETNS=/dev/null", ARGS), CONFIG, 4,
                 "is not a namespace");
}

static void assert_add_refused(const char *keys, int code, const char *message)
{
    char config[512];

    snprintf(config, sizeof config, "{\"cniVersion\":\"1.0.0\",\"name\":\"a\",%s}", keys);
    assert_error(ENV("CNI_COMMAND=ADD", ID, IF, PATH, NS, ARGS), config, code, message);
}

static void refuses_what_it_cannot_do(void **state)
{
    (void)state;
    assert_add_refused("\"IPAM\":{\"Type\":\"host-local\"}", 7,
                       "\"ipam\": \"host-local\": addresses");
    assert_add_refused("\"mode\":\"other\"", 7, "\"kubernetes\" or \"standalone\"");
    assert_add_refused("\"mode\":5", 7, "\"mode\": 5");
    assert_add_refused("\"runtimeConfig\":{\"mac\":\"x\"}", 7, "runtimeConfig.mac");
    assert_add_refused("\"prevResult\":{\"ips\":{}}", 7, "\"ips\"");
    /* None of these is looked at. */
    assert_add_refused("\"ipam\":{},\"capabilities\":5,\"foo\":[],\"prevResult\":{}", 4, NS + 10);
    assert_error(ENV("CNI_COMMAND=ADD", ID, IF, PATH, "CNI_NETNS=/proc/self/ns/net", ARGS), CONFIG,
                 8, "plugin's netns and netns from CNI_NETNS should not be the same");
    assert_error(ENV("CNI_COMMAND=CHECK", ID, IF, PATH, NS), CONFIG, 7,
                 "Required prevResult missing");
    assert_error(ENV("CNI_COMMAND=CHECK", ID, IF, PATH, NS),
                 "{\"cniVersion\":\"1.0.0\",\"name\":\"a\",\"prevResult\":{\"interfaces\":[{"
                 "\"name\":\"eth0\",\"sandbox\":\"/other\"}]}}",
                 7, "\"prevResult\" has no interface eth0 in /nonexistent/netns");
}

/* Which containers are valid is not said: then none is removed. */
static void collects_nothing_unless_told_what_is_valid(void **state)
{
    static const char none[] = "{\"cniVersion\":\"1.1.0\",\"name\":\"a\"}";
    char *output;

    (void)state;
    assert_int_equal(ovnk8s_cni_run(ENV("CNI_COMMAND=GC", PATH), none, NULL, &output), 0);
    assert_string_equal(output, "");
    ovnk8s_free(output);
    assert_error(ENV("CNI_COMMAND=GC", PATH),
                 "{\"cniVersion\":\"1.1.0\",\"name\":\"a\",\"cni.dev/valid-attachments\":{}}", 7,
                 "\"cni.dev/valid-attachments\": {}: expected an array");
    assert_error(ENV("CNI_COMMAND=GC", PATH),
                 "{\"cniVersion\":\"1.1.0\",\"name\":\"a\",\"cni.dev/attachments\":[{"
                 "\"containerID\":\"a\"}]}",
                 7, "\"containerID\" and \"ifname\"");
}

/* A runtime would take such a DEL for one that has nothing to do. */
static void never_fails_to_delete_as_if_nothing_was_there(void **state)
{
    static const char config[] =
        "{\"cniVersion\":\"1.0.0\",\"name\":\"a\",\"timeout\":1,"
        "\"ovs\":\"unix:/nonexistent/Not Found/no such file or directory.sock\"}";
    cJSON *answer = run(ENV("CNI_COMMAND=DEL", ID, IF, PATH), config, 1);

    (void)state;
    assert_int_equal(cJSON_GetObjectItem(answer, "code")->valueint, 103);
    assert_null(strcasestr(text_of(answer, "msg"), "not found"));
    assert_null(strcasestr(text_of(answer, "msg"), "no such file or directory"));
    assert_contains(text_of(answer, "msg"), "not there");
    cJSON_Delete(answer);
}

static void tells_that_open_vswitch_is_down(void **state)
{
    (void)state;
    assert_error(ENV("CNI_COMMAND=STATUS", PATH),
                 "{\"cniVersion\":\"1.1.0\",\"name\":\"a\",\"timeout\":1,"
                 "\"ovs\":\"unix:/nonexistent/db.sock\"}",
                 51, "/nonexistent/db.sock");
}

static void parses_args(void **state)
{
    struct cni_args args;

    (void)state;
    assert_int_equal(cni_args_parse("K8S_POD_NAME=p.q;K8S_POD_UID=4f-a;IgnoreUnknown=True;X=;"
                                    "K8S_POD_NAMESPACE=n",
                                    &args),
                     0);
    assert_string_equal(args.pod_namespace, "n");
    assert_string_equal(args.pod, "p.q");
    assert_string_equal(args.uid, "4f-a");
    assert_int_equal(cni_args_parse(NULL, &args), 0);
    assert_int_equal(cni_args_parse("", &args), 0);
    assert_string_equal(args.pod, "");
    assert_int_equal(cni_args_parse("K8S_POD_INFRA_CONTAINER_ID=x;K8S_POD_NAME=p", &args), 0);
}

static void refuses_bad_args(void **state)
{
    static const char *const bad[][2] = {
        {"FOO", "invalid pair \"FOO\""},
        {"A=b=c", "invalid pair"},
        {"A=b;", "invalid pair"},
        {";", "invalid pair"},
        {"IgnoreUnknown=1;;", "invalid pair"},
        {"FOO=1", "ARGS: unknown args [\"FOO=1\"]"},
        {"K8S_POD_NAME=a;FOO=1;foo=", "ARGS: unknown args [\"FOO=1\" \"foo=\"]"},
        {"FOO=1;IgnoreUnknown=0", "unknown args"},
        {"IgnoreUnknown=maybe", "expected true or false"},
    };
    struct cni_args args;
    char text[400] = "K8S_POD_NAME=";

    (void)state;
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        assert_int_equal(cni_args_parse(bad[i][0], &args), CNI_BAD_ENV);
        assert_contains(ovnk8s_last_error()->message, bad[i][1]);
    }
    memset(text + strlen(text), 'a', 254);
    assert_int_equal(cni_args_parse(text, &args), CNI_BAD_ENV);
}

/* What podman calls its containers is as good a name without Kubernetes. */
static void refuses_names_that_no_pod_can_have(void **state)
{
    static const char *const bad[][2] = {
        {"K8S_POD_NAMESPACE=../../x", "K8S_POD_NAMESPACE \"../../x\""},
        {"K8S_POD_NAMESPACE=a.b", "expected a DNS label"},
        {"K8S_POD_NAME=a/b", "K8S_POD_NAME \"a/b\""},
        {"K8S_POD_NAME=tender_hoover", "lower-case"},
        {"K8S_POD_UID=a b", "K8S_POD_UID"},
    };
    struct cni_args args;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        assert_int_equal(cni_args_parse(bad[i][0], &args), 0);
        assert_int_equal(cni_args_check_pod(&args), CNI_BAD_ENV);
        assert_contains(ovnk8s_last_error()->message, bad[i][1]);
    }
}

/* The annotation. */

#define MAC "\"mac_address\":\"0a:58:c0:a8:02:03\""
#define ONE "\"ip_address\":\"192.168.2.3/24\"," MAC ",\"gateway_ip\":\"192.168.2.1\""

static void parses_annotations(void **state)
{
    struct pod_network network;

    (void)state;
    assert_int_equal(annotation_parse("{" ONE "}", &network), 0);
    assert_int_equal(network.addresses.n, 1);
    assert_int_equal(network.gateways[0].family, 4);
    assert_int_equal(annotation_parse(" {\"new\":[1]," ONE "} ", &network), 0);
    assert_int_equal(annotation_parse("{" ONE
                                      ",\"ip_addresses\":[\"192.168.2.3/24\",\"fd00::3/64\"],"
                                      "\"gateway_ips\":[\"192.168.2.1\",\"fd00::1\"]}",
                                      &network),
                     0);
    assert_int_equal(network.addresses.n, 2);
    assert_int_equal(network.addresses.of[1].length, 64);
    assert_int_equal(network.gateways[1].family, 6);
    assert_int_equal(annotation_parse("{\"ip_address\":\"fd00::3/64\"," MAC
                                      ",\"gateway_ip\":\"fd00::1\"}",
                                      &network),
                     0);
    assert_int_equal(network.addresses.of[0].ip.family, 6);
}

static void refuses_bad_annotations(void **state)
{
    static const char *const bad[][2] = {
        {"", "expected JSON"},
        {"{", "expected JSON"},
        {"{'ip_address': '192.168.2.3/24'}", "expected JSON"},
        {"{" ONE "} x", "expected JSON"},
        {"null", "expected a JSON object"},
        {"[[[[]]]]", "expected a JSON object"},
        {"{}", "ip_address is missing: expected a host's address"},
        {"{\"IP_ADDRESS\":\"192.168.2.3/24\"}", "ip_address is missing"},
        {"{\"ip_address\":5}", "ip_address 5: expected"},
        {"{\"ip_address\":\"192.168.2.3\"}", "ip_address \"192.168.2.3\": expected"},
        {"{\"ip_address\":\"192.168.2.0/24\"}", "a host's address"},
        {"{\"ip_address\":\"192.168.2.3/24\"}", "mac_address is missing"},
        {"{\"ip_address\":\"192.168.2.3/24\",\"mac_address\":\"0a:58:c0:a8:02\"}", "mac_address"},
        {"{\"ip_address\":\"192.168.2.3/24\",\"mac_address\":\"01:00:00:00:00:01\"}", "unicast"},
        {"{\"ip_address\":\"192.168.2.3/24\",\"mac_address\":\"00:00:00:00:00:00\"}", "unicast"},
        {"{\"ip_address\":\"192.168.2.3/24\"," MAC "}", "gateway_ip is missing"},
        {"{\"ip_address\":\"192.168.2.3/24\"," MAC ",\"gateway_ip\":\"192.168.3.1\"}",
         "gateway_ip \"192.168.3.1\""},
        {"{\"ip_address\":\"192.168.2.3/24\"," MAC ",\"gateway_ip\":\"192.168.2.3\"}",
         "gateway_ip \"192.168.2.3\""},
        {"{\"ip_address\":\"192.168.2.3/24\"," MAC ",\"gateway_ip\":\"fd00::1\"}", "gateway_ip"},
        {"{" ONE ",\"ip_addresses\":{}}", "ip_addresses {}: expected an array"},
        {"{" ONE ",\"ip_addresses\":[]}", "ip_addresses []: expected an array"},
        {"{" ONE ",\"ip_addresses\":[\"192.168.2.4/24\"]}", "in the first place"},
        {"{" ONE ",\"ip_addresses\":[\"192.168.2.3/24\",\"192.168.2.4/24\"]}", "other family"},
        {"{" ONE ",\"ip_addresses\":[\"192.168.2.3/24\",7]}", "ip_addresses 7"},
        {"{" ONE ",\"gateway_ips\":[\"192.168.2.1\",\"192.168.2.2\"]}", "gateway_ips"},
        {"{" ONE ",\"gateway_ips\":[\"192.168.2.1\",\"fd00::1\"]}", "gateway_ips \"fd00::1\""},
    };
    struct pod_network network;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        assert_int_equal(annotation_parse(bad[i][0], &network), OVNK8S_INVALID);
        assert_contains(ovnk8s_last_error()->message, bad[i][1]);
    }
}

static void survives_huge_annotations(void **state)
{
    enum { SIZE = 200000 };
    char *text = malloc(SIZE + 1);
    struct pod_network network;

    (void)state;
    memset(text, '[', SIZE);
    text[SIZE] = '\0';
    assert_int_equal(annotation_parse(text, &network), OVNK8S_INVALID);
    text[4000] = '\0';
    assert_int_equal(annotation_parse(text, &network), OVNK8S_INVALID);
    free(text);
}

/* Every text that a sound annotation can be cut or changed into is refused or sound. */
static void survives_broken_annotations(void **state)
{
    static const char sound[] = "{" ONE ",\"ip_addresses\":[\"192.168.2.3/24\",\"fd00::3/64\"],"
                                "\"gateway_ips\":[\"192.168.2.1\",\"fd00::1\"]}";
    static const char others[] = "\"{}[]:,/0\xff\\";
    char text[sizeof sound];
    struct pod_network network;

    (void)state;
    for (size_t i = 0; i < sizeof sound - 1; i++) {
        snprintf(text, sizeof text, "%.*s", (int)i, sound);
        assert_int_equal(annotation_parse(text, &network), OVNK8S_INVALID);
        for (size_t j = 0; j < sizeof others - 1; j++) {
            memcpy(text, sound, sizeof sound);
            text[i] = others[j];
            if (!annotation_parse(text, &network)) {
                assert_in_range(network.addresses.n, 1, 2);
            }
        }
    }
}

/* Output. */

static void writes_errors_as_utf8(void **state)
{
    static const char *const texts[][2] = {
        {"plain", "plain"},
        {"gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80",
         "gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80"},
        {"cut \xe2\x82", "cut ??"},
        {"\xff\x80\xc0\x80", "????"},
        {"\xed\xa0\x80", "???"},
        {"\xf4\x90\x80\x80", "????"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        _cleanup_text_ struct text out = {0};
        cJSON *answer;

        cni_write_error(&out, "0.3.1", 7, texts[i][0], "");
        answer = cJSON_Parse(out.bytes);
        assert_string_equal(text_of(answer, "msg"), texts[i][1]);
        assert_null(cJSON_GetObjectItem(answer, "details"));
        cJSON_Delete(answer);
    }
}

static void logs_one_line_per_call(void **state)
{
    char folder[] = "/tmp/ovnk8s-cni-XXXXXX", path[64], config[256], line[1024] = "";
    FILE *file;

    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/log", folder);
    snprintf(config, sizeof config,
             "{\"cniVersion\":\"0.3.0\",\"name\":\"a\",\"ovs\":\"unix:%s/none\",\"logFile\":\"%s\","
             "\"timeout\":1}",
             folder, path);
    assert_error(ENV("CNI_COMMAND=DEL", ID, IF, PATH), config, 103, "/none");
    file = fopen(path, "re");
    assert_non_null(file);
    assert_non_null(fgets(line, sizeof line, file));
    assert_non_null(strstr(line, "Z DEL abc eth0: vswitch "));
    assert_non_null(strstr(line, ": error 103: "));
    assert_null(fgets(line, sizeof line, file));
    fclose(file);
    unlink(path);
    rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_bad_environments),
        cmocka_unit_test(refuses_bad_configurations),
        cmocka_unit_test(looks_in_the_order_of_the_reference_library),
        cmocka_unit_test(knows_since_when_there_are_verbs),
        cmocka_unit_test(names_what_it_supports),
        cmocka_unit_test(answers_version),
        cmocka_unit_test(checks_what_is_cheap_before_it_asks_servers),
        cmocka_unit_test(refuses_what_it_cannot_do),
        cmocka_unit_test(collects_nothing_unless_told_what_is_valid),
        cmocka_unit_test(never_fails_to_delete_as_if_nothing_was_there),
        cmocka_unit_test(tells_that_open_vswitch_is_down),
        cmocka_unit_test(parses_args),
        cmocka_unit_test(refuses_bad_args),
        cmocka_unit_test(refuses_names_that_no_pod_can_have),
        cmocka_unit_test(parses_annotations),
        cmocka_unit_test(refuses_bad_annotations),
        cmocka_unit_test(survives_huge_annotations),
        cmocka_unit_test(survives_broken_annotations),
        cmocka_unit_test(writes_errors_as_utf8),
        cmocka_unit_test(logs_one_line_per_call),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
