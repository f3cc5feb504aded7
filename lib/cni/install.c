#include <ovnk8s/cni.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>

#include <cjson/cJSON.h>

#include "base/descriptor.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/options.h"
#include "base/text.h"
#include "cni/conflist.h"

#define CONF_NAME "10-ovn-kubernetes.conflist"
#define OLD_CONF_NAME "10-ovn-kubernetes.conf" /* Of one plugin, without a list. */

void ovnk8s_cni_install_options_init(ovnk8s_cni_install_options *options)
{
    *options = (ovnk8s_cni_install_options)OVNK8S_CNI_INSTALL_OPTIONS_INIT;
}

/* What one call works with. */
struct install {
    const ovnk8s_cni_install_options *options;
    char *plugin;         /* Absolute. */
    struct text *preview; /* Takes what would be done; NULL: it is done. */
};

/* Opens the folder 'path', made if necessary, with those that it lies in. */
static int open_folder(const char *path, int *out)
{
    _cleanup_free_ char *copy = strdup(path);

    if (!copy) {
        return fail_nomem();
    }
    for (char *slash = copy + 1; *copy && slash; *slash++ = '/') {
        slash = strchr(slash, '/');
        if (slash) {
            *slash = '\0';
        }
        if (mkdir(copy, 0755) && errno != EEXIST) {
            return fail_errno(errno, "making folder %s", copy);
        }
        if (!slash) {
            break;
        }
    }
    *out = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return *out < 0 ? fail_errno(errno, "folder %s", path) : 0;
}

/* For a preview a folder that is missing is -1: nothing is found in it. */
static int open_target(const struct install *install, const char *path, int *out)
{
    if (!install->preview) {
        return open_folder(path, out);
    }
    *out = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return *out < 0 && errno != ENOENT ? fail_errno(errno, "folder %s", path) : 0;
}

static const char *slash_after(const char *folder)
{
    return *folder && folder[strlen(folder) - 1] == '/' ? "" : "/";
}

/* Adds the beginning of a line: '+' for what is new, '~' for what is replaced. */
static void add_preview(const struct install *install, int folder, const char *what,
                        const char *path, const char *name)
{
    struct stat there;
    const bool is_there = !fstatat(folder, name, &there, AT_SYMLINK_NOFOLLOW);

    text_printf(install->preview, "%c %s %s%s%s", is_there ? '~' : '+', what, path,
                slash_after(path), name);
}

/* Replacing in one piece: the new one is made under another name, which no runtime takes for a
 * configuration, and renamed. */

enum { TEMPORARY_NAME = 64 };

static void make_temporary_name(char name[static TEMPORARY_NAME])
{
    unsigned long long number = 0;

    if (getrandom(&number, sizeof number, GRND_NONBLOCK) < 0) {
        number = (unsigned long long)getpid();
    }
    snprintf(name, TEMPORARY_NAME, ".ovn-k8s-%016llx", number);
}

static int rename_to(int folder, const char *temporary, const char *name)
{
    if (renameat(folder, temporary, folder, name)) {
        const int error = errno;

        unlinkat(folder, temporary, 0);
        return fail_errno(error, "renaming");
    }
    return 0;
}

static int write_file(int folder, const char *name, const char *content)
{
    const size_t length = strlen(content);
    char temporary[TEMPORARY_NAME];
    _cleanup_close_ int fd = -1;

    make_temporary_name(temporary);
    fd = descriptor_aside(openat(folder, temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (fd < 0) {
        return fail_errno(errno, "creating");
    }
    /* Readable by everybody, whatever the umask; and whole, even after a power cut. */
    if (write(fd, content, length) != (ssize_t)length || fchmod(fd, 0644) || fsync(fd)) {
        const int error = errno;

        unlinkat(folder, temporary, 0);
        return fail_errno(error ? error : EIO, "writing");
    }
    return rename_to(folder, temporary, name);
}

static int write_link(int folder, const char *name, const char *target)
{
    char temporary[TEMPORARY_NAME];

    make_temporary_name(temporary);
    return symlinkat(target, folder, temporary) ? fail_errno(errno, "linking")
                                                : rename_to(folder, temporary, name);
}

/* The configuration. */

enum { CONF_SIZE = 65536 };

/* Reads the file into '*out'; NULL when there is none, or none that makes sense. */
static int read_conf(int folder, const char *name, cJSON **out)
{
    _cleanup_close_ int fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    _cleanup_free_ char *text = malloc(CONF_SIZE);
    ssize_t length;

    *out = NULL;
    if (!text) {
        return fail_nomem();
    }
    length = fd < 0 ? -1 : read(fd, text, CONF_SIZE);
    if (length > 0 && length < CONF_SIZE) {
        *out = cJSON_ParseWithLength(text, (size_t)length);
    }
    if (*out && !cJSON_IsObject(*out)) {
        cJSON_Delete(*out);
        *out = NULL;
    }
    return 0;
}

static int check_is_file(int folder)
{
    struct stat there;

    if (!fstatat(folder, CONF_NAME, &there, AT_SYMLINK_NOFOLLOW) && !S_ISREG(there.st_mode) &&
        !S_ISLNK(there.st_mode)) {
        return fail(OVNK8S_EXISTS, "it is there, but is no file");
    }
    return 0;
}

static int write_conf(const struct install *install, const char *path, int folder,
                      const cJSON *before, const cJSON *old)
{
    cJSON *list = conflist_make(before, old, install->options);
    _cleanup_free_ char *text = list ? cJSON_Print(list) : NULL;
    int error = 0;

    if (!text) {
        error = fail_nomem();
    } else if (!before || !cJSON_Compare(before, list, true)) {
        if (install->preview) {
            add_preview(install, folder, "file", path, CONF_NAME);
            text_add(install->preview, "\n");
        } else {
            error = write_file(folder, CONF_NAME, text);
        }
    }
    cJSON_Delete(list);
    return error;
}

/* Runtimes take the first file of the folder, which would be the old one. It goes when the new one
 * is there: there is no moment without any. */
static int remove_old_conf(const struct install *install, const char *path, int folder)
{
    if (install->preview) {
        text_printf(install->preview, "- file %s%s%s\n", path, slash_after(path), OLD_CONF_NAME);
        return 0;
    }
    return unlinkat(folder, OLD_CONF_NAME, 0) && errno != ENOENT
               ? fail_errno(errno, "removing %s", OLD_CONF_NAME)
               : 0;
}

static int replace_conf(const struct install *install, const char *path, int folder)
{
    cJSON *before = NULL, *old = NULL;
    int error = read_conf(folder, CONF_NAME, &before);

    error = error ? error : read_conf(folder, OLD_CONF_NAME, &old);
    if (old && !conflist_is_plugin(old)) {
        cJSON_Delete(old);
        old = NULL;
    }
    error = error ? error : write_conf(install, path, folder, before, old);
    if (!error && old) {
        error = remove_old_conf(install, path, folder);
    }
    cJSON_Delete(before);
    cJSON_Delete(old);
    return error;
}

static int install_conf(const struct install *install, const char *path)
{
    _cleanup_close_ int folder = -1;
    int error = open_target(install, path, &folder);

    error = error ? error : check_is_file(folder);
    return error ? error : replace_conf(install, path, folder);
}

/* The link. */

static bool link_has(int folder, const char *name, const char *target)
{
    char there[4096];
    const ssize_t length = readlinkat(folder, name, there, sizeof there);

    return length >= 0 && (size_t)length == strlen(target) &&
           !memcmp(there, target, (size_t)length);
}

static int install_link(const struct install *install, const char *path)
{
    const char *plugin = install->plugin;
    _cleanup_close_ int folder = -1;
    struct stat there, program;
    int error = open_target(install, path, &folder);

    if (error || link_has(folder, PLUGIN_TYPE, plugin)) {
        return error;
    }
    if (!fstatat(folder, PLUGIN_TYPE, &there, AT_SYMLINK_NOFOLLOW) && !S_ISLNK(there.st_mode)) {
        /* The program itself may have been put there. */
        return !stat(plugin, &program) && program.st_dev == there.st_dev &&
                       program.st_ino == there.st_ino
                   ? 0
                   : fail(OVNK8S_EXISTS, "it is there, but is no link");
    }
    if (install->preview) {
        add_preview(install, folder, "link", path, PLUGIN_TYPE);
        text_printf(install->preview, " to %s\n", plugin);
        return 0;
    }
    return write_link(folder, PLUGIN_TYPE, plugin);
}

/* Finds the absolute path of the program, without following a link that may be made to follow
 * updates. */
static int find_plugin(const char *plugin, char **out)
{
    struct stat found;

    *out = NULL;
    if (!plugin || !*plugin) {
        return fail(OVNK8S_INVALID, "no path of the plugin given");
    }
    if (stat(plugin, &found)) {
        return fail_errno(errno, "plugin %s", plugin);
    }
    if (!S_ISREG(found.st_mode) || !(found.st_mode & 0111)) {
        return fail(OVNK8S_INVALID, "plugin %s: expected an executable file", plugin);
    }
    *out = *plugin == '/' ? strdup(plugin) : realpath(plugin, NULL);
    return *out ? 0 : fail_errno(errno, "plugin %s", plugin);
}

static int run(struct install *install, const ovnk8s_cni_install_options *options)
{
    const char *conf_path = options->conf_path ? options->conf_path : "/etc/cni/net.d";
    const char *link_path = options->link_path ? options->link_path : "/opt/cni/bin";
    int error = find_plugin(options->plugin, &install->plugin);

    if (error) {
        return fail_during(error, "install", options->plugin, "installing the CNI plugin");
    }
    /* The link first: a configuration makes runtimes look for the plugin at once. */
    error = install_link(install, link_path);
    if (error) {
        return fail_during(error, "install", link_path, "installing the CNI plugin: link %s in %s",
                           PLUGIN_TYPE, link_path);
    }
    error = install_conf(install, conf_path);
    return error ? fail_during(error, "install", conf_path,
                               "installing the CNI plugin: file %s in %s", CONF_NAME, conf_path)
                 : 0;
}

static int take_and_run(const ovnk8s_cni_install_options *theirs, struct text *preview)
{
    ovnk8s_cni_install_options options = OVNK8S_CNI_INSTALL_OPTIONS_INIT;
    struct install install = {.options = &options, .preview = preview};
    int error = options_take(&options, sizeof options, theirs);

    error = error ? fail_during(error, "install", NULL, "installing the CNI plugin")
                  : run(&install, &options);
    free(install.plugin);
    return error;
}

int ovnk8s_cni_install(const ovnk8s_cni_install_options *options)
{
    return take_and_run(options, NULL);
}

int ovnk8s_cni_install_preview(char **out, const ovnk8s_cni_install_options *options)
{
    _cleanup_text_ struct text text = {0};
    const int error = take_and_run(options, &text);

    *out = NULL;
    return error ? error : text_take(&text, out);
}
