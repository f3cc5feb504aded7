/* Settings, as the rooms above use them. */

#ifndef NODE_SETTINGS_H
#define NODE_SETTINGS_H

#include <ovnk8s/settings.h>

struct text;

/* ovnk8s_settings_new() with another environment than the process's own; see env_get(). */
int settings_new(ovnk8s_settings **out, const char *const *environment);

/* Makes 'value' the default of 'key'; NULL: it has none. */
int settings_set_default(ovnk8s_settings *settings, const char *key, const char *value);

/* Whether anything says where the API server is: the file, and external_ids of Open vSwitch, were
 * read. */
bool settings_has_api_server(const ovnk8s_settings *settings);

/* Adds the folder, with a slash at the end, in which ovs-vswitchd has its sockets and its pid. */
void settings_add_ovs_folder(const ovnk8s_settings *settings, struct text *out);

/* The settings "timeout", in ms, and "mtu", which is 0 when nothing says it. */
unsigned int settings_timeout_ms(const ovnk8s_settings *settings);
unsigned int settings_mtu(const ovnk8s_settings *settings);

#endif /* settings.h */
