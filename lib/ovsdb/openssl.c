#include "ovsdb/openssl.h"

#include <assert.h>
#include <dlfcn.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/library.h"
#include "base/mem.h"
#include "base/sha1.h"
#include "sha1.h"

#define LIBRARY_STEM "libssl.so."
#define TEXT_OF(X) #X
#define EXPANDED_TEXT_OF(X) TEXT_OF(X)

typedef void MSG_CALLBACK(int, int, int, const void *, size_t, SSL *, void *);

/* What libopenvswitch calls: X(result, name, parameters, arguments). */
#define OPENSSL_FUNCTIONS(X)                                                                       \
    X(const unsigned char *, ASN1_STRING_get0_data, (const ASN1_STRING *a), (a))                   \
    X(void, CRYPTO_free, (void *a, const char *b, int c), (a, b, c))                               \
    X(void, ERR_clear_error, (void), ())                                                           \
    X(char *, ERR_error_string, (unsigned long a, char *b), (a, b))                                \
    X(unsigned long, ERR_get_error, (void), ())                                                    \
    X(const EVP_MD *, EVP_sha1, (void), ())                                                        \
    X(int, OPENSSL_sk_num, (const OPENSSL_STACK *a), (a))                                          \
    X(void *, OPENSSL_sk_value, (const OPENSSL_STACK *a, int b), (a, b))                           \
    X(X509 *, PEM_read_X509, (FILE * a, X509 * *b, pem_password_cb * c, void *d), (a, b, c, d))    \
    X(int, PEM_write_X509, (FILE * a, const X509 *b), (a, b))                                      \
    X(void, RAND_seed, (const void *a, int b), (a, b))                                             \
    X(int, RAND_status, (void), ())                                                                \
    X(int, SSL_CTX_add_client_CA, (SSL_CTX * a, X509 * b), (a, b))                                 \
    X(int, SSL_CTX_check_private_key, (const SSL_CTX *a), (a))                                     \
    X(long, SSL_CTX_ctrl, (SSL_CTX * a, int b, long c, void *d), (a, b, c, d))                     \
    X(int, SSL_CTX_load_verify_locations, (SSL_CTX * a, const char *b, const char *c), (a, b, c))  \
    X(SSL_CTX *, SSL_CTX_new, (const SSL_METHOD *a), (a))                                          \
    X(void, SSL_CTX_set_cert_store, (SSL_CTX * a, X509_STORE * b), (a, b))                         \
    X(int, SSL_CTX_set_cipher_list, (SSL_CTX * a, const char *b), (a, b))                          \
    X(void, SSL_CTX_set_client_CA_list, (SSL_CTX * a, STACK_OF(X509_NAME) * b), (a, b))            \
    X(uint64_t, SSL_CTX_set_options, (SSL_CTX * a, uint64_t b), (a, b))                            \
    X(void, SSL_CTX_set_verify, (SSL_CTX * a, int b, SSL_verify_cb c), (a, b, c))                  \
    X(int, SSL_CTX_use_PrivateKey_file, (SSL_CTX * a, const char *b, int c), (a, b, c))            \
    X(int, SSL_CTX_use_certificate_file, (SSL_CTX * a, const char *b, int c), (a, b, c))           \
    X(int, SSL_accept, (SSL * a), (a))                                                             \
    X(int, SSL_connect, (SSL * a), (a))                                                            \
    X(long, SSL_ctrl, (SSL * a, int b, long c, void *d), (a, b, c, d))                             \
    X(void, SSL_free, (SSL * a), (a))                                                              \
    X(X509 *, SSL_get1_peer_certificate, (const SSL *a), (a))                                      \
    X(int, SSL_get_error, (const SSL *a, int b), (a, b))                                           \
    X(STACK_OF(X509) *, SSL_get_peer_cert_chain, (const SSL *a), (a))                              \
    X(const char *, SSL_get_servername, (const SSL *a, int b), (a, b))                             \
    X(OSSL_HANDSHAKE_STATE, SSL_get_state, (const SSL *a), (a))                                    \
    X(int, SSL_get_verify_mode, (const SSL *a), (a))                                               \
    X(STACK_OF(X509_NAME) *, SSL_load_client_CA_file, (const char *a), (a))                        \
    X(SSL *, SSL_new, (SSL_CTX * a), (a))                                                          \
    X(int, SSL_read, (SSL * a, void *b, int c), (a, b, c))                                         \
    X(int, SSL_set_fd, (SSL * a, int b), (a, b))                                                   \
    X(void, SSL_set_msg_callback, (SSL * a, MSG_CALLBACK * b), (a, b))                             \
    X(void, SSL_set_verify, (SSL * a, int b, SSL_verify_cb c), (a, b, c))                          \
    X(int, SSL_shutdown, (SSL * a), (a))                                                           \
    X(int, SSL_want, (const SSL *a), (a))                                                          \
    X(int, SSL_write, (SSL * a, const void *b, int c), (a, b, c))                                  \
    X(const SSL_METHOD *, TLS_method, (void), ())                                                  \
    X(ASN1_STRING *, X509_NAME_ENTRY_get_data, (const X509_NAME_ENTRY *a), (a))                    \
    X(X509_NAME_ENTRY *, X509_NAME_get_entry, (const X509_NAME *a, int b), (a, b))                 \
    X(int, X509_NAME_get_index_by_NID, (const X509_NAME *a, int b, int c), (a, b, c))              \
    X(char *, X509_NAME_oneline, (const X509_NAME *a, char *b, int c), (a, b, c))                  \
    X(X509_STORE *, X509_STORE_new, (void), ())                                                    \
    X(int, X509_check_issued, (X509 * a, X509 * b), (a, b))                                        \
    X(int, X509_digest, (const X509 *a, const EVP_MD *b, unsigned char *c, unsigned int *d),       \
      (a, b, c, d))                                                                                \
    X(void, X509_free, (X509 * a), (a))                                                            \
    X(X509_NAME *, X509_get_subject_name, (const X509 *a), (a))                                    \
    X(const char *, X509_verify_cert_error_string, (long a), (a))

static struct {
    pthread_once_t once;
    struct {
#define MEMBER(RESULT, NAME, PARAMETERS, ARGUMENTS) __typeof__(NAME) *NAME;
        OPENSSL_FUNCTIONS(MEMBER)
#undef MEMBER
    } table;
    char error[LIBRARY_REASON]; /* Why the table cannot be used; empty: it can. */
} loaded = {.once = PTHREAD_ONCE_INIT};

/* Only reached after openssl_load(): nothing of TLS is touched before. */
#define DEFINE(RESULT, NAME, PARAMETERS, ARGUMENTS)                                                \
    RESULT NAME PARAMETERS                                                                         \
    {                                                                                              \
        return loaded.table.NAME ARGUMENTS;                                                        \
    }
OPENSSL_FUNCTIONS(DEFINE)
#undef DEFINE

static void load(void)
{
    const struct library_function functions[] = {
#define PLACE(RESULT, NAME, PARAMETERS, ARGUMENTS) {#NAME, &loaded.table.NAME},
        OPENSSL_FUNCTIONS(PLACE)
#undef PLACE
    };

    /* That of the headers, whose functions are known; libcrypto comes with it. It leaves state in
     * the process. */
    library_load(LIBRARY_STEM EXPANDED_TEXT_OF(OPENSSL_SHLIB_VERSION), RTLD_NOW, functions,
                 COUNT_OF(functions), loaded.error);
}

int openssl_load(void)
{
    pthread_once(&loaded.once, load);
    return *loaded.error
               ? fail(OVNK8S_UNSUPPORTED, "OpenSSL, needed for ssl: remotes: %s", loaded.error)
               : 0;
}

/* sha1: libopenvswitch makes the seed of its random UUIDs by that of OpenSSL, whose own start would
 * be a good part of a short process. */

static_assert(sizeof(struct sha1) <= sizeof(struct sha1_ctx), "it has room");

void sha1_init(struct sha1_ctx *ctx)
{
    struct sha1 ours;

    sha1_start(&ours);
    memcpy(ctx, &ours, sizeof ours);
}

void sha1_update(struct sha1_ctx *ctx, const void *data, uint32_t size)
{
    struct sha1 ours;

    memcpy(&ours, ctx, sizeof ours);
    sha1_add(&ours, data, size);
    memcpy(ctx, &ours, sizeof ours);
}

void sha1_final(struct sha1_ctx *ctx, uint8_t digest[SHA1_DIGEST_SIZE])
{
    struct sha1 ours;

    memcpy(&ours, ctx, sizeof ours);
    sha1_finish(&ours, digest);
}
