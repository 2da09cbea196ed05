/// A library for `LD_PRELOAD` that notes what a process does to the files below a directory, one line an operation, with
/// tabs between its parts: kind, sequence, inode, length, path, other path, kept link.
/// - `C` a file is about to be made at `path`;
/// - `R` `other` (of that inode) is about to be renamed to `path`; what it replaces stays linked at `kept`;
/// - `U` `path` is about to be removed; it stays linked at `kept`;
/// - `T` the file of that inode was emptied when it was opened;
/// - `S` the file of that inode is durable up to `length`: what it had when the sync began;
/// - `D` the directory `path` is durable with everything noted up to `sequence`;
/// - `X` `path` was opened for synchronous writes, which nothing of this knows how to treat.
///
/// Each sync begins with a pause, as on a slow disk, so that many a kill finds something written and not yet synced.
///
/// `sync_file_range` and `msync` are not noted: the one promises nothing after a power cut, the other is not called.
let recorderSource = #"""
    #define _GNU_SOURCE
    #include <errno.h>
    #include <fcntl.h>
    #include <limits.h>
    #include <stdarg.h>
    #include <stdatomic.h>
    #include <stdio.h>
    #include <stdlib.h>
    #include <string.h>
    #include <sys/stat.h>
    #include <sys/syscall.h>
    #include <time.h>
    #include <unistd.h>

    static char root[PATH_MAX], kept[PATH_MAX];
    static size_t root_length;
    static int journal = -1, ignores_syncs;
    static atomic_ulong sequence, links;

    __attribute__((constructor)) static void begin(void) {
        const char *directory = getenv("PIONEER_DISK_ROOT"), *file = getenv("PIONEER_DISK_JOURNAL");
        const char *links_directory = getenv("PIONEER_DISK_KEPT"), *ignores = getenv("PIONEER_DISK_IGNORES_SYNCS");
        if (!directory || !file || !links_directory) return;
        snprintf(root, sizeof root, "%s/", directory);
        root_length = strlen(root);
        snprintf(kept, sizeof kept, "%s", links_directory);
        ignores_syncs = ignores && *ignores;
        journal = (int)syscall(SYS_openat, AT_FDCWD, file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    }

    static int is_inside(const char *path) { return journal >= 0 && path && strncmp(path, root, root_length) == 0; }

    static void note(
        char kind, unsigned long number, unsigned long inode, long length, const char *path, const char *other, const char *link) {
        char line[3 * PATH_MAX + 128];
        const char *form = "%c\t%lu\t%lu\t%ld\t%s\t%s\t%s\n";
        int saved = errno, count = snprintf(line, sizeof line, form, kind, number, inode, length, path, other, link);
        if (write(journal, line, (size_t)count) != count) abort();
        errno = saved;
    }

    static unsigned long next_number(void) { return atomic_fetch_add(&sequence, 1) + 1; }

    /* Links what is at the path to a name of its own; the empty text when nothing is. */
    static void keep(const char *path, char *name, size_t size) {
        int saved = errno;
        snprintf(name, size, "%s/%lu", kept, atomic_fetch_add(&links, 1) + 1);
        if (syscall(SYS_linkat, AT_FDCWD, path, AT_FDCWD, name, 0) != 0) name[0] = 0;
        errno = saved;
    }

    static int opened(int directory, const char *path, int flags, mode_t mode) {
        int inside = is_inside(path) && (flags & O_ACCMODE) != O_RDONLY, saved = errno, was_there = 0;
        struct stat file;
        if (inside) {
            was_there = stat(path, &file) == 0;
            errno = saved;
            if (flags & O_DSYNC) note('X', 0, 0, 0, path, "", "");
            if (!was_there && (flags & O_CREAT)) note('C', next_number(), 0, 0, path, "", "");
        }
        int result = (int)syscall(SYS_openat, directory, path, flags, mode);
        if (inside && was_there && (flags & O_TRUNC) && result >= 0) note('T', 0, file.st_ino, 0, path, "", "");
        return result;
    }

    #define MODE(last) \
        mode_t mode = 0; \
        if (flags & (O_CREAT | O_TMPFILE)) { va_list rest; va_start(rest, last); mode = va_arg(rest, mode_t); va_end(rest); }

    int open(const char *path, int flags, ...) { MODE(flags) return opened(AT_FDCWD, path, flags, mode); }
    int open64(const char *path, int flags, ...) { MODE(flags) return opened(AT_FDCWD, path, flags, mode); }
    int openat(int directory, const char *path, int flags, ...) { MODE(flags) return opened(directory, path, flags, mode); }
    int openat64(int directory, const char *path, int flags, ...) { MODE(flags) return opened(directory, path, flags, mode); }

    int rename(const char *from, const char *to) {
        if (is_inside(to)) {
            char name[PATH_MAX + 32];
            struct stat file;
            int saved = errno, is_there = stat(from, &file) == 0;
            errno = saved;
            keep(to, name, sizeof name);
            if (is_there) note('R', next_number(), file.st_ino, 0, to, from, name);
        }
        return (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
    }

    static int removed(int directory, const char *path, int flags) {
        if (is_inside(path) && !(flags & AT_REMOVEDIR)) {
            char name[PATH_MAX + 32];
            keep(path, name, sizeof name);
            if (name[0]) note('U', next_number(), 0, 0, path, "", name);
        }
        return (int)syscall(SYS_unlinkat, directory, path, flags);
    }

    int unlink(const char *path) { return removed(AT_FDCWD, path, 0); }
    int unlinkat(int directory, const char *path, int flags) { return removed(directory, path, flags); }

    static int synced(int descriptor, long call) {
        char link[64], path[PATH_MAX];
        struct stat file;
        unsigned long reached = atomic_load(&sequence);
        snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
        ssize_t length = journal < 0 ? -1 : readlink(link, path, sizeof path - 1);
        int is_known = length > 0 && fstat(descriptor, &file) == 0;
        if (is_known) path[length] = 0;
        if (is_known && ignores_syncs) return 0;
        struct timespec slow = { 0, 10 * 1000 * 1000 };
        if (is_known && is_inside(path)) nanosleep(&slow, NULL);
        int result = (int)syscall(call, descriptor);
        if (result != 0 || !is_known) return result;
        if (S_ISDIR(file.st_mode)) note('D', reached, 0, 0, path, "", "");
        else if (is_inside(path)) note('S', 0, file.st_ino, (long)file.st_size, path, "", "");
        return result;
    }

    int fsync(int descriptor) { return synced(descriptor, SYS_fsync); }
    int fdatasync(int descriptor) { return synced(descriptor, SYS_fdatasync); }

    """#
