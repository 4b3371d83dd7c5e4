// builtin_port.c: whether a port can be had: `:5000?`, and the next one that can: `:5000+`. A port is free
// when a socket for messages (UDP, any address of this machine) can be bound to it. Nothing is held:
// another process may take the port right after.
#include "builtin_words.h"
#include "value.h"
#include "sys.h"

enum { AF_INET = 2, SOCK_DGRAM = 2, PORTS = 65536 };

typedef struct SocketAddress { // the kernel's sockaddr_in
    uint16_t family;
    uint8_t port[2]; // most significant byte first
    uint8_t address[4], unused[8];
} SocketAddress;

static bool is_free(int64_t port) {
    long fd = rti_sys_socket(AF_INET, SOCK_DGRAM | RTI_O_CLOEXEC, 0);
    if (fd < 0) return false;
    SocketAddress any = {.family = AF_INET, .port = {(uint8_t)(port >> 8), (uint8_t)port}};
    long bound = rti_sys_bind((int)fd, &any, sizeof any);
    (void)rti_sys_close((int)fd);
    return bound == 0;
}

uint64_t rt_b__port_free(const uint64_t *args, int64_t count, const RtPlace *place) {
    uint64_t passed = rti_first_error(args, count);
    if (passed != RT_ABSENT) return passed;
    int64_t port = rt_to_int(rti_need_number("_port_free", args[0], place));
    rti_par_wait_turn();
    return rti_word_of(port >= 0 && port < PORTS && is_free(port));
}

// The first free one from this one on.
uint64_t rt_b__port_next(const uint64_t *args, int64_t count, const RtPlace *place) {
    uint64_t passed = rti_first_error(args, count);
    if (passed != RT_ABSENT) return passed;
    int64_t first = rt_to_int(rti_need_number("_port_next", args[0], place));
    rti_par_wait_turn();
    for (int64_t port = first < 0 ? 0 : first; port < PORTS; port++) {
        if (!is_free(port)) continue;
        char text[32] = ":";
        size_t length = 1 + rti_integer_text((uint64_t)port, text + 1);
        return rti_string_word(rt_str_new(text, (int64_t)length));
    }
    return rti_error("no port is free from %lld on", (long long)first);
}
