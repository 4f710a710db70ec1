/* Counts the instructions that a program executes under qemu's user-mode emulation.
 *
 *     cc -O2 -shared -fPIC -DAPI_VERSION=1 -o count.so count.c
 *     qemu-aarch64 -plugin ./count.so,out=counts.txt PROGRAM
 *
 * Written to the file when the program ends: the count at each call of getppid(), which a program
 * makes to mark a place in its work, and the count at the end; one number a line. What is used of
 * qemu-plugin.h is declared here, because Debian has no package with that header. */

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXPORT __attribute__((visibility("default")))
#define GETPPID 173 /* on arm64 */
#define MOST_THREADS 256

typedef uint64_t plugin_id;
struct qemu_plugin_tb;
enum { NO_REGISTERS_READ = 0 };

void qemu_plugin_register_vcpu_tb_trans_cb(
    plugin_id, void (*)(plugin_id, struct qemu_plugin_tb *));
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *);
void qemu_plugin_register_vcpu_tb_exec_cb(
    struct qemu_plugin_tb *, void (*)(unsigned, void *), int, void *);
void qemu_plugin_register_vcpu_syscall_cb(
    plugin_id, void (*)(plugin_id, unsigned, int64_t, uint64_t, uint64_t, uint64_t, uint64_t,
                        uint64_t, uint64_t, uint64_t, uint64_t));
void qemu_plugin_register_atexit_cb(plugin_id, void (*)(plugin_id, void *), void *);

EXPORT int qemu_plugin_version = API_VERSION;

/* One for each thread, so that threads lose no instructions of each other. */
static struct {
    uint64_t instructions;
    char own_cache_line[56];
} threads[MOST_THREADS];
static FILE *out;

static void write_count(void)
{
    uint64_t sum = 0;
    for (int i = 0; i < MOST_THREADS; i++)
        sum += threads[i].instructions;
    fprintf(out, "%" PRIu64 "\n", sum);
}

static void block_runs(unsigned thread, void *n_instructions)
{
    threads[thread % MOST_THREADS].instructions += (uintptr_t)n_instructions;
}

static void block_is_translated(plugin_id id, struct qemu_plugin_tb *block)
{
    (void)id;
    void *n = (void *)(uintptr_t)qemu_plugin_tb_n_insns(block);
    qemu_plugin_register_vcpu_tb_exec_cb(block, block_runs, NO_REGISTERS_READ, n);
}

static void system_is_called(plugin_id id, unsigned thread, int64_t number, uint64_t a1,
                             uint64_t a2, uint64_t a3, uint64_t a4, uint64_t a5, uint64_t a6,
                             uint64_t a7, uint64_t a8)
{
    (void)id, (void)thread, (void)a1, (void)a2, (void)a3, (void)a4, (void)a5, (void)a6, (void)a7;
    (void)a8;
    if (number == GETPPID)
        write_count();
}

static void program_ends(plugin_id id, void *nothing)
{
    (void)id, (void)nothing;
    write_count();
    fclose(out);
}

EXPORT int qemu_plugin_install(plugin_id id, const void *info, int argc, char **argv)
{
    (void)info;
    if (argc != 1 || strncmp(argv[0], "out=", 4) != 0 || !(out = fopen(argv[0] + 4, "w"))) {
        fprintf(stderr, "count.so: cannot write to %s; say out=FILE\n", argc ? argv[0] : "nothing");
        return 1;
    }
    qemu_plugin_register_vcpu_tb_trans_cb(id, block_is_translated);
    qemu_plugin_register_vcpu_syscall_cb(id, system_is_called);
    qemu_plugin_register_atexit_cb(id, program_ends, NULL);
    return 0;
}
