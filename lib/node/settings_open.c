/* Opening what settings name. */

#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "node/settings_keys.h"

static int prepare(ovnk8s_settings *settings)
{
    return settings->file_was_read ? 0 : ovnk8s_settings_read_file(settings);
}

static int prepare_connecting(ovnk8s_settings *settings, ovnk8s_connect_options *out)
{
    const int error = prepare(settings);

    *out = (ovnk8s_connect_options)OVNK8S_CONNECT_OPTIONS_INIT;
    out->private_key = settings_value(settings, PRIVATE_KEY);
    out->certificate = settings_value(settings, CERTIFICATE);
    out->ca_cert = settings_value(settings, CA_CERT);
    out->timeout_ms = settings_timeout_ms(settings);
    out->cancel = settings->cancel;
    out->log = settings->log.fn;
    out->log_payload = settings->log.payload;
    return error;
}

int ovnk8s_settings_open_vswitch(ovnk8s_settings *settings, ovnk8s_vswitch **out)
{
    ovnk8s_connect_options options;
    int error = prepare_connecting(settings, &options);

    *out = NULL;
    error = error ? error : ovnk8s_vswitch_open(out, settings_value(settings, OVS), &options);
    if (error) {
        return error;
    }
    error = ovnk8s_settings_read_vswitch(settings, *out);
    if (error) {
        ovnk8s_vswitch_close(*out);
        *out = NULL;
    }
    return error;
}

/* That of the database's socket, where it has one. */
void settings_add_ovs_folder(const ovnk8s_settings *settings, struct text *out)
{
    const char *remote = settings_value(settings, OVS), *slash;

    if (strncmp(remote, "unix:", 5) != 0 || strchr(remote, ',')) {
        remote = settings->values[OVS][DEFAULT];
    }
    remote += strlen("unix:");
    slash = strrchr(remote, '/');
    text_add_bytes(out, remote, slash ? (size_t)(slash - remote + 1) : 0);
}

int ovnk8s_settings_open_bridge(ovnk8s_settings *settings, const char *name, ovnk8s_bridge **out)
{
    _cleanup_text_ struct text remote = {0};
    ovnk8s_connect_options options;
    int error = prepare_connecting(settings, &options);

    *out = NULL;
    if (!error && (!name || !*name || strchr(name, '/'))) {
        error = fail(OVNK8S_INVALID, "bridge \"%.80s\": expected a name", name ? name : "");
    }
    if (error) {
        return error;
    }
    text_add(&remote, "unix:");
    settings_add_ovs_folder(settings, &remote);
    text_printf(&remote, "%s.mgmt", name);
    return remote.failed ? fail_nomem() : ovnk8s_bridge_open(out, remote.bytes, &options);
}

int ovnk8s_settings_open_nb(ovnk8s_settings *settings, ovnk8s_nb **out)
{
    ovnk8s_connect_options options;
    const int error = prepare_connecting(settings, &options);

    *out = NULL;
    return error ? error : ovnk8s_nb_open(out, settings_value(settings, NB), &options);
}

int ovnk8s_settings_open_sb(ovnk8s_settings *settings, ovnk8s_sb **out)
{
    ovnk8s_connect_options options;
    const int error = prepare_connecting(settings, &options);

    *out = NULL;
    return error ? error : ovnk8s_sb_open(out, settings_value(settings, SB), &options);
}

bool settings_has_api_server(const ovnk8s_settings *settings)
{
    return settings_value(settings, KUBECONFIG) || settings_value(settings, API_SERVER) ||
           settings->has_service_account;
}

int ovnk8s_settings_open_kube(ovnk8s_settings *settings, ovnk8s_kube **out)
{
    ovnk8s_kube_options options = OVNK8S_KUBE_OPTIONS_INIT;
    int error = prepare(settings);

    *out = NULL;
    if (error) {
        return error;
    }
    options.kubeconfig = settings_value(settings, KUBECONFIG);
    options.server = settings_value(settings, API_SERVER);
    options.ca_certificate = settings_value(settings, API_CA);
    options.token = settings_value(settings, API_TOKEN);
    options.timeout_ms = settings_timeout_ms(settings);
    options.cancel = settings->cancel;
    options.log = settings->log.fn;
    options.log_payload = settings->log.payload;
    if (!settings_has_api_server(settings)) {
        return fail(OVNK8S_NOTFOUND, "no API server: neither a kubeconfig nor"
                                     " external_ids:k8s-api-server of Open vSwitch is set");
    }
    return ovnk8s_kube_open(out, &options);
}
