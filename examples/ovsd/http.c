#include "http.h"

#include <errno.h>
#include <microhttpd.h>
#include <netdb.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "openvswitch/poll-loop.h"
#include "openvswitch/vlog.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(http);

/* More than all probes and scrapers need. Further connections wait, or, from one address, are
 * closed. */
enum {
    MOST_CONNECTIONS = 128,
    MOST_OF_ONE_ADDRESS = 32,
    MOST_BYTES = 16384, /* Of a request, with its headers. */
    SILENCE_S = 10,
    BACKLOG = 64,
};

#define PLAIN "text/plain; charset=utf-8"

struct http {
    struct MHD_Daemon *server;
    const struct http_page *pages;
    void *payload;
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

    while (page->path && strcmp(page->path, path) != 0) {
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
    struct http_reply reply = {MHD_HTTP_OK, PLAIN, NULL};
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
static int listen_at(const struct addrinfo *where)
{
    const int fd = socket(where->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    const int on = 1;

    if (fd < 0) {
        return -errno;
    }
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) ||
        bind(fd, where->ai_addr, where->ai_addrlen) || listen(fd, BACKLOG)) {
        const int error = errno;

        close(fd);
        return -error;
    }
    return fd;
}

/* Without a thread of its own: whoever has the loop calls it. */
static struct MHD_Daemon *start_server(int fd, struct http *http)
{
    return MHD_start_daemon(
        MHD_USE_EPOLL | MHD_USE_ERROR_LOG, 0, NULL, NULL, answer, http, MHD_OPTION_EXTERNAL_LOGGER,
        log_line, NULL, MHD_OPTION_UNESCAPE_CALLBACK, leave_escaped, NULL, MHD_OPTION_LISTEN_SOCKET,
        fd, MHD_OPTION_CONNECTION_LIMIT, (unsigned int)MOST_CONNECTIONS,
        MHD_OPTION_PER_IP_CONNECTION_LIMIT, (unsigned int)MOST_OF_ONE_ADDRESS,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)MOST_BYTES, MHD_OPTION_CONNECTION_TIMEOUT,
        (unsigned int)SILENCE_S, MHD_OPTION_END);
}

struct http *http_listen(const char *address, const struct http_page pages[], void *payload,
                         char **why)
{
    struct addrinfo *where = parse_address(address);
    struct http *http;
    int fd;

    if (!where) {
        *why = xasprintf("\"%s\": expected IP:PORT or [IPv6]:PORT", address);
        return NULL;
    }
    fd = listen_at(where);
    freeaddrinfo(where);
    if (fd < 0) {
        *why = xasprintf("listening at %s: %s", address, ovs_strerror(-fd));
        return NULL;
    }
    http = xmalloc(sizeof *http);
    *http = (struct http){.pages = pages, .payload = payload};
    http->server = start_server(fd, http);
    if (!http->server) {
        *why = xasprintf("listening at %s: the HTTP server did not start", address);
        close(fd);
        free(http);
        return NULL;
    }
    return http;
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
    MHD_run(http->server);
}

void http_wait(struct http *http)
{
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(http->server, MHD_DAEMON_INFO_EPOLL_FD);
    MHD_UNSIGNED_LONG_LONG timeout;

    poll_fd_wait(info->epoll_fd, POLLIN);
    if (MHD_get_timeout(http->server, &timeout) == MHD_YES) {
        poll_timer_wait((long long)timeout);
    }
}
