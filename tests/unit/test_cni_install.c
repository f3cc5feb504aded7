#include "cni_call.h"

#include <dirent.h>
#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

#include <ovnk8s/error.h>

/* Installation. */

struct place {
    char folder[32], conf[64], link[64], plugin[64], conf_file[128], old_conf_file[128],
        link_file[128];
};

static int make_place(void **state)
{
    struct place *place = calloc(1, sizeof *place);

    strcpy(place->folder, "/tmp/ovnk8s-cni-XXXXXX");
    assert_non_null(mkdtemp(place->folder));
    snprintf(place->conf, sizeof place->conf, "%s/etc/cni/net.d", place->folder);
    snprintf(place->link, sizeof place->link, "%s/opt/cni/bin/", place->folder);
    snprintf(place->plugin, sizeof place->plugin, "%s/plugin", place->folder);
    snprintf(place->conf_file, sizeof place->conf_file, "%s/10-ovn-kubernetes.conflist",
             place->conf);
    snprintf(place->old_conf_file, sizeof place->old_conf_file, "%s/10-ovn-kubernetes.conf",
             place->conf);
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
    char text[1024] = "";
    FILE *file = fopen(place->conf_file, "re");

    assert_non_null(file);
    assert_true(fread(text, 1, sizeof text - 1, file) > 0);
    fclose(file);
    return cJSON_ParseWithOpts(text, NULL, true);
}

static const cJSON *first_plugin(const cJSON *conf)
{
    return cJSON_GetArrayItem(cJSON_GetObjectItemCaseSensitive(conf, "plugins"), 0);
}

static void write_file(const char *path, const char *content)
{
    FILE *file = fopen(path, "we");

    assert_non_null(file);
    assert_true(fputs(content, file) >= 0);
    fclose(file);
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
    cJSON *conf, *expected;
    struct stat info;

    assert_int_equal(install(place, 0), 0);
    conf = read_conf(place);
    expected = cJSON_Parse(
        "{\"cniVersion\": \"1.0.0\", \"cniVersions\": [\"1.0.0\", \"1.1.0\"],"
        " \"name\": \"ovn-kubernetes\", \"plugins\": [{\"type\": \"ovn-k8s-cni-overlay\","
        " \"capabilities\": {\"bandwidth\": true, \"dns\": true, \"ips\": true, \"mac\": true,"
        " \"io.kubernetes.cri.pod-annotations\": true}}]}");
    assert_true(cJSON_Compare(conf, expected, true));
    cJSON_Delete(conf);
    cJSON_Delete(expected);
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
    assert_int_equal(cJSON_GetObjectItem(first_plugin(conf), "mtu")->valueint, 1300);
    cJSON_Delete(conf);
    assert_true(readlink(place->link_file, target, sizeof target - 1) > 0);
    assert_string_equal(target, place->plugin);
    assert_files(place->conf, 1);
    assert_files(place->link, 1);
}

/* Runtimes would take the first of two files: the old one must not stay. */
static void takes_over_what_was_there_before_lists(void **state)
{
    const struct place *place = *state;
    char text[512];
    cJSON *conf;

    assert_int_equal(install(place, 0), 0);
    assert_int_equal(unlink(place->conf_file), 0);
    write_file(place->old_conf_file,
               "{\"cniVersion\":\"0.3.1\",\"name\":\"ovn-kubernetes\",\"mtu\":1300,\"mine\":[1],"
               "\"type\":\"ovn-k8s-cni-overlay\"}");
    snprintf(text, sizeof text, "+ file %s\n- file %s\n", place->conf_file, place->old_conf_file);
    assert_preview(place, 0, text);
    assert_int_equal(install(place, 0), 0);
    assert_files(place->conf, 1);
    conf = read_conf(place);
    assert_string_equal(text_of(conf, "cniVersion"), "1.0.0");
    assert_null(cJSON_GetObjectItem(first_plugin(conf), "cniVersion"));
    assert_null(cJSON_GetObjectItem(first_plugin(conf), "name"));
    assert_int_equal(cJSON_GetObjectItem(first_plugin(conf), "mtu")->valueint, 1300);
    assert_true(cJSON_IsArray(cJSON_GetObjectItem(first_plugin(conf), "mine")));
    cJSON_Delete(conf);
    assert_preview(place, 0, "");
}

static void leaves_the_files_of_others(void **state)
{
    const struct place *place = *state;

    assert_int_equal(install(place, 0), 0);
    write_file(place->old_conf_file, "{\"name\":\"x\",\"type\":\"bridge\"}");
    assert_preview(place, 0, "");
    assert_int_equal(install(place, 0), 0);
    assert_files(place->conf, 2);
}

static void keeps_what_somebody_has_chosen(void **state)
{
    const struct place *place = *state;
    cJSON *conf, *plugins, *plugin;

    assert_int_equal(install(place, 1400), 0);
    write_file(place->conf_file,
               "{\"cniVersion\":\"0.4.0\",\"name\":\"ovn-kubernetes\",\"disableCheck\":true,"
               "\"plugins\":[{\"type\":\"first\"},{\"type\":\"ovn-k8s-cni-overlay\",\"MTU\":9000,"
               "\"capabilities\":{\"mac\":false}},{\"type\":\"portmap\"}]}");
    assert_int_equal(install(place, 1400), 0);
    conf = read_conf(place);
    plugins = cJSON_GetObjectItem(conf, "plugins");
    plugin = cJSON_GetArrayItem(plugins, 1);
    assert_string_equal(text_of(conf, "cniVersion"), "0.4.0");
    assert_null(cJSON_GetObjectItem(conf, "cniVersions"));
    assert_true(cJSON_IsTrue(cJSON_GetObjectItem(conf, "disableCheck")));
    assert_int_equal(cJSON_GetArraySize(plugins), 3);
    assert_int_equal(cJSON_GetObjectItem(plugin, "mtu")->valueint, 1400);
    assert_int_equal(cJSON_GetArraySize(plugin), 3);
    assert_true(
        cJSON_IsFalse(cJSON_GetObjectItem(cJSON_GetObjectItem(plugin, "capabilities"), "mac")));
    cJSON_Delete(conf);
    assert_preview(place, 1400, "");
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
        WITH_PLACE(installs),
        WITH_PLACE(tells_what_it_would_do),
        WITH_PLACE(leaves_alone_what_is_right),
        WITH_PLACE(replaces_what_is_old),
        WITH_PLACE(takes_over_what_was_there_before_lists),
        WITH_PLACE(leaves_the_files_of_others),
        WITH_PLACE(keeps_what_somebody_has_chosen),
        WITH_PLACE(refuses_what_is_in_the_way),
        WITH_PLACE(wants_a_plugin),
        WITH_PLACE(accepts_the_plugin_itself_in_the_folder),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
