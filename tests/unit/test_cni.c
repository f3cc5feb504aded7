#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#undef fail /* The library has a function of this name. */

#include <dirent.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cjson/cJSON.h>

#include <ovnk8s/cni.h>
#include <ovnk8s/error.h>
#include <ovnk8s/memory.h>

#include "base/mem.h"
#include "cni/env.h"
#include "cni/result.h"
#include "topology/annotation.h"

#define CONFIG "{\"cniVersion\":\"0.3.1\",\"name\":\"net\",\"type\":\"ovn-k8s-cni-overlay\"}"
#define ID "CNI_CONTAINERID=abc"
#define IF "CNI_IFNAME=eth0"
#define NS "CNI_NETNS=/nonexistent/netns"
#define ARGS "CNI_ARGS=IgnoreUnknown=1;K8S_POD_NAMESPACE=ns1;K8S_POD_NAME=pod-a"

static void assert_contains(const char *text, const char *part)
{
    if (!strstr(text, part)) {
        print_error("expected \"%s\" in \"%s\"\n", part, text);
        assert_true(false);
    }
}

/* Runs the plugin; the answer as JSON. */
static cJSON *run(const char *const *environment, const char *input, int exit_code)
{
    char *output;
    cJSON *answer;

    assert_int_equal(ovnk8s_cni_run(environment, input, NULL, &output), exit_code);
    assert_non_null(output);
    answer = cJSON_ParseWithOpts(output, NULL, true);
    assert_true(cJSON_IsObject(answer));
    ovnk8s_free(output);
    return answer;
}

static const char *text_of(const cJSON *object, const char *key)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, key));

    return text ? text : "";
}

static void assert_error(const char *const *environment, const char *input, int code,
                         const char *message)
{
    cJSON *answer = run(environment, input, 1);

    assert_int_equal(cJSON_GetObjectItemCaseSensitive(answer, "code")->valueint, code);
    assert_contains(text_of(answer, "msg"), message);
    cJSON_Delete(answer);
}

#define ENV(...) ((const char *const[]){__VA_ARGS__, NULL})

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
                 "required env variables [CNI_CONTAINERID,CNI_NETNS,CNI_IFNAME] missing");
    assert_error(ENV("CNI_COMMAND=DEL"), "", 4,
                 "required env variables [CNI_CONTAINERID,CNI_IFNAME] missing");
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
        {"{\"name\":5}", 7, "\"name\": 5: expected a text"},
        {"{\"name\":\"a b\"}", 7, "invalid characters found in network name"},
        {"{\"name\":\"a\"}", 1, "incompatible CNI versions"},
        {"{\"name\":\"a\",\"cniVersion\":\"\"}", 1, "incompatible"},
        {"{\"name\":\"a\",\"cniVersion\":\"0.3\"}", 1, "incompatible"},
        {"{\"name\":\"a\",\"cniVersion\":\"1.0.0\"}", 1, "incompatible"},
        {"{\"name\":\"a\",\"cniVersion\":31}", 7, "\"cniVersion\": 31: expected a text"},
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
        assert_error(ENV("CNI_COMMAND=DEL", ID, IF), cases[i].input, cases[i].code,
                     cases[i].message);
    }
}

static void names_what_it_supports(void **state)
{
    cJSON *answer =
        run(ENV("CNI_COMMAND=DEL", ID, IF), "{\"CNIVERSION\":\"9.9.9\",\"NAME\":\"a\"}", 1);

    (void)state;
    assert_string_equal(text_of(answer, "details"),
                        "config is \"9.9.9\", plugin supports [\"0.3.0\" \"0.3.1\"]");
    assert_string_equal(text_of(answer, "cniVersion"), "0.3.1");
    cJSON_Delete(answer);
}

static void answers_version(void **state)
{
    static const struct {
        const char *input, *version;
    } cases[] = {
        {"{\"cniVersion\":\"1.0.0\"}", "1.0.0"},
        {"{\"cniVersion\":\"0.3.0\"}", "0.3.0"},
        {"{\"cniVersion\":7}", "0.3.1"},
        {"not JSON", "0.3.1"},
        {"", "0.3.1"},
        {NULL, "0.3.1"},
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
        assert_error(ENV("CNI_COMMAND=ADD", ID, IF, NS, bad[i][0]), CONFIG, 4, bad[i][1]);
    }
    assert_error(ENV("CNI_COMMAND=ADD", ID, IF, NS, ARGS), CONFIG, 4,
                 "CNI_NETNS: network namespace /nonexistent/netns: does not exist");
    assert_error(ENV("CNI_COMMAND=ADD", ID, IF, "CNI_NETNS=/dev/null", ARGS), CONFIG, 4,
                 "is not a namespace");
    assert_error(ENV("CNI_COMMAND=ADD", ID, IF, NS, ARGS),
                 "{\"cniVersion\":\"0.3.1\",\"name\":\"a\",\"prevResult\":{}}", 7, "prevResult");
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
        {"FOO=1", "unknown args [\"FOO\"]"},
        {"FOO=1;IgnoreUnknown=0", "unknown args"},
        {"IgnoreUnknown=maybe", "expected true or false"},
        {"K8S_POD_NAMESPACE=../../x", "K8S_POD_NAMESPACE \"../../x\""},
        {"K8S_POD_NAMESPACE=a.b", "expected a DNS label"},
        {"K8S_POD_NAME=a/b", "K8S_POD_NAME \"a/b\""},
        {"K8S_POD_NAME=A", "lower-case"},
        {"K8S_POD_UID=a b", "K8S_POD_UID"},
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

static void writes_results(void **state)
{
    struct pod_network network;
    struct cni_result result = {"0.3.1", "veth0123456789a", "eth0", "/run/netns/x", &network};
    _cleanup_text_ struct text out = {0};

    (void)state;
    assert_int_equal(annotation_parse("{" ONE
                                      ",\"ip_addresses\":[\"192.168.2.3/24\",\"fd00::3/64\"],"
                                      "\"gateway_ips\":[\"192.168.2.1\",\"fd00::1\"]}",
                                      &network),
                     0);
    cni_write_result(&out, &result);
    assert_string_equal(
        out.bytes,
        "{\"cniVersion\":\"0.3.1\",\"interfaces\":[{\"name\":\"veth0123456789a\"},"
        "{\"name\":\"eth0\",\"mac\":\"0a:58:c0:a8:02:03\",\"sandbox\":\"/run/netns/x\"}],"
        "\"ips\":[{\"version\":\"4\",\"address\":\"192.168.2.3/24\",\"gateway\":\"192.168.2.1\","
        "\"interface\":1},"
        "{\"version\":\"6\",\"address\":\"fd00::3/64\",\"gateway\":\"fd00::1\",\"interface\":1}],"
        "\"routes\":[{\"dst\":\"0.0.0.0/0\",\"gw\":\"192.168.2.1\"},"
        "{\"dst\":\"::/0\",\"gw\":\"fd00::1\"}],\"dns\":{}}\n");
}

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
    assert_error(ENV("CNI_COMMAND=DEL", ID, IF), config, 103, "/none");
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

/* Installation. */

struct place {
    char folder[32], conf[64], link[64], plugin[64], conf_file[128], link_file[128];
};

static int make_place(void **state)
{
    struct place *place = calloc(1, sizeof *place);

    strcpy(place->folder, "/tmp/ovnk8s-cni-XXXXXX");
    assert_non_null(mkdtemp(place->folder));
    snprintf(place->conf, sizeof place->conf, "%s/etc/cni/net.d", place->folder);
    snprintf(place->link, sizeof place->link, "%s/opt/cni/bin/", place->folder);
    snprintf(place->plugin, sizeof place->plugin, "%s/plugin", place->folder);
    snprintf(place->conf_file, sizeof place->conf_file, "%s/10-ovn-kubernetes.conf", place->conf);
    snprintf(place->link_file, sizeof place->link_file, "%sovn-k8s-cni-overlay", place->link);
    assert_int_equal(symlink("/bin/true", place->plugin), 0);
    *state = place;
    return 0;
}

static int remove_one(const char *path, const struct stat *info, int type, struct FTW *ftw)
{
    (void)info, (void)type, (void)ftw;
    return remove(path);
}

static int remove_place(void **state)
{
    struct place *place = *state;

    nftw(place->folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    free(place);
    return 0;
}

static ovnk8s_cni_install_options options_for(const struct place *place, unsigned int mtu)
{
    ovnk8s_cni_install_options options = OVNK8S_CNI_INSTALL_OPTIONS_INIT;

    options.conf_path = place->conf;
    options.link_path = place->link;
    options.plugin = place->plugin;
    options.mtu = mtu;
    return options;
}

static int install(const struct place *place, unsigned int mtu)
{
    const ovnk8s_cni_install_options options = options_for(place, mtu);

    return ovnk8s_cni_install(&options);
}

static void assert_preview(const struct place *place, unsigned int mtu, const char *expected)
{
    const ovnk8s_cni_install_options options = options_for(place, mtu);
    char *text;

    assert_int_equal(ovnk8s_cni_install_preview(&text, &options), 0);
    assert_string_equal(text, expected);
    ovnk8s_free(text);
}

static cJSON *read_conf(const struct place *place)
{
    char text[512] = "";
    FILE *file = fopen(place->conf_file, "re");

    assert_non_null(file);
    assert_true(fread(text, 1, sizeof text - 1, file) > 0);
    fclose(file);
    return cJSON_ParseWithOpts(text, NULL, true);
}

static ino_t inode(const char *path)
{
    struct stat info;

    assert_int_equal(lstat(path, &info), 0);
    return info.st_ino;
}

/* Nothing temporary is left. */
static void assert_files(const char *folder, int expected)
{
    DIR *dir = opendir(folder);
    int n = 0;

    while (readdir(dir)) {
        n++;
    }
    closedir(dir);
    assert_int_equal(n - 2, expected);
}

static void installs(void **state)
{
    const struct place *place = *state;
    char target[256] = "";
    cJSON *conf;
    struct stat info;

    assert_int_equal(install(place, 0), 0);
    conf = read_conf(place);
    assert_string_equal(text_of(conf, "cniVersion"), "0.3.1");
    assert_string_equal(text_of(conf, "name"), "ovn-kubernetes");
    assert_string_equal(text_of(conf, "type"), "ovn-k8s-cni-overlay");
    assert_null(cJSON_GetObjectItem(conf, "mtu"));
    cJSON_Delete(conf);
    assert_int_equal(stat(place->conf_file, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0644);
    assert_true(readlink(place->link_file, target, sizeof target - 1) > 0);
    assert_string_equal(target, place->plugin);
    assert_files(place->conf, 1);
    assert_files(place->link, 1);
}

static void tells_what_it_would_do(void **state)
{
    const struct place *place = *state;
    char link[1024], file[1024], both[2048];
    struct stat info;

    snprintf(link, sizeof link, "+ link %s to %s\n", place->link_file, place->plugin);
    snprintf(file, sizeof file, "+ file %s\n", place->conf_file);
    snprintf(both, sizeof both, "%s%s", link, file);
    assert_preview(place, 1400, both);
    assert_int_equal(lstat(place->link_file, &info), -1);
    assert_int_equal(lstat(place->conf_file, &info), -1);
    assert_int_equal(install(place, 1400), 0);
    assert_preview(place, 1400, "");
    *file = '~';
    assert_preview(place, 1300, file);
    assert_int_equal(unlink(place->link_file), 0);
    assert_preview(place, 1400, link);
}

static void leaves_alone_what_is_right(void **state)
{
    const struct place *place = *state;
    ino_t conf, link;

    assert_int_equal(install(place, 1400), 0);
    conf = inode(place->conf_file);
    link = inode(place->link_file);
    assert_int_equal(install(place, 1400), 0);
    assert_int_equal(inode(place->conf_file), conf);
    assert_int_equal(inode(place->link_file), link);
}

static void replaces_what_is_old(void **state)
{
    const struct place *place = *state;
    char target[256] = "";
    cJSON *conf;

    assert_int_equal(install(place, 1400), 0);
    assert_int_equal(unlink(place->link_file), 0);
    assert_int_equal(symlink("/nonexistent", place->link_file), 0);
    assert_int_equal(install(place, 1300), 0);
    conf = read_conf(place);
    assert_int_equal(cJSON_GetObjectItem(conf, "mtu")->valueint, 1300);
    cJSON_Delete(conf);
    assert_true(readlink(place->link_file, target, sizeof target - 1) > 0);
    assert_string_equal(target, place->plugin);
    assert_files(place->conf, 1);
    assert_files(place->link, 1);
}

static void refuses_what_is_in_the_way(void **state)
{
    struct place *place = *state;
    FILE *file;

    assert_int_equal(install(place, 0), 0);
    assert_int_equal(unlink(place->link_file), 0);
    file = fopen(place->link_file, "we");
    assert_non_null(file);
    fclose(file);
    assert_int_equal(install(place, 0), OVNK8S_EXISTS);
    assert_contains(ovnk8s_last_error()->message, "link ovn-k8s-cni-overlay in /tmp/");
    assert_int_equal(unlink(place->link_file), 0);
    assert_int_equal(unlink(place->conf_file), 0);
    assert_int_equal(mkdir(place->conf_file, 0755), 0);
    assert_int_equal(install(place, 0), OVNK8S_EXISTS);
}

static void wants_a_plugin(void **state)
{
    struct place *place = *state;
    ovnk8s_cni_install_options options;

    ovnk8s_cni_install_options_init(&options);
    assert_int_equal(ovnk8s_cni_install(&options), OVNK8S_INVALID);
    assert_int_equal(ovnk8s_cni_install(NULL), OVNK8S_INVALID);
    strcpy(place->plugin, "/nonexistent/plugin");
    assert_int_equal(install(place, 0), OVNK8S_NOTFOUND);
    strcpy(place->plugin, "/etc/passwd");
    assert_int_equal(install(place, 0), OVNK8S_INVALID);
    assert_int_equal(access(place->conf, F_OK), -1);
}

static void accepts_the_plugin_itself_in_the_folder(void **state)
{
    struct place *place = *state;
    FILE *file;

    assert_int_equal(install(place, 0), 0);
    assert_int_equal(unlink(place->link_file), 0);
    file = fopen(place->link_file, "we");
    assert_non_null(file);
    assert_int_equal(fchmod(fileno(file), 0755), 0);
    fclose(file);
    snprintf(place->plugin, sizeof place->plugin, "%.63s", place->link_file);
    assert_int_equal(install(place, 0), 0);
}

#define WITH_PLACE(TEST) cmocka_unit_test_setup_teardown(TEST, make_place, remove_place)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_bad_environments),
        cmocka_unit_test(refuses_bad_configurations),
        cmocka_unit_test(names_what_it_supports),
        cmocka_unit_test(answers_version),
        cmocka_unit_test(checks_what_is_cheap_before_it_asks_servers),
        cmocka_unit_test(parses_args),
        cmocka_unit_test(refuses_bad_args),
        cmocka_unit_test(parses_annotations),
        cmocka_unit_test(refuses_bad_annotations),
        cmocka_unit_test(survives_huge_annotations),
        cmocka_unit_test(survives_broken_annotations),
        cmocka_unit_test(writes_results),
        cmocka_unit_test(writes_errors_as_utf8),
        cmocka_unit_test(logs_one_line_per_call),
        WITH_PLACE(installs),
        WITH_PLACE(tells_what_it_would_do),
        WITH_PLACE(leaves_alone_what_is_right),
        WITH_PLACE(replaces_what_is_old),
        WITH_PLACE(refuses_what_is_in_the_way),
        WITH_PLACE(wants_a_plugin),
        WITH_PLACE(accepts_the_plugin_itself_in_the_folder),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
