/* The descriptor, the deadline and the step of a connection: libcurl's sockets in one epoll. */

#ifndef KUBE_EVENT_H
#define KUBE_EVENT_H

#include <ovnk8s/kube.h>

int event_open(ovnk8s_kube *kube);
void event_close(ovnk8s_kube *kube);

#endif /* event.h */
