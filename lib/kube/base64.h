/* Base64 (RFC 4648), as kubeconfig files hold certificates. */

#ifndef KUBE_BASE64_H
#define KUBE_BASE64_H

/* Returns the text that 'encoded' stands for, to be freed; NULL when it is no base64, holds a zero
 * byte, or memory ran out. White space in between is fine. */
char *base64_decode_text(const char *encoded);

#endif /* base64.h */
