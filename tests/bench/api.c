/* bench-api URL CA TOKEN FILE AT-ONCE VERSION: sends the requests of a file to an API server with
 * nothing around them, and prints as JSON how long all of them took, connecting included, over how
 * many connections, and how many bytes the answers had: {"ms": TIME, "connections": N, "bytes": N}.
 *
 * A line of the file is METHOD PATH [BODY]; one that begins with "+" waits for the answer to the
 * line before, which has no "+". Of the others, AT-ONCE are under way at a time, by HTTP of that
 * VERSION: with 1 each has a connection, with 2 all share one. */

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <curl/curl.h>

/* What is sent one after the other. */
struct chain {
    CURL *easy;
    char *second; /* To be sent next; NULL: there is none. */
};

static struct {
    const char *url;
    char *rest; /* Of the file: chains that have not begun. */
    CURLM *multi;
    struct curl_slist *json, *patch;
    size_t under_way, bytes;
    long connections;
} work;

static void fail(const char *what, const char *why)
{
    fprintf(stderr, "bench-api: %s: %s\n", what, why);
    exit(1);
}

static double now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e3 + (double)time.tv_nsec / 1e6;
}

static char *read_file(const char *path)
{
    FILE *file = fopen(path, "r");
    char *text = NULL;
    size_t size = 0;

    if (!file || getdelim(&text, &size, '\0', file) < 0) {
        fail(path, "cannot be read");
    }
    fclose(file);
    return text;
}

static size_t count(char *bytes, size_t size, size_t n, void *payload)
{
    (void)bytes;
    (void)payload;
    work.bytes += size * n;
    return size * n;
}

/* Cuts one line off '*text'. */
static char *cut(char **text)
{
    char *line = *text;

    *text += strcspn(line, "\n");
    if (**text) {
        *(*text)++ = '\0';
    }
    return line;
}

static void send_line(struct chain *chain, char *line)
{
    char *path = strchr(line, ' '), *body, url[1024];

    if (!path) {
        fail(line, "no request");
    }
    *path++ = '\0';
    body = strchr(path, ' ');
    if (body) {
        *body++ = '\0';
    }
    snprintf(url, sizeof url, "%s%s", work.url, path);
    curl_easy_setopt(chain->easy, CURLOPT_HTTPGET, 1L);
    if (body) {
        curl_easy_setopt(chain->easy, CURLOPT_POSTFIELDS, body);
    }
    curl_easy_setopt(chain->easy, CURLOPT_URL, url);
    curl_easy_setopt(chain->easy, CURLOPT_CUSTOMREQUEST, line);
    curl_easy_setopt(chain->easy, CURLOPT_HTTPHEADER,
                     strcmp(line, "PATCH") ? work.json : work.patch);
    curl_multi_add_handle(work.multi, chain->easy);
    work.under_way++;
}

/* Sends the second line of the chain, or begins another one. */
static void go_on(struct chain *chain)
{
    char *line = chain->second;

    chain->second = NULL;
    if (!line && *work.rest) {
        line = cut(&work.rest);
        chain->second = *work.rest == '+' ? cut(&work.rest) + 1 : NULL;
    }
    if (line) {
        send_line(chain, line);
    }
}

static void finish(CURLMsg *message)
{
    struct chain *chain;
    long status, connections;
    char *url;

    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&chain);
    curl_easy_getinfo(message->easy_handle, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(message->easy_handle, CURLINFO_EFFECTIVE_URL, &url);
    curl_easy_getinfo(message->easy_handle, CURLINFO_NUM_CONNECTS, &connections);
    if (message->data.result || status >= 300) {
        fail(url, message->data.result ? curl_easy_strerror(message->data.result) : "refused");
    }
    work.connections += connections;
    work.under_way--;
    curl_multi_remove_handle(work.multi, chain->easy);
    go_on(chain);
}

static void run(void)
{
    CURLMsg *message;
    int running, left;

    while (work.under_way) {
        if (curl_multi_perform(work.multi, &running)) {
            fail(work.url, "libcurl");
        }
        while ((message = curl_multi_info_read(work.multi, &left))) {
            finish(message);
        }
        if (work.under_way) {
            curl_multi_poll(work.multi, NULL, 0, 1000, NULL);
        }
    }
}

static void set_up(struct chain *chain, const char *ca, long version)
{
    chain->easy = curl_easy_init();
    if (!chain->easy) {
        fail(work.url, "libcurl");
    }
    curl_easy_setopt(chain->easy, CURLOPT_PRIVATE, chain);
    curl_easy_setopt(chain->easy, CURLOPT_CAINFO, ca);
    curl_easy_setopt(chain->easy, CURLOPT_WRITEFUNCTION, count);
    curl_easy_setopt(chain->easy, CURLOPT_PROXY, "");
    curl_easy_setopt(chain->easy, CURLOPT_PIPEWAIT, version == 2 ? 1L : 0L);
    curl_easy_setopt(chain->easy, CURLOPT_HTTP_VERSION,
                     version == 2 ? (long)CURL_HTTP_VERSION_2TLS : (long)CURL_HTTP_VERSION_1_1);
}

static struct curl_slist *headers_of(const char *token, const char *type)
{
    struct curl_slist *headers;
    char line[1024];

    snprintf(line, sizeof line, "Authorization: Bearer %s", token);
    headers = curl_slist_append(NULL, line);
    snprintf(line, sizeof line, "Content-Type: application/%s", type);
    return curl_slist_append(headers, line);
}

int main(int argc, char *argv[])
{
    const double start = now();
    const size_t at_once = argc == 7 ? strtoul(argv[5], NULL, 10) : 0;
    struct chain *chains = calloc(at_once, sizeof *chains);

    if (!at_once || !chains || curl_global_init(CURL_GLOBAL_ALL)) {
        fputs("usage: bench-api URL CA TOKEN FILE AT-ONCE VERSION\n", stderr);
        return 2;
    }
    work.url = argv[1];
    work.rest = read_file(argv[4]);
    work.multi = curl_multi_init();
    work.json = headers_of(argv[3], "json");
    work.patch = headers_of(argv[3], "merge-patch+json");
    for (size_t i = 0; i < at_once; i++) {
        set_up(&chains[i], argv[2], strtol(argv[6], NULL, 10));
        go_on(&chains[i]);
    }
    run();
    printf("{\"ms\": %.4f, \"connections\": %ld, \"bytes\": %zu}\n", now() - start,
           work.connections, work.bytes);
    return 0;
}
