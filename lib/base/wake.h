/* What wakes the caller's event loop: one descriptor that stands for several, and a point in time.
 */

#ifndef BASE_WAKE_H
#define BASE_WAKE_H

#include <stdint.h>

/* Makes 'epoll' readable when 'fd' has one of 'events', of poll(). Says so again of a descriptor
 * that is there already. */
void wake_register(int epoll, int fd, short events);
void wake_forget(int epoll, int fd);

/* The timeout for poll() up to 'at', in ms as now_ms(); INT64_MAX stands for never. */
int wake_timeout(int64_t at);

#endif /* wake.h */
