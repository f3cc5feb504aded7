#include "kube/backoff.h"

#include <sys/random.h>

int random_between(int first, int last)
{
    unsigned int random = 0;

    /* Without entropy all wait equally long: no reason to fail. */
    (void)!getrandom(&random, sizeof random, GRND_NONBLOCK);
    return first + (int)(random % (unsigned int)(last - first + 1));
}

int backoff_ms(unsigned int failures, int asked_ms)
{
    int most = BACKOFF_FIRST_MS, wait;

    while (--failures && most < BACKOFF_MOST_MS) {
        most *= 2;
    }
    most = most < BACKOFF_MOST_MS ? most : BACKOFF_MOST_MS;
    wait = random_between(most / 2, most);
    asked_ms = asked_ms < RETRY_AFTER_MOST_MS ? asked_ms : RETRY_AFTER_MOST_MS;
    return wait > asked_ms ? wait : asked_ms;
}
