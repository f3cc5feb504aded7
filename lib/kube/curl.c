#include "kube/curl.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>

#include "base/error.h"
#include "base/mem.h"

/* From 7.88 on, no write of libcurl raises SIGPIPE, also not within TLS. */
#define OLDEST 0x075800
#define OLDEST_TEXT "7.88"

static struct {
    pthread_once_t once;
    struct curl curl;
    char error[256]; /* Why the table cannot be used; empty: it can. */
} loaded = {.once = PTHREAD_ONCE_INIT};

static void note_dlerror(void)
{
    const char *error = dlerror();

    snprintf(loaded.error, sizeof loaded.error, "%s", error ? error : "unknown error");
}

static int find_functions(void *library)
{
    const struct {
        const char *name;
        void *place;
    } functions[] = {
#define CURL_PLACE(NAME) {"curl_" #NAME, &loaded.curl.NAME},
        CURL_FUNCTIONS(CURL_PLACE)
#undef CURL_PLACE
    };

    for (size_t i = 0; i < COUNT_OF(functions); i++) {
        *(void **)functions[i].place = dlsym(library, functions[i].name);
        if (!*(void **)functions[i].place) {
            note_dlerror();
            return -1;
        }
    }
    return 0;
}

static void load(void)
{
    /* Never unloaded: libcurl and what it stands on leave state in the process. Of thirty libraries
     * next to no function is ever called, so none is looked up before. */
    void *library = dlopen("libcurl.so.4", RTLD_LAZY | RTLD_LOCAL);
    const curl_version_info_data *version;

    if (!library) {
        note_dlerror();
        return;
    }
    if (find_functions(library)) {
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
