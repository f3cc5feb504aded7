#include "node/uplink_record.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"

#define STATE_KEY "ovnk8s-uplink-state"
#define LINK_KEY "ovnk8s-uplink-link"
#define LIFE_KEY "ovnk8s-uplink-life"
#define SYSCTLS_KEY "ovnk8s-uplink-sysctls"
#define CONFIG_KEY "ovnk8s-uplink-config"

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static const char *const states[] = {
    [OVNK8S_UPLINK_MOVING] = "moving",
    [OVNK8S_UPLINK_MOVED] = "moved",
    [OVNK8S_UPLINK_RETURNING] = "returning",
};

void uplink_record_clear(struct uplink_record *record)
{
    text_clear(&record->sysctls);
    ipconf_clear(&record->conf);
}

/* Base64 (RFC 4648) of bytes. What is encoded is a multiple of 4 bytes; padding is left out. */

static void encode(const struct text *bytes, struct text *out)
{
    uint32_t bits = 0;
    int n = 0;

    for (size_t i = 0; i < bytes->length; i++) {
        bits = bits << 8 | (unsigned char)bytes->bytes[i];
        for (n += 8; n >= 6; n -= 6) {
            text_add_bytes(out, &digits[bits >> (n - 6) & 63], 1);
        }
    }
    if (n) {
        text_add_bytes(out, &digits[bits << (6 - n) & 63], 1);
    }
}

static bool decode(const char *encoded, struct text *out)
{
    uint32_t bits = 0;
    int n = 0;

    for (; *encoded; encoded++) {
        const char *digit = strchr(digits, *encoded);
        unsigned char byte;

        if (!digit) {
            return false;
        }
        bits = bits << 6 | (uint32_t)(digit - digits);
        n += 6;
        if (n >= 8) {
            n -= 8;
            byte = (unsigned char)(bits >> n);
            text_add_bytes(out, &byte, 1);
        }
    }
    return true;
}

int uplink_record_write(const struct uplink_record *record, struct row *bridge)
{
    _cleanup_text_ struct text config = {0};
    char link[64];

    encode(&record->conf.bytes, &config);
    text_add(&config, "");
    if (config.failed || record->sysctls.failed || ipconf_failed(&record->conf)) {
        return fail_nomem();
    }
    snprintf(link, sizeof link, "mtu=%u time=%" PRId64, record->mtu, record->time);
    row_includes_pair(bridge, "external_ids", UPLINK_KEY, record->nic);
    row_includes_pair(bridge, "external_ids", STATE_KEY, states[record->state]);
    row_includes_pair(bridge, "external_ids", LINK_KEY, link);
    row_includes_pair(bridge, "external_ids", LIFE_KEY, record->life);
    row_includes_pair(bridge, "external_ids", SYSCTLS_KEY,
                      record->sysctls.bytes ? record->sysctls.bytes : "");
    row_includes_pair(bridge, "external_ids", CONFIG_KEY, config.bytes);
    return 0;
}

static bool parse_state(const char *text, enum ovnk8s_uplink_state *out)
{
    for (size_t i = 0; text && i < COUNT_OF(states); i++) {
        if (!strcmp(states[i], text)) {
            *out = (enum ovnk8s_uplink_state)i;
            return true;
        }
    }
    return false;
}

static const char *value_of(const struct row *bridge, const char *key)
{
    const char *value = row_pair(bridge, "external_ids", key);

    return value ? value : "";
}

/* What has so few digits always fits. */
static bool parse_link(const char *text, struct uplink_record *out)
{
    return sscanf(text, "mtu=%9u time=%18" SCNd64, &out->mtu, &out->time) == 2;
}

static bool parse(const struct row *bridge, struct uplink_record *out)
{
    const char *nic = value_of(bridge, UPLINK_KEY);

    if (!link_name_valid(nic) || !parse_state(value_of(bridge, STATE_KEY), &out->state) ||
        !parse_link(value_of(bridge, LINK_KEY), out) ||
        !decode(value_of(bridge, CONFIG_KEY), &out->conf.bytes) || !ipconf_valid(&out->conf)) {
        return false;
    }
    snprintf(out->nic, sizeof out->nic, "%s", nic);
    snprintf(out->life, sizeof out->life, "%s", value_of(bridge, LIFE_KEY));
    text_add(&out->sysctls, value_of(bridge, SYSCTLS_KEY));
    return true;
}

static bool is_of_this_boot(const struct uplink_record *record)
{
    char life[LIFE_TEXT];

    uplink_life(&(struct link_info){0}, life);
    return !strncmp(life, record->life, strcspn(life, "/") + 1);
}

int uplink_record_read(const struct row *bridge, struct uplink_record *out)
{
    const int64_t now = time(NULL);

    *out = (struct uplink_record){0};
    if (!parse(bridge, out)) {
        uplink_record_clear(out);
        return fail(OVNK8S_PROTOCOL, "its record in external_ids:" UPLINK_KEY "... makes no sense");
    }
    ipconf_age(&out->conf,
               now > out->time && now - out->time < INT32_MAX ? (uint32_t)(now - out->time) : 0);
    out->time = now;
    if (!is_of_this_boot(out)) {
        ipconf_drop_other_links(&out->conf);
    }
    return out->sysctls.failed || ipconf_failed(&out->conf) ? fail_nomem() : 0;
}

void uplink_life(const struct link_info *link, char out[static LIFE_TEXT])
{
    _cleanup_close_ int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    char boot[40] = "";
    const ssize_t n = fd < 0 ? 0 : read(fd, boot, sizeof boot - 1);

    boot[n > 0 ? n : 0] = '\0';
    boot[strcspn(boot, "\n")] = '\0';
    snprintf(out, LIFE_TEXT, "%s/%u", boot, link->index);
}

bool uplink_record_sysctl(const struct uplink_record *record, const char *key, char *out,
                          size_t size)
{
    const size_t length = strlen(key);
    const char *line = record->sysctls.bytes;

    while (line && *line) {
        const size_t end = strcspn(line, "\n");

        if (end > length && !strncmp(line, key, length) && line[length] == '=') {
            snprintf(out, size, "%.*s", (int)(end - length - 1), line + length + 1);
            return true;
        }
        line += end + (line[end] == '\n');
    }
    return false;
}
