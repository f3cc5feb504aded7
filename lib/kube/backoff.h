/* How long to wait before the next attempt. */

#ifndef KUBE_BACKOFF_H
#define KUBE_BACKOFF_H

enum {
    BACKOFF_FIRST_MS = 100,
    BACKOFF_MOST_MS = 30000,
    RETRY_AFTER_MOST_MS = 60000, /* Of what a server may ask for. */
};

/* The wait in ms after 'failures' (1 or more) in a row, of which the upper half is random so that
 * many clients do not come back all at once. Not shorter than 'asked_ms', which may be 0. */
int backoff_ms(unsigned int failures, int asked_ms);

/* A number from 'first' to 'last'. */
int random_between(int first, int last);

#endif /* backoff.h */
