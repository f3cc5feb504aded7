#include "ovsdb/tls.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "ovsdb/contain.h"
#include "ovsdb/openssl.h"
#include "stream-ssl.h"

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static char *identity[3]; /* Key, certificate, CA: set once. */

static int check_file(const char *what, const char *flag, const char *file)
{
    if (!file) {
        return fail(OVNK8S_INVALID, "ssl: remote without a %s (%s)", what, flag);
    }
    return access(file, R_OK) ? fail_errno(errno, "%s %s", what, file) : 0;
}

static bool is_same(const char *const files[3])
{
    for (size_t i = 0; i < 3; i++) {
        if (!identity[i] || strcmp(identity[i], files[i]) != 0) {
            return false;
        }
    }
    return true;
}

static void forget_identity(void)
{
    for (size_t i = 0; i < 3; i++) {
        free(identity[i]);
        identity[i] = NULL;
    }
}

/* A file that libopenvswitch cannot use shows only in its log. */
static int load(const char *const files[3])
{
    contained_log_clear();
    stream_ssl_set_key_and_cert(files[0], files[1]);
    stream_ssl_set_ca_cert_file(files[2], false);
    if (*contained_log()) {
        return fail(OVNK8S_INVALID, "TLS files: %s", contained_log());
    }
    for (size_t i = 0; i < 3; i++) {
        identity[i] = strdup(files[i]);
        if (!identity[i]) {
            forget_identity();
            return fail_nomem();
        }
    }
    return 0;
}

int tls_set_identity(const ovnk8s_connect_options *options)
{
    const char *const files[] = {options->private_key, options->certificate, options->ca_cert};
    int error = check_file("private key", "-p", files[0]);

    error = error ? error : check_file("certificate", "-c", files[1]);
    error = error ? error : check_file("CA certificate", "-C", files[2]);
    error = error ? error : openssl_load();
    if (error) {
        return error;
    }
    pthread_mutex_lock(&mutex);
    if (!identity[0]) {
        error = load(files);
    } else if (!is_same(files)) {
        error = fail(OVNK8S_UNSUPPORTED,
                     "another TLS identity is in use in this process: private key %s", identity[0]);
    }
    pthread_mutex_unlock(&mutex);
    return error;
}
