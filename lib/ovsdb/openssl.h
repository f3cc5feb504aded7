/* OpenSSL, loaded at the first use.
 *
 * Linking it would cost every program that uses the library about 1.5 ms of dynamic linking, also
 * those whose server is a Unix socket or plain TCP. So the functions that libopenvswitch calls are
 * defined here, and call those of the library that openssl_load() has found. */

#ifndef OVSDB_OPENSSL_H
#define OVSDB_OPENSSL_H

/* Must have succeeded before libopenvswitch is given anything of TLS. Fails with OVNK8S_UNSUPPORTED
 * when OpenSSL is missing. May be called from any thread. */
int openssl_load(void);

#endif /* openssl.h */
