/* The library as a guest in somebody's process: what it must not touch, and what it must survive.
 * Against the shared library, by public headers, with a real ovsdb-server. */

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <locale.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <ovnk8s/ovnk8s.h>

#include "guest_server.h"

#include <cmocka.h> /* Last: it has a macro called fail. */

static void succeed(int error)
{
    if (error) {
        fail_msg("%s: %s", ovnk8s_error_name(error), ovnk8s_last_error()->message);
    }
}

static ovnk8s_nb *open_nb(unsigned int timeout_ms)
{
    ovnk8s_connect_options options = OVNK8S_CONNECT_OPTIONS_INIT;
    ovnk8s_nb *nb;

    options.timeout_ms = timeout_ms;
    succeed(ovnk8s_nb_open(&nb, server.remote, &options));
    return nb;
}

static void add_node(ovnk8s_plan *plan, const char *name, const char *subnet)
{
    ovnk8s_node node = OVNK8S_NODE_INIT;

    node.name = name;
    node.subnet = subnet;
    succeed(ovnk8s_node_add(plan, &node));
}

static void add_port(ovnk8s_plan *plan, const char *pod, const char *node, const char *address)
{
    ovnk8s_port port = OVNK8S_PORT_INIT;

    port.pod_namespace = "default";
    port.pod = pod;
    port.node = node;
    port.addresses = address;
    succeed(ovnk8s_port_add(plan, &port));
}

/* A cluster with a node and a pod. */
static ovnk8s_plan *new_plan(void)
{
    ovnk8s_cluster cluster = OVNK8S_CLUSTER_INIT;
    ovnk8s_plan *plan;

    cluster.name = "m";
    cluster.subnet = "10.0.0.0/8";
    succeed(ovnk8s_plan_new(&plan, NULL));
    succeed(ovnk8s_cluster_add(plan, &cluster));
    add_node(plan, "n1", "10.1.0.0/24");
    add_port(plan, "web", "n1", "10.1.0.3/24");
    return plan;
}

static void apply_all(void)
{
    ovnk8s_nb *nb = open_nb(0);
    ovnk8s_plan *plan = new_plan();

    succeed(ovnk8s_plan_apply(plan, nb, NULL));
    ovnk8s_plan_free(plan);
    ovnk8s_nb_close(nb);
}

/* What a process is like. */

enum { SIGNALS = 65, FDS = 256 };

struct process {
    struct sigaction actions[SIGNALS];
    sigset_t mask;
    mode_t umask;
    char cwd[4096], locale[256], environment[4096];
    size_t threads;
    int fd_flags[FDS]; /* -1: not open. */
};

static size_t count_entries(const char *path)
{
    DIR *folder = opendir(path);
    size_t n = 0;

    while (readdir(folder)) {
        n++;
    }
    closedir(folder);
    return n;
}

static struct process *look(void)
{
    struct process *p = calloc(1, sizeof *p);

    for (int i = 1; i < SIGNALS; i++) {
        sigaction(i, NULL, &p->actions[i]);
    }
    pthread_sigmask(SIG_BLOCK, NULL, &p->mask);
    p->umask = umask(0);
    umask(p->umask);
    assert_non_null(getcwd(p->cwd, sizeof p->cwd));
    snprintf(p->locale, sizeof p->locale, "%s", setlocale(LC_ALL, NULL));
    for (char **e = environ; *e; e++) {
        strncat(p->environment, *e, sizeof p->environment - strlen(p->environment) - 1);
    }
    p->threads = count_entries("/proc/self/task");
    for (int fd = 0; fd < FDS; fd++) {
        p->fd_flags[fd] = fcntl(fd, F_GETFD);
    }
    return p;
}

static void assert_same_process(const struct process *before, const struct process *now)
{
    for (int i = 1; i < SIGNALS; i++) {
        const struct sigaction *a = &before->actions[i], *b = &now->actions[i];

        if (a->sa_handler != b->sa_handler || a->sa_flags != b->sa_flags) {
            fail_msg("the action of signal %d has changed", i);
        }
        assert_int_equal(sigismember(&before->mask, i), sigismember(&now->mask, i));
    }
    assert_int_equal(before->umask, now->umask);
    assert_string_equal(before->cwd, now->cwd);
    assert_string_equal(before->locale, now->locale);
    assert_string_equal(before->environment, now->environment);
    assert_int_equal(before->threads, now->threads);
}

static void assert_same_descriptors(const struct process *before, const struct process *now)
{
    for (int fd = 0; fd < FDS; fd++) {
        if (before->fd_flags[fd] != now->fd_flags[fd]) {
            fail_msg("descriptor %d: flags %d before, %d now", fd, before->fd_flags[fd],
                     now->fd_flags[fd]);
        }
    }
}

/* That all new descriptors are closed by exec(), and that there are some. */
static void assert_close_on_exec(const struct process *before, const struct process *now)
{
    size_t n = 0;

    for (int fd = 0; fd < FDS; fd++) {
        if (before->fd_flags[fd] < 0 && now->fd_flags[fd] >= 0) {
            n++;
            if (!(now->fd_flags[fd] & FD_CLOEXEC)) {
                fail_msg("descriptor %d would reach child processes", fd);
            }
        }
    }
    assert_true(n > 0);
}

static void the_process_stays_as_it_was(void **state)
{
    struct process *before = look(), *during, *after;
    ovnk8s_cancel *cancel;
    ovnk8s_plan *plan;
    ovnk8s_nb *nb;

    (void)state;
    succeed(ovnk8s_cancel_new(&cancel));
    nb = open_nb(0);
    plan = new_plan();
    succeed(ovnk8s_plan_apply(plan, nb, NULL));
    during = look();
    ovnk8s_plan_free(plan);
    ovnk8s_nb_close(nb);
    ovnk8s_cancel_free(cancel);
    after = look();
    assert_same_process(before, during);
    assert_same_process(before, after);
    assert_close_on_exec(before, during);
    assert_same_descriptors(before, after);
    free(before);
    free(during);
    free(after);
}

/* Does 'what' with standard output and error in a file, and returns that file's size. */
static off_t written_by(void (*what)(void))
{
    const int file = memfd_create("output", MFD_CLOEXEC);
    const int out = fcntl(1, F_DUPFD_CLOEXEC, 3), err = fcntl(2, F_DUPFD_CLOEXEC, 3);
    struct stat stat;

    fflush(NULL);
    dup2(file, 1);
    dup2(file, 2);
    what();
    fflush(NULL);
    dup2(out, 1);
    dup2(err, 2);
    fstat(file, &stat);
    close(file);
    close(out);
    close(err);
    return stat.st_size;
}

static void fail_to_connect(void)
{
    ovnk8s_connect_options options = OVNK8S_CONNECT_OPTIONS_INIT;
    ovnk8s_nb *nb;

    options.timeout_ms = 100;
    assert_int_equal(ovnk8s_nb_open(&nb, "unix:/nowhere/nb.sock", &options), OVNK8S_TIMEOUT);
    assert_null(nb);
    assert_int_equal(ovnk8s_nb_open(&nb, "rubbish", &options), OVNK8S_INVALID);
    assert_int_equal(ovnk8s_nb_open(&nb, "ssl:127.0.0.1:1", &options), OVNK8S_INVALID);
    assert_int_equal(ovnk8s_nb_open(&nb, "", &options), OVNK8S_INVALID);
    assert_int_equal(ovnk8s_nb_open(&nb, NULL, &options), OVNK8S_INVALID);
}

static void nothing_is_printed(void **state)
{
    (void)state;
    assert_int_equal(written_by(apply_all), 0);
    assert_int_equal(written_by(fail_to_connect), 0);
}

/* Children. What they find they tell by how they end, since they have no output of cmocka's. */

static int apply_in_child(void)
{
    ovnk8s_plan *plan = NULL;
    ovnk8s_node node = OVNK8S_NODE_INIT;
    ovnk8s_nb *nb = NULL;
    int error = ovnk8s_nb_open(&nb, server.remote, NULL);

    node.name = "child";
    error = error ? error : ovnk8s_plan_new(&plan, NULL);
    error = error ? error : ovnk8s_node_add(plan, &node);
    error = error ? error : ovnk8s_plan_apply(plan, nb, NULL);
    ovnk8s_plan_free(plan);
    ovnk8s_nb_close(nb);
    return error;
}

/* Nobody listens there; but the library for that is loaded, and a socket made. */
static int ask_kubernetes_in_child(int (*check)(void))
{
    ovnk8s_kube_options options = OVNK8S_KUBE_OPTIONS_INIT;
    ovnk8s_kube *kube = NULL;
    char *reply = NULL;
    int error;

    options.server = "http://127.0.0.1:1";
    options.timeout_ms = 200;
    error = ovnk8s_kube_open(&kube, &options);
    if (!error) {
        error = ovnk8s_kube_get(kube, "/api", &reply);
        error = error == OVNK8S_TIMEOUT || error == OVNK8S_UNAVAILABLE ? check() : 1;
    }
    ovnk8s_free(reply);
    ovnk8s_kube_close(kube);
    return error;
}

static int nothing(void)
{
    return 0;
}

static pid_t start_child(int (*what)(void))
{
    const pid_t pid = fork();

    if (!pid) {
        _exit(what() ? 1 : 0);
    }
    assert_true(pid > 0);
    return pid;
}

static void assert_ends_well(pid_t child)
{
    int status;

    assert_int_equal(waitpid(child, &status, 0), child);
    if (!WIFEXITED(status) || WEXITSTATUS(status)) {
        fail_msg("the child ended with wait status %#x", (unsigned int)status);
    }
}

/* The descriptors of standard streams that are open, as bits. */
static int streams(void)
{
    int open = 0;

    for (int fd = 0; fd < 3; fd++) {
        open |= fcntl(fd, F_GETFD) >= 0 ? 1 << fd : 0;
    }
    return open;
}

static int live_without_streams(void)
{
    ovnk8s_cancel *cancel = NULL;
    ovnk8s_nb *nb = NULL;
    int error;

    for (int fd = 0; fd < 3; fd++) {
        close(fd);
    }
    error = ovnk8s_cancel_new(&cancel);
    error = error ? error : ovnk8s_nb_open(&nb, server.remote, NULL);
    error = error ? error : streams();
    error = error ? error : apply_in_child();
    error = error ? error : ask_kubernetes_in_child(streams);
    ovnk8s_nb_close(nb);
    ovnk8s_cancel_free(cancel);
    return error ? error : streams();
}

/* Or what somebody prints would be sent to a server. */
static void the_descriptors_of_standard_streams_are_never_taken(void **state)
{
    (void)state;
    apply_all();
    assert_ends_well(start_child(live_without_streams));
}

/* Kills the process at a system call by which there would be another process. */
static int forbid_processes(void)
{
#define KILL_AT(CALL)                                                                              \
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_##CALL, 0, 1),                                        \
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS)
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        KILL_AT(execve),
        KILL_AT(execveat),
#ifdef __NR_fork
        KILL_AT(fork),
        KILL_AT(vfork),
#endif
        /* Threads are made by clone(), once there is no clone3(), of which the flags are in memory.
         */
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_clone3, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_clone, 0, 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0])),
        BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, CLONE_THREAD, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const struct sock_fprog program = {sizeof filter / sizeof *filter, filter};

    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

static int live_without_processes(void)
{
    return forbid_processes() || apply_in_child() || ask_kubernetes_in_child(nothing);
}

static int execute_in_spite(void)
{
    char *const argv[] = {"true", NULL};

    return forbid_processes() || execvp("true", argv);
}

static void a_host_that_may_execute_nothing(void **state)
{
    const pid_t pid = start_child(execute_in_spite);
    int status;

    (void)state;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS); /* It is really forbidden. */
    apply_all();
    assert_ends_well(start_child(live_without_processes));
}

/* Both have a plan to apply: what the library has drawn by chance before must not be the same for
 * both. */
static void a_child_with_handles_of_its_own(void **state)
{
    ovnk8s_nb *nb = open_nb(0);
    ovnk8s_plan *plan = new_plan();
    pid_t child;

    (void)state;
    succeed(ovnk8s_plan_apply(plan, nb, NULL));
    child = start_child(apply_in_child);
    add_node(plan, "parent", NULL);
    succeed(ovnk8s_plan_apply(plan, nb, NULL));
    assert_ends_well(child);
    succeed(ovnk8s_plan_apply(plan, nb, NULL));
    assert_int_equal(ovnk8s_plan_changes(plan), 0);
    ovnk8s_plan_free(plan);
    ovnk8s_nb_close(nb);
}

/* Servers that go away. */

static void a_killed_server_does_not_kill_the_host(void **state)
{
    ovnk8s_nb *nb = open_nb(500);
    ovnk8s_plan *plan = new_plan();
    double since, took;
    int error;

    (void)state;
    signal(SIGPIPE, SIG_DFL);
    server_kill();
    since = seconds();
    error = ovnk8s_plan_apply(plan, nb, NULL); /* Writes to a closed connection. */
    took = seconds() - since;
    assert_true(server_start());
    if ((error != OVNK8S_TIMEOUT && error != OVNK8S_UNAVAILABLE) ||
        !strstr(ovnk8s_last_error()->message, server.remote)) {
        fail_msg("%s: %s", ovnk8s_error_name(error), ovnk8s_last_error()->message);
    }
    assert_true(took < 2);
    ovnk8s_plan_free(plan);
    ovnk8s_nb_close(nb);
}

static void the_same_plan_after_a_restart(void **state)
{
    ovnk8s_nb *nb = open_nb(0);
    ovnk8s_plan *plan = new_plan();

    (void)state;
    succeed(ovnk8s_plan_apply(plan, nb, NULL));
    server_kill();
    assert_true(server_start());
    succeed(ovnk8s_plan_apply(plan, nb, NULL));
    assert_int_equal(ovnk8s_plan_changes(plan), 0);
    ovnk8s_plan_free(plan);
    ovnk8s_nb_close(nb);
}

/* The thread that starts the server must be the one that lives as long as it: see spawn(). */
static void *apply_meanwhile(void *payload)
{
    ovnk8s_plan *plan = new_plan();
    const int error = ovnk8s_plan_apply(plan, payload, NULL);

    ovnk8s_plan_free(plan);
    return (void *)(intptr_t)error;
}

static void a_server_that_comes_back_in_time(void **state)
{
    ovnk8s_nb *nb = open_nb(0);
    pthread_t thread;
    void *error;

    (void)state;
    server_kill();
    assert_int_equal(pthread_create(&thread, NULL, apply_meanwhile, nb), 0);
    nap(300);
    assert_true(server_start());
    pthread_join(thread, &error);
    assert_int_equal((intptr_t)error, 0);
    ovnk8s_nb_close(nb);
}

/* Deadlines and cancelling. */

/* A server that takes connections and says nothing. */
static int listen_mute(char remote[static 128])
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    snprintf(address.sun_path, sizeof address.sun_path, "%s/mute.sock", server.folder);
    snprintf(remote, 128, "unix:%s", address.sun_path);
    unlink(address.sun_path);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(fd, 10), 0);
    return fd;
}

static void deadlines_are_kept(void **state)
{
    ovnk8s_connect_options options = OVNK8S_CONNECT_OPTIONS_INIT;
    char mute[128];
    const int fd = listen_mute(mute);
    const char *const remotes[] = {"unix:/nowhere/nb.sock", "tcp:127.0.0.1:1", mute,
                                   "tcp:192.0.2.1:6641"};

    (void)state;
    options.timeout_ms = 500;
    for (size_t i = 0; i < sizeof remotes / sizeof *remotes; i++) {
        const double since = seconds();
        ovnk8s_nb *nb;

        assert_int_equal(ovnk8s_nb_open(&nb, remotes[i], &options), OVNK8S_TIMEOUT);
        assert_null(nb);
        assert_true(seconds() - since >= 0.45 && seconds() - since < 2);
        assert_string_equal(ovnk8s_last_error()->stage, "connect");
        assert_string_equal(ovnk8s_last_error()->object, remotes[i]);
    }
    close(fd);
}

static void *cancel_soon(void *cancel)
{
    nap(200);
    ovnk8s_cancel_trigger(cancel);
    return NULL;
}

static void cancelling_ends_a_blocking_call(void **state)
{
    ovnk8s_connect_options options = OVNK8S_CONNECT_OPTIONS_INIT;
    char mute[128];
    const int fd = listen_mute(mute);
    const char *const remotes[] = {mute, "unix:/nowhere/nb.sock"};

    (void)state;
    for (size_t i = 0; i < sizeof remotes / sizeof *remotes; i++) {
        const double since = seconds();
        pthread_t thread;
        ovnk8s_nb *nb;

        succeed(ovnk8s_cancel_new(&options.cancel));
        assert_int_equal(pthread_create(&thread, NULL, cancel_soon, options.cancel), 0);
        assert_int_equal(ovnk8s_nb_open(&nb, remotes[i], &options), OVNK8S_CANCELLED);
        assert_true(seconds() - since < 1.2);
        pthread_join(thread, NULL);
        /* For good: a later call does not even begin to wait. */
        assert_int_equal(ovnk8s_nb_open(&nb, remotes[i], &options), OVNK8S_CANCELLED);
        ovnk8s_cancel_free(options.cancel);
    }
    close(fd);
}

/* Threads. */

struct worker {
    pthread_t thread;
    int number, error;
    char message[512];
};

static int work(const struct worker *worker)
{
    ovnk8s_port port = OVNK8S_PORT_INIT;
    ovnk8s_node node = OVNK8S_NODE_INIT;
    char name[32], subnet[32], pod[32], address[32];
    ovnk8s_nb *nb = NULL;
    int error = ovnk8s_nb_open(&nb, server.remote, NULL);

    port.pod_namespace = "threads";
    port.pod = pod;
    port.node = node.name = name;
    port.addresses = address;
    node.subnet = subnet;
    for (int i = 0; i < 5 && !error; i++) {
        ovnk8s_plan *plan = NULL;

        snprintf(name, sizeof name, "t%d-%d", worker->number, i);
        snprintf(subnet, sizeof subnet, "10.%d.%d.0/24", 100 + worker->number, i);
        snprintf(address, sizeof address, "10.%d.%d.3/24", 100 + worker->number, i);
        snprintf(pod, sizeof pod, "p%d-%d", worker->number, i);
        error = ovnk8s_plan_new(&plan, NULL);
        error = error ? error : ovnk8s_node_add(plan, &node);
        error = error ? error : ovnk8s_port_add(plan, &port);
        error = error ? error : ovnk8s_plan_apply(plan, nb, NULL);
        ovnk8s_plan_free(plan);
    }
    ovnk8s_nb_close(nb);
    return error;
}

static void *run_worker(void *payload)
{
    struct worker *worker = payload;

    worker->error = work(worker);
    snprintf(worker->message, sizeof worker->message, "%s", ovnk8s_last_error()->message);
    return NULL;
}

/* They are in each other's way on purpose: each added node raises the router's generation. */
static void handles_in_threads_are_independent(void **state)
{
    struct worker workers[3] = {{.number = 0}};

    (void)state;
    apply_all();
    for (int i = 0; i < 3; i++) {
        workers[i].number = i;
        assert_int_equal(pthread_create(&workers[i].thread, NULL, run_worker, &workers[i]), 0);
    }
    for (int i = 0; i < 3; i++) {
        pthread_join(workers[i].thread, NULL);
        if (workers[i].error) {
            fail_msg("thread %d: %s", i, workers[i].message);
        }
    }
}

/* As docs/threading.md says. The sanitizers need more for themselves. */
enum { SMALL_STACK = 64 * 1024, STACK_PAINT = 0xa5 };

static void *live_on_a_small_stack(void *payload)
{
    ovnk8s_kube_options options = OVNK8S_KUBE_OPTIONS_INIT;
    ovnk8s_kube *kube = NULL;

    (void)payload;
    options.server = "http://127.0.0.1:1";
    options.timeout_ms = 100;
    apply_all();
    succeed(ovnk8s_kube_open(&kube, &options));
    assert_int_not_equal(ovnk8s_kube_get(kube, "/api", NULL), 0);
    ovnk8s_kube_close(kube);
    fail_to_connect();
    return NULL;
}

/* Runs 'what' in a thread that has a stack of this size, and returns how much of that it has used.
 */
static size_t stack_used_by(void *(*what)(void *), size_t size)
{
    unsigned char *stack =
        mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    pthread_attr_t attributes;
    pthread_t thread;
    size_t untouched = 0;

    assert_true(stack != MAP_FAILED);
    memset(stack, STACK_PAINT, size);
    pthread_attr_init(&attributes);
    assert_int_equal(pthread_attr_setstack(&attributes, stack, size), 0);
    assert_int_equal(pthread_create(&thread, &attributes, what, NULL), 0);
    pthread_join(thread, NULL);
    pthread_attr_destroy(&attributes);
    while (untouched < size && stack[untouched] == STACK_PAINT) {
        untouched++;
    }
    munmap(stack, size);
    return size - untouched;
}

static void a_small_stack_is_enough(void **state)
{
    const size_t room = 8 * 1024 * 1024;
    size_t used;

    (void)state;
    used = stack_used_by(live_on_a_small_stack, room);
    print_message("%zu bytes of stack\n", used);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    assert_true(used <= SMALL_STACK);
    stack_used_by(live_on_a_small_stack, SMALL_STACK);
#endif
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_process_stays_as_it_was),
        cmocka_unit_test(nothing_is_printed),
        cmocka_unit_test(the_descriptors_of_standard_streams_are_never_taken),
        cmocka_unit_test(a_host_that_may_execute_nothing),
        cmocka_unit_test(a_child_with_handles_of_its_own),
        cmocka_unit_test(a_killed_server_does_not_kill_the_host),
        cmocka_unit_test(the_same_plan_after_a_restart),
        cmocka_unit_test(a_server_that_comes_back_in_time),
        cmocka_unit_test(deadlines_are_kept),
        cmocka_unit_test(cancelling_ends_a_blocking_call),
        cmocka_unit_test(handles_in_threads_are_independent),
        cmocka_unit_test(a_small_stack_is_enough),
    };

    server_require();
    return cmocka_run_group_tests(tests, server_create, server_remove);
}
