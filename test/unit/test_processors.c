// test_processors.c: how many threads `@@` means: the affinity mask, and the limits of control groups of
// both versions, below a root that the test makes.
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "rt_check.h"

#include "rt/thread.h"

#include <sched.h>
#include <sys/stat.h>
#include <unistd.h>

static char root[] = "/tmp/flap-processors-XXXXXX";

static void put(const char *name, const char *text) {
    char path[300];
    snprintf(path, sizeof path, "%s/%s", root, name);
    for (char *at = path + sizeof root; *at; at++) // the folders on the way
        if (*at == '/') {
            *at = 0;
            (void)mkdir(path, 0700);
            *at = '/';
        }
    FILE *file = fopen(path, "w");
    if (!file || fputs(text, file) < 0 || fclose(file) != 0) {
        perror(path);
        exit(1);
    }
}

static int64_t quota(const char *list) {
    char lists[300], first[300], second[300];
    put("list", list);
    snprintf(lists, sizeof lists, "%s/list", root);
    snprintf(first, sizeof first, "%s/v1", root);
    snprintf(second, sizeof second, "%s/v2", root);
    return rti_cgroup_quota(lists, first, second);
}

static void expect(const char *list, int64_t wanted) {
    int64_t came = quota(list);
    CHECK(came == wanted, "%s: %lld, not %lld", list, (long long)came, (long long)wanted);
}

static void check_groups(void) {
    put("v2/cpu.max", "max 100000\n");
    put("v2/free/cpu.max", "max 100000\n");
    put("v2/half/cpu.max", "50000 100000\n");
    put("v2/three/cpu.max", "250001 100000\n");
    put("v2/three/inner/most/cpu.max", "800000 100000\n");
    put("v2/three/inner/least/cpu.max", "200000 100000\n");
    put("v2/odd/cpu.max", "much of it\n");
    put("v1/cpu.cfs_quota_us", "-1\n");
    put("v1/cpu.cfs_period_us", "100000\n");
    put("v1/box/cpu.cfs_quota_us", "400000\n");
    put("v1/box/cpu.cfs_period_us", "100000\n");
    put("v1/box/inner/cpu.cfs_quota_us", "-1\n");
    put("v1/box/inner/cpu.cfs_period_us", "100000\n");
    expect("", -1);
    expect("0::/\n", -1);
    expect("0::/free\n", -1);
    expect("0::/half\n", 1);
    expect("0::/three\n", 3);
    expect("0::/three/inner/most\n", 3); // the group around has less
    expect("0::/three/inner/least\n", 2);
    expect("0::/three/inner/gone\n", 3); // not to be seen from here
    expect("0::/odd\n", -1);
    expect("4:cpu,cpuacct:/box\n", 4);
    expect("4:cpuacct,cpu:/box/inner\n", 4);
    expect("4:cpuset:/box\n", -1);
    expect("4:cpu:/\n", -1);
    expect("12:memory:/box\n4:cpu,cpuacct:/box\n0::/three\n", 3); // the least of both versions
    expect("no list at all\n", -1);
    expect("0::/three", 3); // no end of line
    CHECK(rti_cgroup_quota("/nowhere/at/all", "/", "/") == -1, "no list");
}

static void check_affinity(void) {
    static RtiCpus all, one;
    int32_t count = rti_cpus_allowed(&all);
    cpu_set_t before, only;
    if (sched_getaffinity(0, sizeof before, &before) != 0) return;
    CHECK(count == CPU_COUNT(&before), "%d processors", count);
    CPU_ZERO(&only);
    for (size_t cpu = 0; cpu < CPU_SETSIZE; cpu++)
        if (CPU_ISSET(cpu, &before) && CPU_COUNT(&only) == 0) CPU_SET(cpu, &only);
    (void)sched_setaffinity(0, sizeof only, &only);
    CHECK(rti_cpus_allowed(&one) == 1, "one processor allowed");
    (void)sched_setaffinity(0, sizeof before, &before);
    CHECK(rti_cpus_allowed(&one) == count, "all again");
    CHECK(rti_thread_default(1) == 1, "no more than are allowed");
    CHECK(rti_thread_default(5000) <= RT_PAR_MAX_THREADS, "no more than there may be");
}

int main(void) {
    if (!mkdtemp(root)) return 1;
    check_groups();
    check_affinity();
    char command[100];
    snprintf(command, sizeof command, "rm -rf %s", root);
    return system(command) != 0 || check_done("processors");
}
