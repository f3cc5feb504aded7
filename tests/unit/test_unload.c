/* The library as a plugin: loaded, used and unloaded again, many times, without a trace. */

#include <dirent.h>
#include <dlfcn.h>
#include <malloc.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <ovnk8s/ovnk8s.h>

#include <cmocka.h> /* Last: it has a macro called fail. */

/* What libopenvswitch's constructors allocate stays with each load: some bytes, of which the leak
 * sanitizer could tell only that the module is unknown. */
OVNK8S_API const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "detect_leaks=0";
}

static void *load(void)
{
    void *library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);

    if (!library) {
        fail_msg("%s", dlerror());
    }
    return library;
}

/* Makes the library set itself up, which is when it would leave something behind. */
static void use(void *library)
{
    __typeof__(&ovnk8s_nb_open) open_nb = dlsym(library, "ovnk8s_nb_open");
    __typeof__(&ovnk8s_connect_options_init) init = dlsym(library, "ovnk8s_connect_options_init");
    ovnk8s_connect_options options;
    ovnk8s_nb *nb;

    init(&options);
    options.timeout_ms = 1;
    assert_int_equal(open_nb(&nb, "unix:/nowhere/nb.sock", &options), OVNK8S_TIMEOUT);
}

static void unload(void *library)
{
    assert_int_equal(dlclose(library), 0);
    assert_null(dlopen(LIBRARY, RTLD_NOW | RTLD_NOLOAD)); /* Really. */
}

static size_t count_entries(const char *path)
{
    DIR *folder = opendir(path);
    size_t n = 0;

    assert_non_null(folder);
    while (readdir(folder)) {
        n++;
    }
    closedir(folder);
    return n;
}

static void load_and_use(int times)
{
    for (int i = 0; i < times; i++) {
        void *library = load();

        use(library);
        unload(library);
    }
}

/* The first loads make the C library and the dynamic linker settle. */
enum { WARM_UP = 20 };

static void nothing_is_left_after_a_hundred_loads(void **state)
{
    struct sigaction action;
    size_t descriptors, threads, bytes;

    (void)state;
    load_and_use(WARM_UP);
    descriptors = count_entries("/proc/self/fd");
    threads = count_entries("/proc/self/task");
    bytes = mallinfo2().uordblks;
    load_and_use(100);
    assert_int_equal(count_entries("/proc/self/fd"), descriptors);
    assert_int_equal(count_entries("/proc/self/task"), threads);
    if (mallinfo2().uordblks > bytes) {
        fail_msg("%zu bytes are left", mallinfo2().uordblks - bytes);
    }
    for (int i = 1; i < 32; i++) {
        sigaction(i, NULL, &action);
        if (i == SIGTERM || i == SIGINT || i == SIGHUP || i == SIGALRM) {
            assert_true(action.sa_handler == SIG_DFL);
        }
    }
}

static void *load_use_unload(void *payload)
{
    void *library = load();

    (void)payload;
    use(library);
    unload(library);
    return NULL;
}

/* Destructors of thread-specific data would be code that is not there any more. */
static void threads_that_used_it_end_well(void **state)
{
    pthread_t thread;

    (void)state;
    for (int i = 0; i < 5; i++) {
        assert_int_equal(pthread_create(&thread, NULL, load_use_unload, NULL), 0);
        assert_int_equal(pthread_join(thread, NULL), 0);
    }
}

static void a_process_that_used_it_ends_as_ever(void **state)
{
    pid_t child = fork();
    int status;

    (void)state;
    if (!child) {
        void *library = load();

        use(library);
        unload(library);
        raise(SIGTERM);
        _exit(1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGTERM);
    child = fork();
    if (!child) {
        use(load());
        exit(0); /* Runs what was registered by atexit(). */
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

/* What threads keep of freed memory, to have it at hand, would count as used. */
static void count_memory_exactly(char **argv)
{
    if (!getenv("GLIBC_TUNABLES")) {
        setenv("GLIBC_TUNABLES", "glibc.malloc.tcache_count=0", 1);
        execv("/proc/self/exe", argv);
    }
    mallopt(M_MXFAST, 0);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_left_after_a_hundred_loads),
        cmocka_unit_test(threads_that_used_it_end_well),
        cmocka_unit_test(a_process_that_used_it_ends_as_ever),
    };

    (void)argc;
    count_memory_exactly(argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
