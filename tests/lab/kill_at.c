/* Runs a program and kills it when it enters its n-th system call, which is not made then. Threads
 * count together, and die together.
 *
 * Usage: kill_at N PROGRAM [ARGUMENT...]
 *
 * Exits with 137 when it was killed, otherwise with the program's status; "calls N" on stderr then
 * says how many there were. N = 0 kills never. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

static pid_t start(char *argv[])
{
    const pid_t child = fork();

    if (!child) {
        ptrace(PTRACE_TRACEME, 0, NULL, NULL);
        raise(SIGSTOP);
        execvp(argv[0], argv);
        perror(argv[0]);
        _exit(127);
    }
    waitpid(child, NULL, 0);
    ptrace(PTRACE_SETOPTIONS, child, NULL,
           PTRACE_O_EXITKILL | PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC);
    ptrace(PTRACE_SYSCALL, child, NULL, NULL);
    return child;
}

static int enters_call(pid_t thread, int status)
{
    struct __ptrace_syscall_info info;

    return WSTOPSIG(status) == (SIGTRAP | 0x80) &&
           ptrace(PTRACE_GET_SYSCALL_INFO, thread, sizeof info, &info) > 0 &&
           info.op == PTRACE_SYSCALL_INFO_ENTRY;
}

/* Stops of ptrace itself are not passed on to the program. */
static int signal_of(int status)
{
    const int signal = WSTOPSIG(status);

    return status >> 16 || signal == (SIGTRAP | 0x80) || signal == SIGTRAP || signal == SIGSTOP
               ? 0
               : signal;
}

/* The last thread to be reported is the first one: it is over. */
static int end(int status, unsigned long calls)
{
    fprintf(stderr, "calls %lu\n", calls);
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

int main(int argc, char *argv[])
{
    const unsigned long last = argc > 2 ? strtoul(argv[1], NULL, 10) : 0;
    unsigned long calls = 0;
    int started = 0, status;
    pid_t child, thread;

    if (argc < 3) {
        fputs("Usage: kill_at N PROGRAM [ARGUMENT...]\n", stderr);
        return 2;
    }
    child = start(argv + 2);
    while ((thread = waitpid(-1, &status, __WALL)) > 0) {
        if (!WIFSTOPPED(status)) {
            if (thread == child) {
                return end(status, calls);
            }
            continue;
        }
        started |= status >> 8 == (SIGTRAP | (PTRACE_EVENT_EXEC << 8));
        if (started && enters_call(thread, status) && ++calls == last) {
            kill(child, SIGKILL);
        } else {
            ptrace(PTRACE_SYSCALL, thread, NULL, signal_of(status));
        }
    }
    return 1;
}
