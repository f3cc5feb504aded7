#include "watch/reading.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"

enum { LONGEST_PORT_NAME = 63 };

static const char *const protocols[] = {"tcp", "udp", "sctp"};

void leave_out(struct reading *reading, const char *format, ...)
{
    va_list args;

    if (!reading->left_out++) {
        va_start(args, format);
        vsnprintf(reading->reason, sizeof reading->reason, format, args);
        va_end(args);
    }
}

size_t elements_of(const cJSON *array, size_t most)
{
    const cJSON *element = cJSON_IsArray(array) ? array->child : NULL;
    size_t n = 0;

    for (; element && n < most; element = element->next) {
        n++;
    }
    return n;
}

int read_elements(const cJSON *array, const char *list, size_t most, struct reading *reading,
                  read_element_fn *read_element, void *payload)
{
    const size_t n = elements_of(array, most);
    const cJSON *element = n ? array->child : NULL;
    int error = 0;

    for (size_t i = 0; !error && i < n; i++, element = element->next) {
        error = read_element(payload, element, i);
    }
    if (!error && element) {
        leave_out(reading, "%s: more than %zu", list, most);
    }
    return error;
}

const char *protocol_text(unsigned int protocol)
{
    return protocols[protocol];
}

bool read_protocol(const cJSON *port, size_t i, uint8_t *out, struct reading *reading)
{
    const char *text = text_of(port, "protocol");

    for (size_t at = 0; at < COUNT_OF(protocols); at++) {
        if (!strcasecmp(text ? text : "TCP", protocols[at])) {
            *out = (uint8_t)at;
            return true;
        }
    }
    leave_out(reading, "ports[%zu].protocol: \"%.20s\": expected TCP, UDP or SCTP", i, text);
    return false;
}

bool read_port(const cJSON *port, size_t i, const char *name, bool needed, uint16_t *out,
               struct reading *reading)
{
    const cJSON *number = member_of(port, name);

    if (!needed && (!number || cJSON_IsNull(number))) {
        return false;
    }
    if (!cJSON_IsNumber(number)) {
        leave_out(reading, "ports[%zu].%s: expected a number from 1 to 65535", i, name);
        return false;
    }
    if (!needed && number->valuedouble == 0) {
        return false;
    }
    if (!(number->valuedouble >= 1 && number->valuedouble <= UINT16_MAX) ||
        number->valuedouble != number->valueint) {
        leave_out(reading, "ports[%zu].%s: %g: expected a number from 1 to 65535", i, name,
                  number->valuedouble);
        return false;
    }
    *out = (uint16_t)number->valueint;
    return true;
}

const char *read_port_name(const cJSON *port, size_t i, struct reading *reading)
{
    const char *name = text_of(port, "name");

    if (name && strlen(name) > LONGEST_PORT_NAME) {
        leave_out(reading, "ports[%zu].name: \"%.20s...\": longer than %d characters", i, name,
                  LONGEST_PORT_NAME);
        return NULL;
    }
    return name ? name : "";
}

bool read_address(const cJSON *address, const char *list, size_t i, struct ip *out,
                  struct reading *reading)
{
    const char *text = cJSON_GetStringValue(address);

    if (text && ip_from_text(text, out)) {
        return true;
    }
    leave_out(reading, "%s[%zu]: \"%.50s\": expected an IP address", list, i, text ? text : "");
    return false;
}
