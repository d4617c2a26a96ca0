/* Stands between a program and the C library: writes down what it does to the files below one directory, in the order in
 * which it happens, and lets a chosen operation fail.
 *
 *   RECORDER_ROOT   the directory, absolute and without symbolic links
 *   RECORDER_TRACE  file to write the record to
 *   RECORDER_FAULT  "K ERRNO MODE": the K-th operation that changes something (from 0) fails with ERRNO. MODE is
 *                   "once", "ever" (all later ones fail too), "often" (so does every K+1st
 *                   from then on), "short" (a write writes half of its bytes, then as "once"), or "part" (a write writes
 *                   half of its bytes, says so, and nothing fails; anything else as "once")
 *   RECORDER_READ_FAULT  "K ERRNO": the K-th read below the directory fails with ERRNO
 *                   (-1 for none: a program under the recorder asks for one with let_read_fail)
 *   RECORDER_SYNC_TIME   microseconds that a sync takes, as on a slow disk; other threads go on meanwhile
 *
 * One record, numbers in the machine's order:   kind u8 | inode u64 | offset u64 | size u64 | size2 u64 | bytes | bytes2
 * Paths are absolute. A write to the file ROOT/../marks is a mark: what the program says about itself.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum { CREATE = 'c', WRITE = 'w', TRUNCATE = 't', SYNC = 's', RENAME = 'r', EXCHANGE = 'x', UNLINK = 'u', LINK = 'l',
       MKDIR = 'm', RMDIR = 'd', MARK = 'k', FAULT = 'f' };
enum { NONE, FILE_FD, MARK_FD, READ_FD };
#define MAX_FD 65536

static pthread_mutex_t lock = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;
static unsigned char watched[MAX_FD];
static char root[PATH_MAX], marks[PATH_MAX];
static size_t root_size;
static int trace = -1, is_ready;
static long changes, fault_at = -1, reads, read_fault_at = -1;
static unsigned sync_time;
static int fault_errno, fault_short, fault_part, fault_ever, fault_often, read_fault_errno, read_fault_stays;
static uint64_t unreadable;

#define REAL(result, name, ...) \
    static result (*real)(__VA_ARGS__); \
    if (!real) real = (result (*)(__VA_ARGS__))dlsym(RTLD_NEXT, name)

static ssize_t plain_write(int fd, const void *bytes, size_t size) {
    REAL(ssize_t, "write", int, const void *, size_t);
    return real(fd, bytes, size);
}

/* Take away the system call that reads what is in memory only: it is not the C library that makes it. */
static void take_away_preadv2(void) {
    struct sock_filter steps[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_preadv2, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EOPNOTSUPP),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog filter = {sizeof steps / sizeof *steps, steps};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter)) abort();
}

__attribute__((constructor)) static void begin(void) {
    const char *where = getenv("RECORDER_ROOT"), *to = getenv("RECORDER_TRACE");
    const char *fault = getenv("RECORDER_FAULT"), *read_fault = getenv("RECORDER_READ_FAULT");
    const char *slow = getenv("RECORDER_SYNC_TIME");
    char mode[16] = "";
    if (is_ready || !where || !to) return;
    is_ready = 1;
    root_size = strlen(where);
    snprintf(root, sizeof root, "%s", where);
    snprintf(marks, sizeof marks, "%.*s/marks", (int)(strrchr(root, '/') - root), root);
    sync_time = slow ? (unsigned)atoi(slow) : 0;
    trace = (int)syscall(SYS_openat, AT_FDCWD, to, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fault && sscanf(fault, "%ld %d %15s", &fault_at, &fault_errno, mode) == 3) {
        fault_part = !strcmp(mode, "part");
        fault_short = fault_part || !strcmp(mode, "short");
        fault_ever = !strcmp(mode, "ever");
        fault_often = !strcmp(mode, "often");
    }
    if (read_fault && sscanf(read_fault, "%ld %d", &read_fault_at, &read_fault_errno) == 2) take_away_preadv2();
}

static void note(char kind, uint64_t inode, uint64_t offset, const void *one, size_t size, const void *two, size_t size2) {
    struct __attribute__((packed)) { char kind; uint64_t inode, offset, size, size2; } head = {kind, inode, offset, size, size2};
    struct iovec parts[3] = {{&head, sizeof head}, {(void *)one, size}, {(void *)two, size2}};
    int before = errno;
    for (int part = 0; part < 3; part++)
        for (size_t done = 0; done < parts[part].iov_len;) {
            ssize_t written = plain_write(trace, (char *)parts[part].iov_base + done, parts[part].iov_len - done);
            if (written <= 0) abort();
            done += (size_t)written;
        }
    errno = before;
}

/* Whether a path is below the directory; `full` gets it absolute. */
static int is_below(int at, const char *path, char *full) {
    if (trace < 0 || !path) return 0;
    if (path[0] == '/') {
        snprintf(full, PATH_MAX, "%s", path);
    } else {
        char base[PATH_MAX];
        if (at == AT_FDCWD) {
            if (!getcwd(base, sizeof base)) return 0;
        } else {
            char link[64];
            snprintf(link, sizeof link, "/proc/self/fd/%d", at);
            ssize_t size = readlink(link, base, sizeof base - 1);
            if (size < 0) return 0;
            base[size] = 0;
        }
        if ((size_t)snprintf(full, PATH_MAX, "%s/%s", base, path) >= PATH_MAX) return 0;
    }
    size_t size = strlen(full);
    while (size > 1 && full[size - 1] == '/') full[--size] = 0;
    return !strncmp(full, root, root_size) && (full[root_size] == '/' || !full[root_size]);
}

/* Whether the operation that comes now, of this kind and on this file, is to fail. */
static int fails(char kind, uint64_t inode) {
    long number = changes++;
    int comes_again = fault_ever ? number > fault_at : fault_often && number % (fault_at + 1) == fault_at;
    if (fault_at < 0 || (number != fault_at && !comes_again)) return 0;
    note(FAULT, inode, (uint64_t)number, &kind, 1, "", 0);
    errno = fault_errno;
    return 1;
}

static uint64_t inode_of(int fd) {
    struct stat status;
    return fstat(fd, &status) ? 0 : status.st_ino;
}

static uint64_t size_of(int fd) {
    struct stat status;
    return fstat(fd, &status) ? 0 : (uint64_t)status.st_size;
}

static int opened(int at, const char *path, int flags, mode_t mode, int (*real)(int, const char *, int, ...)) {
    char full[PATH_MAX];
    int below = is_below(at, path, full), is_mark = trace >= 0 && path && !strcmp(path, marks);
    int changes_it = below && flags & (O_CREAT | O_TRUNC);
    if (!below && !is_mark) return real(at, path, flags, mode);
    pthread_mutex_lock(&lock);
    int was_there = access(full, F_OK) == 0, fd = -1;
    if (!(changes_it && (!was_there || flags & O_TRUNC) && fails(CREATE, 0))) fd = real(at, path, flags, mode);
    if (fd >= 0 && fd < MAX_FD) {
        int writes = (flags & O_ACCMODE) != O_RDONLY;
        watched[fd] = is_mark ? MARK_FD : writes ? FILE_FD : READ_FD;
        if (below && flags & O_CREAT && !was_there) note(CREATE, inode_of(fd), 0, full, strlen(full), "", 0);
        else if (below && flags & O_TRUNC) note(TRUNCATE, inode_of(fd), 0, "", 0, "", 0);
    }
    pthread_mutex_unlock(&lock);
    return fd;
}

#define OPEN_AT(name) \
    int name(int at, const char *path, int flags, ...) { \
        REAL(int, "openat", int, const char *, int, ...); \
        va_list rest; \
        va_start(rest, flags); \
        mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0; \
        va_end(rest); \
        return opened(at, path, flags, mode, real); \
    }
#define OPEN(name) \
    int name(const char *path, int flags, ...) { \
        REAL(int, "openat", int, const char *, int, ...); \
        va_list rest; \
        va_start(rest, flags); \
        mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0; \
        va_end(rest); \
        return opened(AT_FDCWD, path, flags, mode, real); \
    }
OPEN_AT(openat)
OPEN_AT(openat64)
OPEN(open)
OPEN(open64)

int close(int fd) {
    REAL(int, "close", int);
    if (fd >= 0 && fd < MAX_FD) watched[fd] = NONE;
    return real(fd);
}

static int kind_of(int fd) { return trace >= 0 && fd >= 0 && fd < MAX_FD ? watched[fd] : NONE; }

static ssize_t changed(int fd, const void *bytes, size_t size, int64_t at) {
    REAL(ssize_t, "pwrite", int, const void *, size_t, off_t);
    pthread_mutex_lock(&lock);
    ssize_t written = -1;
    if (kind_of(fd) == MARK_FD) {
        note(MARK, 0, 0, bytes, size, "", 0);
        written = (ssize_t)size;
    } else {
        uint64_t offset = at >= 0 ? (uint64_t)at
                          : fcntl(fd, F_GETFL) & O_APPEND ? size_of(fd) : (uint64_t)lseek(fd, 0, SEEK_CUR);
        size_t allowed = size;
        if (fails(WRITE, inode_of(fd))) allowed = fault_short && size > 1 ? size / 2 : 0;
        if (allowed) written = at >= 0 ? real(fd, bytes, allowed, at) : plain_write(fd, bytes, allowed);
        if (written > 0) note(WRITE, inode_of(fd), offset, bytes, (size_t)written, "", 0);
        if (allowed && allowed < size && !fault_part) fault_at = changes, fault_short = 0;
    }
    pthread_mutex_unlock(&lock);
    return written;
}

ssize_t write(int fd, const void *bytes, size_t size) {
    int kind = kind_of(fd);
    return kind == FILE_FD || kind == MARK_FD ? changed(fd, bytes, size, -1) : plain_write(fd, bytes, size);
}

#define PWRITE(name) \
    ssize_t name(int fd, const void *bytes, size_t size, off_t offset) { \
        REAL(ssize_t, "pwrite", int, const void *, size_t, off_t); \
        return kind_of(fd) == FILE_FD ? changed(fd, bytes, size, offset) : real(fd, bytes, size, offset); \
    }
PWRITE(pwrite)
PWRITE(pwrite64)

ssize_t writev(int fd, const struct iovec *parts, int count) {
    REAL(ssize_t, "writev", int, const struct iovec *, int);
    if (kind_of(fd) != FILE_FD) return real(fd, parts, count);
    return count ? changed(fd, parts[0].iov_base, parts[0].iov_len, -1) : 0;
}

/* What has no bytes to write down is refused: programs fall back on writing. */
ssize_t copy_file_range(int from, off_t *from_at, int to, off_t *to_at, size_t size, unsigned flags) {
    REAL(ssize_t, "copy_file_range", int, off_t *, int, off_t *, size_t, unsigned);
    if (kind_of(to) != FILE_FD) return real(from, from_at, to, to_at, size, flags);
    errno = EOPNOTSUPP;
    return -1;
}

ssize_t sendfile(int to, int from, off_t *at, size_t size) {
    REAL(ssize_t, "sendfile", int, int, off_t *, size_t);
    if (kind_of(to) != FILE_FD) return real(to, from, at, size);
    errno = EINVAL;
    return -1;
}
ssize_t sendfile64(int to, int from, off_t *at, size_t size) { return sendfile(to, from, at, size); }

int ioctl(int fd, unsigned long request, ...) {
    REAL(int, "ioctl", int, unsigned long, ...);
    va_list rest;
    va_start(rest, request);
    void *argument = va_arg(rest, void *);
    va_end(rest);
    if (kind_of(fd) != FILE_FD) return real(fd, request, argument);
    errno = EOPNOTSUPP;
    return -1;
}

#define FTRUNCATE(name) \
    int name(int fd, off_t size) { \
        REAL(int, "ftruncate", int, off_t); \
        if (kind_of(fd) != FILE_FD) return real(fd, size); \
        pthread_mutex_lock(&lock); \
        int result = fails(TRUNCATE, inode_of(fd)) ? -1 : real(fd, size); \
        if (!result) note(TRUNCATE, inode_of(fd), (uint64_t)size, "", 0, "", 0); \
        pthread_mutex_unlock(&lock); \
        return result; \
    }
FTRUNCATE(ftruncate)
FTRUNCATE(ftruncate64)

static int synced(int fd, int (*real)(int)) {
    char link[64], path[PATH_MAX], full[PATH_MAX];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t size = trace < 0 ? -1 : readlink(link, path, sizeof path - 1);
    if (size <= 0) return real(fd);
    path[size] = 0;
    if (!is_below(AT_FDCWD, path, full)) return real(fd);
    usleep(sync_time);
    pthread_mutex_lock(&lock);
    struct stat status;
    uint64_t inode = fstat(fd, &status) || S_ISDIR(status.st_mode) ? 0 : status.st_ino;
    int result = fails(SYNC, inode) ? -1 : 0;
    if (!result) note(SYNC, inode, 0, full, strlen(full), "", 0);
    pthread_mutex_unlock(&lock);
    return result;
}

int fsync(int fd) {
    REAL(int, "fsync", int);
    return synced(fd, real);
}
int fdatasync(int fd) {
    REAL(int, "fdatasync", int);
    return synced(fd, real);
}

static int renamed(int from_at, const char *from, int to_at, const char *to, unsigned flags) {
    REAL(int, "renameat2", int, const char *, int, const char *, unsigned);
    char one[PATH_MAX], two[PATH_MAX];
    if (!is_below(from_at, from, one) || !is_below(to_at, to, two)) return real(from_at, from, to_at, to, flags);
    pthread_mutex_lock(&lock);
    int result = fails(RENAME, 0) ? -1 : real(from_at, from, to_at, to, flags);
    if (!result) note(flags & RENAME_EXCHANGE ? EXCHANGE : RENAME, 0, 0, one, strlen(one), two, strlen(two));
    pthread_mutex_unlock(&lock);
    return result;
}
int rename(const char *from, const char *to) { return renamed(AT_FDCWD, from, AT_FDCWD, to, 0); }
int renameat(int from_at, const char *from, int to_at, const char *to) { return renamed(from_at, from, to_at, to, 0); }
int renameat2(int from_at, const char *from, int to_at, const char *to, unsigned flags) {
    return renamed(from_at, from, to_at, to, flags);
}

static int linked(int from_at, const char *from, int to_at, const char *to, int flags) {
    REAL(int, "linkat", int, const char *, int, const char *, int);
    char one[PATH_MAX], two[PATH_MAX];
    if (!is_below(from_at, from, one) || !is_below(to_at, to, two)) return real(from_at, from, to_at, to, flags);
    pthread_mutex_lock(&lock);
    int result = fails(LINK, 0) ? -1 : real(from_at, from, to_at, to, flags);
    if (!result) note(LINK, 0, 0, one, strlen(one), two, strlen(two));
    pthread_mutex_unlock(&lock);
    return result;
}
int link(const char *from, const char *to) { return linked(AT_FDCWD, from, AT_FDCWD, to, 0); }
int linkat(int from_at, const char *from, int to_at, const char *to, int flags) {
    return linked(from_at, from, to_at, to, flags);
}

static int removed(int at, const char *path, int flags) {
    REAL(int, "unlinkat", int, const char *, int);
    char full[PATH_MAX];
    if (!is_below(at, path, full)) return real(at, path, flags);
    pthread_mutex_lock(&lock);
    int result = fails(UNLINK, 0) ? -1 : real(at, path, flags);
    if (!result) note(flags & AT_REMOVEDIR ? RMDIR : UNLINK, 0, 0, full, strlen(full), "", 0);
    pthread_mutex_unlock(&lock);
    return result;
}
int unlink(const char *path) { return removed(AT_FDCWD, path, 0); }
int unlinkat(int at, const char *path, int flags) { return removed(at, path, flags); }
int rmdir(const char *path) { return removed(AT_FDCWD, path, AT_REMOVEDIR); }

static int made(int at, const char *path, mode_t mode) {
    REAL(int, "mkdirat", int, const char *, mode_t);
    char full[PATH_MAX];
    if (!is_below(at, path, full)) return real(at, path, mode);
    pthread_mutex_lock(&lock);
    int result = fails(MKDIR, 0) ? -1 : real(at, path, mode);
    if (!result) note(MKDIR, 0, 0, full, strlen(full), "", 0);
    pthread_mutex_unlock(&lock);
    return result;
}
int mkdir(const char *path, mode_t mode) { return made(AT_FDCWD, path, mode); }
int mkdirat(int at, const char *path, mode_t mode) { return made(at, path, mode); }

/* From now on let the K-th read fail, and, where that is wanted, all later ones of the same file too. Gives the inode of the file
 * of which a read has failed since this was last called; 0 where none has. */
uint64_t let_read_fail(long number, int is_for_good) {
    uint64_t inode = __atomic_exchange_n(&unreadable, 0, __ATOMIC_SEQ_CST);
    read_fault_at = number;
    read_fault_stays = is_for_good;
    __atomic_store_n(&reads, 0, __ATOMIC_SEQ_CST);
    return inode;
}

static int read_fails(int fd) {
    int kind = kind_of(fd);
    if (read_fault_at < 0 || (kind != READ_FD && kind != FILE_FD)) return 0;
    uint64_t known = __atomic_load_n(&unreadable, __ATOMIC_SEQ_CST);
    if (known && read_fault_stays && inode_of(fd) == known) {
        errno = read_fault_errno;
        return 1;
    }
    if (__atomic_fetch_add(&reads, 1, __ATOMIC_SEQ_CST) != read_fault_at) return 0;
    __atomic_store_n(&unreadable, inode_of(fd), __ATOMIC_SEQ_CST);
    pthread_mutex_lock(&lock);
    note(FAULT, 0, (uint64_t)read_fault_at, "g", 1, "", 0);
    pthread_mutex_unlock(&lock);
    errno = read_fault_errno;
    return 1;
}

ssize_t read(int fd, void *bytes, size_t size) {
    REAL(ssize_t, "read", int, void *, size_t);
    return read_fails(fd) ? -1 : real(fd, bytes, size);
}

#define PREAD(name) \
    ssize_t name(int fd, void *bytes, size_t size, off_t offset) { \
        REAL(ssize_t, "pread", int, void *, size_t, off_t); \
        return read_fails(fd) ? -1 : real(fd, bytes, size, offset); \
    }
PREAD(pread)
PREAD(pread64)
