/* A program that has functions of libopenvswitch's and OpenSSL's names, which the library must not
 * call, and socket() and send() of its own, by which it sees what the library asks of them. Writes
 * a cluster into the Northbound database at the remote that it is given. */

#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <ovnk8s/ovnk8s.h>

#define OURS(NAME)                                                                                 \
    void NAME(void);                                                                               \
    void NAME(void)                                                                                \
    {                                                                                              \
        fputs(#NAME "() was called\n", stderr);                                                    \
        abort();                                                                                   \
    }
OURS(SSL_new)
OURS(ERR_clear_error)
OURS(fatal_signal_init)
OURS(hash_bytes)
OURS(json_create)
OURS(json_string_create)
OURS(jsonrpc_open)
OURS(poll_block)
OURS(sha1_init)
OURS(stream_open)
OURS(uuid_generate)
OURS(vlog_init)
OURS(xmalloc)
OURS(fail)
OURS(arena_alloc)

static int sockets, sends;

int socket(int domain, int type, int protocol)
{
    sockets++;
    if (!(type & SOCK_CLOEXEC)) {
        fputs("a socket would reach child processes\n", stderr);
        abort();
    }
    return (int)syscall(SYS_socket, domain, type, protocol);
}

ssize_t send(int fd, const void *data, size_t size, int flags)
{
    sends++;
    if (!(flags & MSG_NOSIGNAL)) {
        fputs("a send() may raise SIGPIPE\n", stderr);
        abort();
    }
    return syscall(SYS_sendto, fd, data, size, flags, NULL, 0);
}

int main(int argc, char **argv)
{
    ovnk8s_cluster cluster = OVNK8S_CLUSTER_INIT;
    ovnk8s_plan *plan = NULL;
    ovnk8s_nb *nb = NULL;
    int error = argc == 2 ? ovnk8s_nb_open(&nb, argv[1], NULL) : OVNK8S_INVALID;

    cluster.name = "m";
    cluster.subnet = "10.0.0.0/8";
    error = error ? error : ovnk8s_plan_new(&plan, NULL);
    error = error ? error : ovnk8s_cluster_add(plan, &cluster);
    error = error ? error : ovnk8s_plan_apply(plan, nb, NULL);
    if (error) {
        fprintf(stderr, "%s\n", ovnk8s_last_error()->message);
    }
    ovnk8s_plan_free(plan);
    ovnk8s_nb_close(nb);
    printf("%s, version %s, %s\n", error ? "failed" : "done", ovnk8s_version(),
           sockets && sends ? "seen" : "not seen");
    return error ? 1 : 0;
}
