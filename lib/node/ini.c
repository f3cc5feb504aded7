#include "node/ini.h"

#include <string.h>

#include "base/error.h"

static const char blank[] = " \t\r\v\f";

/* Cuts white space off both ends. */
static char *trim(char *text)
{
    size_t length;

    text += strspn(text, blank);
    length = strlen(text);
    while (length && strchr(blank, text[length - 1])) {
        length--;
    }
    text[length] = '\0';
    return text;
}

static void lower(char *text)
{
    for (; *text; text++) {
        if (*text >= 'A' && *text <= 'Z') {
            *text += 'a' - 'A';
        }
    }
}

static int parse_section(char *line, const char **section)
{
    char *end = strchr(line, ']');

    if (!end || end[1]) {
        return fail(OVNK8S_INVALID, "\"%.80s\": expected [SECTION]", line);
    }
    *end = '\0';
    *section = trim(line + 1);
    return 0;
}

static int parse_key(char *line, const char *section, ini_fn *fn, void *payload)
{
    char *value = strpbrk(line, "=:");

    if (!section || !value || value == line) {
        return fail(OVNK8S_INVALID, "\"%.80s\": expected %s", line,
                    section ? "KEY=VALUE" : "a section before it, such as [default]");
    }
    *value++ = '\0';
    line = trim(line);
    lower(line);
    return fn(section, line, trim(value), payload);
}

static int parse_line(char *line, const char **section, ini_fn *fn, void *payload)
{
    line = trim(line);
    if (!*line || *line == '#' || *line == ';') {
        return 0;
    }
    return *line == '[' ? parse_section(line, section) : parse_key(line, *section, fn, payload);
}

int ini_parse(char *text, const char *name, ini_fn *fn, void *payload)
{
    const char *section = NULL;
    unsigned int number = 1;
    char *line;

    for (; (line = strsep(&text, "\n")) != NULL; number++) {
        const int error = parse_line(line, &section, fn, payload);

        if (error) {
            return fail_during(error, "settings", name, "%s:%u", name, number);
        }
    }
    return 0;
}
