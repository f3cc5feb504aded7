#include "kube/curl.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>

#include "base/error.h"
#include "base/library.h"
#include "base/mem.h"

/* From 7.88 on, no write of libcurl raises SIGPIPE, also not within TLS. */
#define OLDEST 0x075800
#define OLDEST_TEXT "7.88"

static struct {
    pthread_once_t once;
    struct curl curl;
    char error[LIBRARY_REASON]; /* Why the table cannot be used; empty: it can. */
} loaded = {.once = PTHREAD_ONCE_INIT};

static void load(void)
{
    const struct library_function functions[] = {
#define CURL_PLACE(NAME) {"curl_" #NAME, &loaded.curl.NAME},
        CURL_FUNCTIONS(CURL_PLACE)
#undef CURL_PLACE
    };
    const curl_version_info_data *version;

    /* libcurl and what it stands on leave state in the process. Of thirty libraries next to no
     * function is ever called, so none is looked up before. */
    if (!library_load("libcurl.so.4", RTLD_LAZY, functions, COUNT_OF(functions), loaded.error)) {
        return;
    }
    version = loaded.curl.version_info(CURLVERSION_NOW);
    if (version->version_num < OLDEST) {
        snprintf(loaded.error, sizeof loaded.error, "version %s is older than " OLDEST_TEXT,
                 version->version);
    } else if (loaded.curl.global_init(CURL_GLOBAL_DEFAULT)) {
        snprintf(loaded.error, sizeof loaded.error, "it cannot be initialised");
    }
}

int curl_load(const struct curl **out)
{
    pthread_once(&loaded.once, load);
    *out = &loaded.curl;
    return *loaded.error
               ? fail(OVNK8S_UNSUPPORTED, "libcurl, needed to talk to Kubernetes: %s", loaded.error)
               : 0;
}
