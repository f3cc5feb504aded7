#include "http.h"

#include <errno.h>
#include <microhttpd.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "openvswitch/list.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/vlog.h"
#include "timeval.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(http);

/* How many connections there may be: more than all probes and scrapers need. Others wait, or, from
 * one address, are closed. */
struct bounds {
    unsigned int all, of_one_address;
};

static const struct bounds usual_bounds = {128, 32}, narrow_bounds = {16, 8};

enum {
    MOST_BYTES = 16384, /* Of a request, with its headers. */
    SILENCE_S = 10,
    LIFETIME_MS = 20000, /* Of a connection, however slowly it goes on saying something. */
    BACKLOG = 64,
};

#define PLAIN "text/plain; charset=utf-8"

struct http {
    struct MHD_Daemon *server;
    const struct http_page *pages;
    void *payload;
    struct ovs_list guests; /* The oldest first. */
};

/* A connection. */
struct guest {
    struct ovs_list node;
    int fd;
    long long int until;
};

/* Answering. */

static enum MHD_Result send_reply(struct MHD_Connection *connection, const struct http_reply *reply)
{
    const char *body = reply->body ? reply->body : MHD_get_reason_phrase_for(reply->status);
    struct MHD_Response *response = MHD_create_response_from_buffer(
        strlen(body), CONST_CAST(char *, body), MHD_RESPMEM_MUST_COPY);
    enum MHD_Result result = MHD_NO;

    if (response && MHD_add_response_header(response, "Content-Type", reply->type) &&
        MHD_add_response_header(response, "Cache-Control", "no-store") &&
        (!reply->header || MHD_add_response_header(response, reply->header, reply->value)) &&
        (reply->status != MHD_HTTP_METHOD_NOT_ALLOWED ||
         MHD_add_response_header(response, "Allow", "GET, HEAD"))) {
        result = MHD_queue_response(connection, reply->status, response);
    }
    MHD_destroy_response(response);
    return result;
}

static const struct http_page *find_page(const struct http *http, const char *path)
{
    const struct http_page *page = http->pages;

    while (page->path && strcmp(page->path, path) != 0 && strcmp(page->path, "*") != 0) {
        page++;
    }
    return page->path ? page : NULL;
}

/* Nothing here needs one, so that it is not read. */
static bool has_body(struct MHD_Connection *connection)
{
    return MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Content-Length") ||
           MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Transfer-Encoding");
}

static enum MHD_Result answer(void *payload, struct MHD_Connection *connection, const char *path,
                              const char *method, const char *version, const char *upload,
                              size_t *upload_size, void **state)
{
    const struct http *http = payload;
    const struct http_page *page = find_page(http, path);
    struct http_reply reply = {.status = MHD_HTTP_OK, .type = PLAIN};
    enum MHD_Result result;

    (void)version;
    (void)upload;
    (void)upload_size;
    if (!*state && !has_body(connection)) {
        *state = payload; /* An answer before the end of a request is the connection's last. */
        return MHD_YES;
    }
    if (!page) {
        reply.status = MHD_HTTP_NOT_FOUND;
    } else if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0) {
        reply.status = MHD_HTTP_METHOD_NOT_ALLOWED;
    } else {
        page->tell(&reply, http->payload);
    }
    result = send_reply(connection, &reply);
    free(reply.body);
    free(reply.value);
    return result;
}

/* No page has a name that needs escaping. */
static size_t leave_escaped(void *payload, struct MHD_Connection *connection, char *path)
{
    (void)payload;
    (void)connection;
    return strlen(path);
}

/* What clients do wrong is not worth more. */
static void log_line(void *payload, const char *format, va_list args)
{
    char *line = xvasprintf(format, args);

    (void)payload;
    line[strcspn(line, "\r\n")] = '\0';
    VLOG_DBG("%s", line);
    free(line);
}

/* Connections come and go. */

static void come_or_go(void *payload, struct MHD_Connection *connection, void **guest,
                       enum MHD_ConnectionNotificationCode code)
{
    struct http *http = payload;
    struct guest *at = *guest;

    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        at = *guest = xmalloc(sizeof *at);
        at->fd = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
        at->until = time_msec() + LIFETIME_MS;
        ovs_list_push_back(&http->guests, &at->node);
    } else {
        ovs_list_remove(&at->node);
        free(at);
    }
}

static struct guest *oldest_guest(const struct http *http)
{
    return ovs_list_is_empty(&http->guests)
               ? NULL
               : CONTAINER_OF(ovs_list_front(&http->guests), struct guest, node);
}

/* Its time is over: the server sees the end of the connection, and closes it. */
static void show_out(struct http *http)
{
    struct guest *guest;

    LIST_FOR_EACH (guest, node, &http->guests) {
        if (guest->until > time_msec()) {
            break;
        }
        shutdown(guest->fd, SHUT_RDWR);
    }
}

/* Listening. */

/* Splits "IP:PORT" or "[IPv6]:PORT", which is changed. False for anything else. */
static bool split_address(char *address, char **host, char **port)
{
    *port = strrchr(address, ':');
    if (!*port || *port == address) {
        return false;
    }
    *(*port)++ = '\0';
    *host = address;
    if (*address == '[') {
        char *end = strchr(address, ']');

        *host = address + 1;
        if (!end || end[1]) {
            return false;
        }
        *end = '\0';
        return true;
    }
    return !strchr(address, ':');
}

static bool is_port(const char *text)
{
    const size_t length = strlen(text);

    return length && length <= 5 && strspn(text, "0123456789") == length && atoi(text) > 0 &&
           atoi(text) <= UINT16_MAX;
}

/* Names are not looked up: that could take time. */
static struct addrinfo *parse_address(const char *address)
{
    const struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
                                   .ai_socktype = SOCK_STREAM};
    char *copy = xstrdup(address), *host, *port;
    struct addrinfo *found = NULL;

    if (!split_address(copy, &host, &port) || !is_port(port) ||
        getaddrinfo(host, port, &hints, &found)) {
        found = NULL;
    }
    free(copy);
    return found;
}

/* Returns a descriptor, or a negative error number. */
static int listen_at(const struct sockaddr *where, socklen_t length)
{
    const int fd = socket(where->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    const int on = 1, off = 0;

    if (fd < 0) {
        return -errno;
    }
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) ||
        /* "[::]" is of both families, whatever the host's default is. */
        (where->sa_family == AF_INET6 &&
         setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off)) ||
        bind(fd, where, length) || listen(fd, BACKLOG)) {
        const int error = errno;

        close(fd);
        return -error;
    }
    return fd;
}

/* Without a thread of its own: whoever has the loop calls it. */
static struct MHD_Daemon *start_server(int fd, struct http *http, const struct bounds *bounds)
{
    return MHD_start_daemon(
        MHD_USE_EPOLL | MHD_USE_ERROR_LOG, 0, NULL, NULL, answer, http, MHD_OPTION_EXTERNAL_LOGGER,
        log_line, NULL, MHD_OPTION_UNESCAPE_CALLBACK, leave_escaped, NULL,
        MHD_OPTION_NOTIFY_CONNECTION, come_or_go, http, MHD_OPTION_LISTEN_SOCKET, fd,
        MHD_OPTION_CONNECTION_LIMIT, bounds->all, MHD_OPTION_PER_IP_CONNECTION_LIMIT,
        bounds->of_one_address, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)MOST_BYTES,
        MHD_OPTION_CONNECTION_TIMEOUT, (unsigned int)SILENCE_S, MHD_OPTION_END);
}

/* 'fd' listens at 'where', or is a negative error number. */
static struct http *serve(int fd, const char *where, const struct bounds *bounds,
                          const struct http_page pages[], void *payload, char **why)
{
    struct http *http;

    if (fd < 0) {
        *why = xasprintf("listening at %s: %s", where, ovs_strerror(-fd));
        return NULL;
    }
    http = xmalloc(sizeof *http);
    *http = (struct http){.pages = pages, .payload = payload};
    ovs_list_init(&http->guests);
    http->server = start_server(fd, http, bounds);
    if (!http->server) {
        *why = xasprintf("listening at %s: the HTTP server did not start", where);
        close(fd);
        free(http);
        return NULL;
    }
    return http;
}

struct http *http_listen(const char *address, const struct http_page pages[], void *payload,
                         char **why)
{
    struct addrinfo *where = parse_address(address);
    int fd;

    if (!where) {
        *why = xasprintf("\"%s\": expected IP:PORT or [IPv6]:PORT", address);
        return NULL;
    }
    fd = listen_at(where->ai_addr, where->ai_addrlen);
    freeaddrinfo(where);
    return serve(fd, address, &usual_bounds, pages, payload, why);
}

struct http *http_listen_everywhere(uint16_t port, const struct http_page pages[], void *payload,
                                    char **why)
{
    const struct sockaddr_in6 both = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    const struct sockaddr_in ipv4 = {.sin_family = AF_INET, .sin_port = htons(port)};
    int fd = listen_at((const struct sockaddr *)&both, sizeof both);
    char where[] = "port 65535";

    if (fd == -EAFNOSUPPORT) {
        fd = listen_at((const struct sockaddr *)&ipv4, sizeof ipv4);
    }
    snprintf(where, sizeof where, "port %u", port);
    return serve(fd, where, &narrow_bounds, pages, payload, why);
}

void http_close(struct http *http)
{
    if (http) {
        MHD_stop_daemon(http->server);
        free(http);
    }
}

/* Running. */

void http_run(struct http *http)
{
    show_out(http);
    MHD_run(http->server);
}

void http_wait(struct http *http)
{
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(http->server, MHD_DAEMON_INFO_EPOLL_FD);
    const struct guest *oldest = oldest_guest(http);
    MHD_UNSIGNED_LONG_LONG timeout;

    poll_fd_wait(info->epoll_fd, POLLIN);
    if (MHD_get_timeout(http->server, &timeout) == MHD_YES) {
        poll_timer_wait((long long)timeout);
    }
    if (oldest) {
        poll_timer_wait_until(oldest->until);
    }
}
