#include "base/ip.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/sha1.h"

bool ip_from_text(const char *text, struct ip *out)
{
    struct ip ip = {0};

    if (!text) {
        return false;
    }
    ip.family = strchr(text, ':') ? 6 : 4;
    if (inet_pton(ip.family == 6 ? AF_INET6 : AF_INET, text, ip.bytes) != 1) {
        return false;
    }
    *out = ip;
    return true;
}

/* Writes a number of at most three digits; returns its end. */
static char *put_number(char *at, unsigned int number)
{
    if (number >= 100) {
        *at++ = (char)('0' + number / 100);
    }
    if (number >= 10) {
        *at++ = (char)('0' + number / 10 % 10);
    }
    *at++ = (char)('0' + number % 10);
    *at = '\0';
    return at;
}

/* Several times as fast as inet_ntop(), which counts where an allocator gives out millions. */
static void put_ipv4(const uint8_t bytes[static 4], char *at)
{
    for (size_t i = 0; i < 4; i++) {
        at = put_number(at, bytes[i]);
        *at++ = '.';
    }
    at[-1] = '\0';
}

char *ip_to_text(const struct ip *ip, char text[static IP_TEXT])
{
    if (ip->family == 4) {
        put_ipv4(ip->bytes, text);
    } else if (!ip->family || !inet_ntop(AF_INET6, ip->bytes, text, IP_TEXT)) {
        *text = '\0';
    }
    return text;
}

bool ip_equal(const struct ip *a, const struct ip *b)
{
    return a->family == b->family && !memcmp(a->bytes, b->bytes, sizeof a->bytes);
}

int ip_compare(const struct ip *a, const struct ip *b)
{
    return memcmp(a->bytes, b->bytes, sizeof a->bytes);
}

unsigned int ip_bits(const struct ip *ip)
{
    return ip->family == 6 ? 128 : 32;
}

/* A decimal number of one to three digits without sign or leading zero. */
static bool parse_length(const char *text, unsigned int most, unsigned int *out)
{
    unsigned int length = 0;

    if (!*text || strlen(text) > 3 || (text[0] == '0' && text[1])) {
        return false;
    }
    for (; *text; text++) {
        if (*text < '0' || *text > '9') {
            return false;
        }
        length = length * 10 + (unsigned int)(*text - '0');
    }
    *out = length;
    return length <= most;
}

bool prefix_from_text(const char *text, struct prefix *out)
{
    const char *slash = text ? strchr(text, '/') : NULL;
    char address[IP_TEXT];
    struct prefix prefix;

    if (!slash || (size_t)(slash - text) >= sizeof address) {
        return false;
    }
    memcpy(address, text, (size_t)(slash - text));
    address[slash - text] = '\0';
    if (!ip_from_text(address, &prefix.ip) ||
        !parse_length(slash + 1, ip_bits(&prefix.ip), &prefix.length)) {
        return false;
    }
    *out = prefix;
    return true;
}

char *prefix_to_text(const struct prefix *prefix, char text[static PREFIX_TEXT])
{
    char *end = text + strlen(ip_to_text(&prefix->ip, text));

    *end++ = '/';
    put_number(end, prefix->length);
    return text;
}

/* The bits of byte 'i' that belong to a network of 'length' bits. */
static uint8_t mask_byte(unsigned int length, unsigned int i)
{
    if (length >= 8 * (i + 1)) {
        return 0xff;
    }
    return length <= 8 * i ? 0 : (uint8_t)(0xff << (8 - length % 8));
}

struct prefix prefix_network(const struct prefix *prefix)
{
    struct prefix network = *prefix;

    for (unsigned int i = prefix->length / 8; i < ip_bits(&prefix->ip) / 8; i++) {
        network.ip.bytes[i] &= mask_byte(prefix->length, i);
    }
    return network;
}

bool prefix_is_network(const struct prefix *prefix)
{
    const struct prefix network = prefix_network(prefix);

    return ip_equal(&network.ip, &prefix->ip);
}

bool prefix_contains(const struct prefix *network, const struct ip *ip)
{
    for (unsigned int i = 0; i < sizeof ip->bytes; i++) {
        if ((network->ip.bytes[i] ^ ip->bytes[i]) & mask_byte(network->length, i)) {
            return false;
        }
    }
    return network->ip.family == ip->family;
}

bool prefix_covers(const struct prefix *outer, const struct prefix *inner)
{
    return inner->length >= outer->length && prefix_contains(outer, &inner->ip);
}

bool prefix_overlaps(const struct prefix *a, const struct prefix *b)
{
    return prefix_covers(a, b) || prefix_covers(b, a);
}

bool prefix_next(const struct prefix *network, struct prefix *out)
{
    struct prefix next = *network;
    unsigned int carry;

    if (!network->length) {
        return false;
    }
    carry = 0x80U >> (network->length - 1) % 8;
    for (unsigned int i = (network->length - 1) / 8 + 1; carry && i-- > 0; carry >>= 8) {
        carry += next.ip.bytes[i];
        next.ip.bytes[i] = (uint8_t)carry;
    }
    if (carry) {
        return false;
    }
    *out = next;
    return true;
}

struct ip prefix_last(const struct prefix *network)
{
    struct ip last = network->ip;

    for (unsigned int i = 0; i < ip_bits(&last) / 8; i++) {
        last.bytes[i] |= (uint8_t)~mask_byte(network->length, i);
    }
    return last;
}

uint64_t prefix_last_index(const struct prefix *network)
{
    const unsigned int host_bits = ip_bits(&network->ip) - network->length;

    return host_bits >= 64 ? UINT64_MAX : ((uint64_t)1 << host_bits) - 1;
}

struct ip prefix_nth(const struct prefix *network, uint64_t index)
{
    struct ip ip = prefix_network(network).ip;
    unsigned int carry = 0;

    for (unsigned int i = ip_bits(&ip) / 8; i-- > 0; index >>= 8) {
        const unsigned int sum = ip.bytes[i] + (unsigned int)(index & 0xff) + carry;

        ip.bytes[i] = (uint8_t)sum;
        carry = sum >> 8;
    }
    return ip;
}

uint64_t prefix_index(const struct prefix *network, const struct ip *ip)
{
    uint64_t index = 0;

    for (unsigned int i = 0; i < ip_bits(ip) / 8; i++) {
        if (index >> 56) {
            return UINT64_MAX;
        }
        index = index << 8 | (ip->bytes[i] & (uint8_t)~mask_byte(network->length, i));
    }
    return index;
}

bool prefixes_from_text(const char *text, struct prefixes *out)
{
    const char *comma = text ? strchr(text, ',') : NULL;
    struct prefixes prefixes = {.n = comma ? 2 : 1};
    char first[PREFIX_TEXT];

    if (!comma) {
        if (!prefix_from_text(text, &prefixes.of[0])) {
            return false;
        }
        *out = prefixes;
        return true;
    }
    if ((size_t)(comma - text) >= sizeof first) {
        return false;
    }
    memcpy(first, text, (size_t)(comma - text));
    first[comma - text] = '\0';
    if (!prefix_from_text(first, &prefixes.of[0]) ||
        !prefix_from_text(comma + 1, &prefixes.of[1]) ||
        prefixes.of[0].ip.family == prefixes.of[1].ip.family) {
        return false;
    }
    if (prefixes.of[0].ip.family == 6) {
        const struct prefix six = prefixes.of[0];

        prefixes.of[0] = prefixes.of[1];
        prefixes.of[1] = six;
    }
    *out = prefixes;
    return true;
}

char *prefixes_to_text(const struct prefixes *prefixes, char text[static PREFIXES_TEXT])
{
    char *at = text;

    *text = '\0';
    for (size_t i = 0; i < prefixes->n; i++) {
        if (i) {
            *at++ = ',';
        }
        at += strlen(prefix_to_text(&prefixes->of[i], at));
    }
    return text;
}

bool prefixes_equal(const struct prefixes *a, const struct prefixes *b)
{
    for (size_t i = 0; i < a->n && i < b->n; i++) {
        if (!ip_equal(&a->of[i].ip, &b->of[i].ip) || a->of[i].length != b->of[i].length) {
            return false;
        }
    }
    return a->n == b->n;
}

const struct prefix *prefixes_of(const struct prefixes *prefixes, unsigned int family)
{
    for (size_t i = 0; i < prefixes->n; i++) {
        if (prefixes->of[i].ip.family == family) {
            return &prefixes->of[i];
        }
    }
    return NULL;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool mac_from_text(const char *text, struct mac *out)
{
    struct mac mac;

    if (!text || strlen(text) != MAC_TEXT - 1) {
        return false;
    }
    for (size_t i = 0; i < sizeof mac.bytes; i++, text += 3) {
        const int high = hex_digit(text[0]), low = hex_digit(text[1]);

        if (high < 0 || low < 0 || text[2] != (i < 5 ? ':' : '\0')) {
            return false;
        }
        mac.bytes[i] = (uint8_t)(high << 4 | low);
    }
    *out = mac;
    return true;
}

char *mac_to_text(const struct mac *mac, char text[static MAC_TEXT])
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < sizeof mac->bytes; i++) {
        text[3 * i] = digits[mac->bytes[i] >> 4];
        text[3 * i + 1] = digits[mac->bytes[i] & 15];
        text[3 * i + 2] = ':';
    }
    text[MAC_TEXT - 1] = '\0';
    return text;
}

struct mac mac_from_ip(const struct ip *ip)
{
    struct mac mac = {{0x0a, 0x58}};
    uint8_t digest[SHA1_SIZE];

    if (ip->family == 4) {
        memcpy(mac.bytes + 2, ip->bytes, 4);
    } else {
        sha1(ip->bytes, sizeof ip->bytes, digest);
        memcpy(mac.bytes + 2, digest, 4);
    }
    return mac;
}

struct ip ip_link_local(const struct mac *mac)
{
    const uint8_t *m = mac->bytes;

    return (struct ip){
        .family = 6,
        .bytes = {0xfe, 0x80, [8] = m[0] ^ 2, m[1], m[2], 0xff, 0xfe, m[3], m[4], m[5]}};
}
