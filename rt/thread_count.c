// thread_count.c: how many threads `@@` means: FLAP_NUM_THREADS, else the processors of the
// affinity mask, limited by the quota of the control groups that the process is in (either version
// of them). Asked once a process, at the first loop that wants to know.
#include "thread.h"

#include "sys.h"

enum { CGROUP_TEXT = 4096, CGROUP_PATH = 1024 };

int32_t rti_cpus_allowed(RtiCpus *cpus) {
    long size = rti_sys_sched_getaffinity(0, sizeof cpus->bits, cpus->bits);
    size_t words = size > 0 ? (size_t)size / 8 : 0;
    int32_t count = 0;
    for (size_t i = 0; i < RTI_CPU_WORDS; ++i) {
        if (i >= words) cpus->bits[i] = 0;
        for (uint64_t rest = cpus->bits[i]; rest; rest &= rest - 1) ++count;
    }
    return count ? count : 1;
}

// --- control groups ------------------------------------------------------------------------------

// A small file's text, NUL-terminated; the length, or -1.
static int64_t read_text(const char *path, char *buffer, size_t size) {
    long fd = rti_sys_open(path, RTI_O_RDONLY | RTI_O_CLOEXEC, 0);
    if (fd < 0) return -1;
    size_t length = 0;
    long got = 1;
    while (length + 1 < size && got > 0) {
        got = rti_sys_read((int)fd, buffer + length, size - 1 - length);
        if (got > 0) length += (size_t)got;
    }
    (void)rti_sys_close((int)fd);
    buffer[length] = 0;
    return (int64_t)length;
}

// The number at *text, which is moved behind it; -1 when there is none.
static int64_t read_number(const char **text) {
    const char *at = *text;
    int64_t number = 0;
    while (*at == ' ') ++at;
    if (*at < '0' || *at > '9') return -1;
    while (*at >= '0' && *at <= '9' && number < INT64_MAX / 16)
        number = number * 10 + (*at++ - '0');
    *text = at;
    return number;
}

// Appends text to a path; false when it does not fit.
static bool path_add(char *path, size_t *length, const char *text, size_t count) {
    if (*length + count + 1 > CGROUP_PATH) return false;
    for (size_t i = 0; i < count; ++i) path[(*length)++] = text[i];
    path[*length] = 0;
    return true;
}

static size_t text_length(const char *text) {
    size_t length = 0;
    while (text[length]) ++length;
    return length;
}

static int64_t read_file_number(char *path, size_t length, const char *name) {
    char text[64];
    if (!path_add(path, &length, name, text_length(name))) return -1;
    const char *at = text;
    return read_text(path, text, sizeof text) < 0 ? -1 : read_number(&at);
}

// Processors that the group at path[0 … length) may use, rounded up; -1: no limit.
static int64_t group_quota(char *path, size_t length, bool second) {
    int64_t quota, period;
    if (second) { // "max 100000" or "150000 100000"
        char text[64];
        size_t end = length;
        const char *at = text;
        if (!path_add(path, &end, "/cpu.max", 8) || read_text(path, text, sizeof text) < 0)
            return -1;
        quota = read_number(&at);
        period = quota < 0 ? -1 : read_number(&at);
    } else {
        quota = read_file_number(path, length, "/cpu.cfs_quota_us"); // "-1": no limit
        period = quota < 0 ? -1 : read_file_number(path, length, "/cpu.cfs_period_us");
    }
    if (quota <= 0 || period <= 0) return -1;
    return (quota + period - 1) / period;
}

// The smallest quota of a group and all groups above it.
static int64_t groups_quota(const char *root, const char *group, size_t group_length, bool second) {
    char path[CGROUP_PATH + 32];
    size_t length = 0, root_length = text_length(root);
    int64_t least = -1;
    if (!path_add(path, &length, root, root_length) ||
        !path_add(path, &length, group, group_length))
        return -1;
    while (length > root_length && path[length - 1] == '/') --length;
    for (;;) {
        int64_t quota = group_quota(path, length, second);
        if (quota > 0 && (least < 0 || quota < least)) least = quota;
        if (length <= root_length) return least;
        while (length > root_length && path[length - 1] != '/') --length;
        while (length > root_length && path[length - 1] == '/') --length;
    }
}

// True when a comma-separated list of controllers names "cpu".
static bool names_cpu(const char *list, const char *end) {
    for (const char *at = list; at < end; ++at) {
        bool starts = at == list || at[-1] == ',';
        if (starts && end - at >= 3 && at[0] == 'c' && at[1] == 'p' && at[2] == 'u' &&
            (at + 3 == end || at[3] == ','))
            return true;
    }
    return false;
}

// Every line of the list is number:controllers:path; version 2 has no controllers.
int64_t rti_cgroup_quota(const char *list_path, const char *first_root, const char *second_root) {
    char text[CGROUP_TEXT];
    if (read_text(list_path, text, sizeof text) <= 0) return -1;
    int64_t least = -1;
    for (const char *line = text; *line;) {
        const char *end = line, *list, *group;
        while (*end && *end != '\n') ++end;
        for (list = line; list < end && *list != ':'; ++list) {
        }
        list += list < end;
        for (group = list; group < end && *group != ':'; ++group) {
        }
        bool second = group == list;
        if (group < end && (second || names_cpu(list, group))) {
            size_t size = (size_t)(end - group - 1);
            int64_t quota =
                groups_quota(second ? second_root : first_root, group + 1, size, second);
            if (quota > 0 && (least < 0 || quota < least)) least = quota;
        }
        line = *end ? end + 1 : end;
    }
    return least;
}

int32_t rti_thread_default(int32_t allowed) {
    const char *text = rti_env("FLAP_NUM_THREADS");
    if (text && *text) {
        const char *at = text;
        int64_t number = read_number(&at);
        if (*at || number < 1 || number > RT_PAR_MAX_THREADS)
            rti_stop(NULL, "FLAP_NUM_THREADS must be a whole number from 1 to %d, not '%s'",
                     RT_PAR_MAX_THREADS, text);
        return (int32_t)number;
    }
    int64_t quota = -1;
    if (allowed > 1)
        quota = rti_cgroup_quota("/proc/self/cgroup", "/sys/fs/cgroup/cpu", "/sys/fs/cgroup");
    if (quota > 0 && quota < allowed) allowed = (int32_t)quota;
    return allowed < RT_PAR_MAX_THREADS ? allowed : RT_PAR_MAX_THREADS;
}
