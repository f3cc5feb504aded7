/* Settings, as the rooms above use them. */

#ifndef NODE_SETTINGS_H
#define NODE_SETTINGS_H

#include <ovnk8s/settings.h>

/* ovnk8s_settings_new() with another environment than the process's own; see env_get(). */
int settings_new(ovnk8s_settings **out, const char *const *environment);

/* The settings "timeout", in ms, and "mtu". */
unsigned int settings_timeout_ms(const ovnk8s_settings *settings);
unsigned int settings_mtu(const ovnk8s_settings *settings);

#endif /* settings.h */
