#include "cni/answer.h"

#include <string.h>

#include "base/mem.h"
#include "cni/config.h"

/* The bytes of the character of UTF-8 that 'text' begins with; 0 when it is none. */
static size_t character_length(const unsigned char *text)
{
    static const struct {
        unsigned char mask, is, least; /* Of the first byte; of the second. */
    } forms[] = {{0x80, 0, 0}, {0xe0, 0xc0, 0}, {0xf0, 0xe0, 0xa0}, {0xf8, 0xf0, 0x90}};

    for (size_t i = 0; i < COUNT_OF(forms); i++) {
        if ((text[0] & forms[i].mask) != forms[i].is) {
            continue;
        }
        for (size_t j = 1; j <= i; j++) {
            if ((text[j] & 0xc0) != 0x80) {
                return 0;
            }
        }
        /* The shortest form only, no surrogates, nothing beyond U+10FFFF. */
        return text[0] == 0xc0 || text[0] == 0xc1 || text[0] > 0xf4 ||
                       ((text[0] == 0xe0 || text[0] == 0xf0) && text[1] < forms[i].least) ||
                       (text[0] == 0xed && text[1] > 0x9f) || (text[0] == 0xf4 && text[1] > 0x8f)
                   ? 0
                   : i + 1;
    }
    return 0;
}

/* Replaces what is none. */
static void make_utf8(char *text)
{
    for (char *c = text; *c;) {
        const size_t length = character_length((const unsigned char *)c);

        if (!length) {
            *c = '?';
        }
        c += length ? length : 1;
    }
}

void cni_write(struct text *out, cJSON *object)
{
    char *printed = cJSON_PrintUnformatted(object);

    if (printed) {
        make_utf8(printed);
        text_add(out, printed);
        text_add(out, "\n");
    }
    out->failed |= !printed;
    cJSON_free(printed);
    cJSON_Delete(object);
}

void cni_write_versions(struct text *out, const char *version)
{
    cJSON *object = cJSON_CreateObject(), *versions;

    cJSON_AddStringToObject(object, "cniVersion", version);
    versions = cJSON_AddArrayToObject(object, "supportedVersions");
    for (size_t i = 0; cni_versions[i]; i++) {
        cJSON_AddItemToArray(versions, cJSON_CreateString(cni_versions[i]));
    }
    cni_write(out, object);
}

void cni_write_error(struct text *out, const char *version, int code, const char *message,
                     const char *details)
{
    cJSON *object = cJSON_CreateObject();

    cJSON_AddStringToObject(object, "cniVersion", version);
    cJSON_AddNumberToObject(object, "code", code);
    cJSON_AddStringToObject(object, "msg", message);
    if (*details) {
        cJSON_AddStringToObject(object, "details", details);
    }
    cni_write(out, object);
}
