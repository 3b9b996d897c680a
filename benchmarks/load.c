/* The load client: many sockets from one thread, cheap enough to share two cores with a server.

   client.py compiles and runs it; the arguments are described there, at `command`. From standard
   input it reads a line for each room, "port path name", and an empty line. It opens `people` sockets to
   each room, and when all are in, or `patience` seconds are over, prints how the joins went as a line
   of JSON. Then it reads the monotonic time at which to start as a line, moves, and prints what it
   saw in the seconds that count as another line of JSON.

   A position carries the time at which it left: its 32 bits are microseconds of the machine's
   monotonic clock. So its age is what has passed when it arrives at another socket. Nothing that a
   server says slows the load down; the client answers pings and probes, and sends heartbeats.

   With `returns`, who loses a socket comes back with the same cookie, after as long as a browser waits.
   After the seconds that count people go on moving. Each further line on standard input is answered with
   what they have noticed of restarts of the server since then. */

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { TEXT = 1, BINARY = 2, CLOSE = 8, PING = 9, PONG = 10 }; /* RFC 6455, section 5.2 */
enum { BEAT_SECONDS = 15, STABLE_SECONDS = 5, WELCOME_SECONDS = 20 }; /* as a browser */
enum { RESTARTING = 1012, TRY_LATER = 1013, SILENT = 4408, OWN_CODES = 4400 }; /* PROTOCOL.md, Notices and closes */
enum { LOOK_MICROS = 5000 }; /* between two looks for those who connect again */
enum { EVENTS = 512, TURN = 64, ROOM_TEXT = 200, BUFFER = 1 << 17 };

typedef struct {
    int port;
    char path[ROOM_TEXT], name[ROOM_TEXT];
    bool ours[256]; /* the users whom this client put there; the positions of others carry no time */
} Room;

typedef struct {
    int fd;
    enum { CONNECTING, UPGRADING, OPEN, IN } state; /* IN: the person is in the room */
    uint32_t number;     /* among all sockets */
    uint32_t user;       /* by which frames name this person */
    uint32_t clock;      /* of y-protocols' awareness */
    int64_t asked;       /* when the join was due, in microseconds */
    int64_t heard;       /* when a position came, or since when none has */
    Room *room;
    uint8_t *rest, *out; /* received without an end yet; not taken by the kernel yet */
    size_t rest_size, out_size;
    /* With `returns`; times are in microseconds, 0 for none. */
    char cookie[200];
    int64_t entered, ended, due; /* when this person came in last, lost the socket, and connects again */
    int64_t longest;             /* the longest time without a position of others */
    int64_t lacking;             /* since when somebody is missing on this person's roster */
    int code, notice, retry, attempts;
    uint32_t others;             /* on the roster, which is `known` */
    bool known[256];
} Socket;

typedef struct { /* what a server expects of its clients */
    const char *name, *subprotocol;
    int opcode;
    void (*opened)(Socket *);                                        /* the handshake is over */
    size_t (*move)(Socket *, uint32_t stamp, uint8_t *payload);      /* returns the size */
    void (*heard)(Socket *, const uint8_t *payload, size_t size, int64_t now);
    const char *beat;                                                /* the heartbeat, if there is one */
} Speech;

/* Times in microseconds, exact to 1.6 %: 64 steps for each power of two. */
typedef struct {
    uint64_t total, steps[40 * 64];
} Times;

static struct {
    uint64_t moves, blocked, frames, bytes, cursors, lost;
    int64_t silence; /* the longest time in which somebody heard of no move */
    Times ages, late;
} seen;
static struct { /* what people noticed of restarts */
    uint64_t ends, failed; /* sockets of people on a board that ended; attempts that did not get there */
    uint32_t above;  /* by how many a count was above the truth at most */
    uint32_t extra;  /* how many were too many on a roster at most */
    int64_t lacking; /* the longest time for which somebody was missing on a roster */
    Times away;      /* from the end of a socket until the person was back */
} noticed;
static Times joins;
static int64_t youngest; /* the age of the newest position in the frame at hand */
static bool returns, watching; /* whether people come back; whether rosters are complete until a restart */
static uint32_t people;
static uint32_t joined, lost, in_flight;
static int poller;
static bool told; /* standard input has a line */
static const Speech *speech;
static uint8_t buffer[BUFFER + 1]; /* ends with a zero, for strtod */

static int64_t micros(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000LL + t.tv_nsec / 1000;
}

static void die(const char *what) {
    fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void note(Times *times, int64_t value) {
    uint64_t v = value < 0 ? 0 : (uint64_t)value;
    int shift = v < 128 ? 0 : 57 - __builtin_clzll(v);
    times->steps[shift * 64 + (v >> shift)]++;
    times->total++;
}

/* Return the value, in milliseconds, that a share of the times does not exceed; -1 without any. */
static double share_of(const Times *times, double share) {
    double left = share * times->total;
    for (int i = 0; times->total && i < 40 * 64; i++)
        if (times->steps[i] && (left -= times->steps[i]) <= 0) {
            int shift = i < 128 ? 0 : i / 64 - 1;
            return (((uint64_t)i - shift * 64 + 1) << shift) / 1000.0;
        }
    return -1;
}

/* --- sockets --- */

static void watch(Socket *s, int operation) {
    struct epoll_event e = {EPOLLIN | (s->out_size || s->state == CONNECTING ? EPOLLOUT : 0), {.ptr = s}};
    if (epoll_ctl(poller, operation, s->fd, &e)) die("epoll_ctl");
}

/* Return after how long a browser connects again (client/src/protocol/reconnect.ts); -1 for never. */
static int64_t return_delay(const Socket *s) {
    int code = s->code ? s->code : s->notice == 7 ? RESTARTING : s->notice == 8 ? TRY_LATER : 0;
    double most = s->attempts < 6 ? 500e3 * (1 << s->attempts) : 30e6, wait = drand48() * most, retry = s->retry * 1e3;
    if (wait < 100e3) wait = 100e3;
    if (code == SILENT) return s->attempts ? wait : 0;
    if (code >= OWN_CODES) return -1;
    if (code != RESTARTING && code != TRY_LATER) return wait;
    if (code == RESTARTING) return retry > 0 ? retry * drand48() : wait;
    return retry + (s->attempts || !retry ? wait : 0);
}

static void lose(Socket *s) {
    close(s->fd);
    s->fd = -1;
    if (s->state == IN) joined--;
    else in_flight--;
    int64_t now = micros(), delay = returns ? 0 : -1;
    if (returns) {
        if (s->state == IN && now - s->entered >= STABLE_SECONDS * 1000000LL) s->attempts = 0;
        if ((delay = return_delay(s)) >= 0) s->due = now + delay;
        if (s->state == IN) s->ended = now, noticed.ends++;
        else noticed.failed++;
        s->attempts++;
        s->rest_size = s->out_size = 0;
    }
    s->state = CONNECTING;
    if (delay >= 0) return;
    lost++;
    seen.lost++;
}

static void enter(Socket *s) {
    if (s->state == IN) return;
    s->state = IN;
    in_flight--;
    joined++;
    s->entered = micros();
    if (s->ended) note(&noticed.away, s->entered - s->ended);
    else note(&joins, s->entered - s->asked);
    s->ended = 0;
}

/* See who is too many on a person's roster, and for how long somebody has been missing. */
static void look_at_roster(Socket *s) {
    if (!watching) return;
    int64_t now = micros();
    if (s->others + 1 > people && s->others + 1 - people > noticed.extra) noticed.extra = s->others + 1 - people;
    if (s->lacking && now - s->lacking > noticed.lacking) noticed.lacking = now - s->lacking;
    if (s->others + 1 >= people) s->lacking = 0;
    else if (!s->lacking) s->lacking = now;
}

static void know(Socket *s, uint8_t user, bool here) {
    if (user == s->user || s->known[user] == here) return;
    s->known[user] = here;
    s->others += here ? 1 : -1;
}

static void put(Socket *s, const uint8_t *bytes, size_t size) {
    ssize_t done = s->out_size ? 0 : send(s->fd, bytes, size, MSG_NOSIGNAL);
    if (done < 0 && errno != EAGAIN) return; /* the reader will see the end */
    if (done < 0) done = 0;
    if ((size_t)done == size) return;
    s->out = realloc(s->out, s->out_size + size - done);
    memcpy(s->out + s->out_size, bytes + done, size - done);
    s->out_size += size - done;
    watch(s, EPOLL_CTL_MOD);
}

/* Send one masked frame (RFC 6455, section 5.3). The payload is under 64 KiB. */
static void say(Socket *s, int opcode, const void *payload, size_t size) {
    static uint32_t key = 0x9E3779B9;
    uint8_t frame[size + 8], *to = frame;
    key = key * 1664525 + 1013904223;
    *to++ = 0x80 | opcode;
    if (size < 126) {
        *to++ = 0x80 | size;
    } else {
        *to++ = 0x80 | 126;
        *to++ = size >> 8;
        *to++ = size;
    }
    memcpy(to, &key, 4);
    for (size_t i = 0; i < size; i++) to[4 + i] = ((const uint8_t *)payload)[i] ^ to[i % 4];
    put(s, frame, to + 4 + size - frame);
}

static void connect_to(Socket *s, uint32_t sources) {
    struct sockaddr_in from = {.sin_family = AF_INET}, to = {.sin_family = AF_INET};
    int yes = 1;
    if ((s->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0)) < 0) die("socket");
    setsockopt(s->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    /* The kernel chooses the port when it knows the other end, so each address has all ports. */
    setsockopt(s->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &yes, sizeof yes);
    from.sin_addr.s_addr = htonl(INADDR_LOOPBACK + s->number % sources);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    to.sin_port = htons(s->room->port);
    if (sources > 1 && bind(s->fd, (struct sockaddr *)&from, sizeof from)) die("bind");
    if (connect(s->fd, (struct sockaddr *)&to, sizeof to) && errno != EINPROGRESS) die("connect");
    in_flight++;
    watch(s, EPOLL_CTL_ADD);
}

static void handshake(Socket *s) {
    char text[1024];
    const char *offer = speech->subprotocol;
    int size = snprintf(text, sizeof text,
        "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nOrigin: http://127.0.0.1:%d\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        "Sec-WebSocket-Version: 13\r\n%s%s%s%s%s%s\r\n", s->room->path, s->room->port, s->room->port,
        offer ? "Sec-WebSocket-Protocol: " : "", offer ? offer : "", offer ? "\r\n" : "",
        *s->cookie ? "Cookie: " : "", s->cookie, *s->cookie ? "\r\n" : "");
    s->state = UPGRADING;
    put(s, (uint8_t *)text, size);
    watch(s, EPOLL_CTL_MOD);
}

static void writable(Socket *s) {
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(s->fd, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error) { lose(s); return; }
    if (s->state == CONNECTING) { handshake(s); return; }
    ssize_t done = send(s->fd, s->out, s->out_size, MSG_NOSIGNAL);
    if (done <= 0) return;
    memmove(s->out, s->out + done, s->out_size -= done);
    if (!s->out_size) watch(s, EPOLL_CTL_MOD);
}

/* Take the answer to the handshake off the front; return its size, 0 while it has no end. */
static size_t answer(Socket *s, uint8_t *bytes, size_t size) {
    uint8_t *end = memmem(bytes, size, "\r\n\r\n", 4);
    if (!end) return 0;
    if (size < 12 || memcmp(bytes + 9, "101", 3)) {
        if (returns) { lose(s); return 0; }
        fprintf(stderr, "load: refused: %.*s\n", (int)(end - bytes), bytes);
        exit(1);
    }
    static const char set[] = "\r\nset-cookie: ";
    const char *cookie = strcasestr((char *)bytes, set);
    if (returns && cookie && cookie < (char *)end) sscanf(cookie + strlen(set), "%199[^;\r]", s->cookie);
    s->state = OPEN;
    speech->opened(s);
    return end + 4 - bytes;
}

static void hear(Socket *s, int64_t now) {
    if (now - s->heard > seen.silence) seen.silence = now - s->heard;
    if (now - s->heard > s->longest) s->longest = now - s->heard;
    s->heard = now;
}

/* Handle the frame at the front; return its size, 0 while it is not whole. */
static size_t frame(Socket *s, uint8_t *bytes, size_t size, int64_t now) {
    size_t head = 2, payload;
    if (size < head) return 0;
    payload = bytes[1] & 0x7F;
    if (payload >= 126) {
        head += payload == 126 ? 2 : 8;
        if (size < head) return 0;
        payload = 0;
        for (size_t i = 2; i < head; i++) payload = payload << 8 | bytes[i];
    }
    if (size < head + payload) return 0;
    int opcode = bytes[0] & 0x0F;
    if (opcode == PING) {
        say(s, PONG, bytes + head, payload);
    } else if (opcode == TEXT || opcode == BINARY) {
        uint64_t before = seen.cursors;
        youngest = INT64_MAX;
        speech->heard(s, bytes + head, payload, now);
        if (seen.cursors > before) seen.frames++;
        /* The positions that a newcomer is told are no sign that anybody moves. */
        if (youngest < now - s->entered) hear(s, now);
        seen.bytes += head + payload;
    } else if (opcode == CLOSE && returns) {
        if (payload >= 2) s->code = bytes[head] << 8 | bytes[head + 1];
        say(s, CLOSE, bytes + head, payload);
    } else if (opcode == CLOSE) {
        fprintf(stderr, "load: the server closed with %d\n", bytes[head] << 8 | bytes[head + 1]);
    }
    return head + payload;
}

static void readable(Socket *s) {
    size_t size = s->rest_size, at = 0, taken;
    if (size) memcpy(buffer, s->rest, size);
    ssize_t got = recv(s->fd, buffer + size, BUFFER - size, 0);
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) { lose(s); return; }
    size += got;
    int64_t now = micros();
    do {
        taken = s->state >= OPEN ? frame(s, buffer + at, size - at, now) : answer(s, buffer, size);
        at += taken;
    } while (taken && at < size);
    if (s->fd < 0) return; /* it was refused */
    s->rest_size = size - at;
    if (s->rest_size) memcpy(s->rest = realloc(s->rest, s->rest_size), buffer + at, s->rest_size);
}

/* --- what servers expect --- */

static void cursor(uint32_t stamp, int64_t now) {
    int64_t age = (uint32_t)now - stamp;
    seen.cursors++;
    note(&seen.ages, age);
    if (age < youngest) youngest = age;
}

static uint32_t read_stamp(const uint8_t *p) { return (uint32_t)p[0] << 24 | p[1] << 16 | p[2] << 8 | p[3]; }

static size_t write_stamp(uint8_t *to, uint8_t type, uint32_t stamp) {
    uint8_t bytes[] = {type, stamp >> 24, stamp >> 16, stamp >> 8, stamp};
    memcpy(to, bytes, sizeof bytes);
    return sizeof bytes;
}

/* presence.v1 (PROTOCOL.md). Everybody in a room gets the same frame, so a person's own cursor is in it. */
static void presence_opened(Socket *s) { say(s, BINARY, "\3\0\0\0", 4); }

static size_t presence_move(Socket *s, uint32_t stamp, uint8_t *to) { (void)s; return write_stamp(to, 1, stamp); }

/* Take in who is on the board, and how many people are said to be. */
static void presence_told(Socket *s, const uint8_t *p, size_t size) {
    if (p[0] == 0x05 || p[0] == 0x06) {
        know(s, p[3], p[0] == 0x05);
    } else if (p[0] == 0x0A) {
        memset(s->known, 0, sizeof s->known);
        s->others = 0;
        for (size_t at = 4; at + 6 <= size; at += 6 + p[at + 5]) know(s, p[at], true);
    } else if (p[0] == 0x07 && watching && p[3] > people && p[3] - people > noticed.above) {
        noticed.above = p[3] - people;
    } else if (p[0] == 0x0E) {
        s->notice = p[1];
        s->retry = p[2] << 8 | p[3];
    }
    if (p[0] == 0x05 || p[0] == 0x06 || p[0] == 0x0A) look_at_roster(s);
}

static void presence_heard(Socket *s, const uint8_t *p, size_t size, int64_t now) {
    if (p[0] == 0x02) {
        for (size_t at = 1; at + 5 <= size; at += 5)
            if (p[at] != s->user && s->room->ours[p[at]]) cursor(read_stamp(p + at + 1), now);
    } else if (p[0] == 0x0D) {
        say(s, BINARY, p, size);
    } else if (p[0] == 0x09) {
        s->user = p[3];
        s->room->ours[s->user] = true;
        enter(s);
    } else if (returns) {
        presence_told(s, p, size);
    }
}

/* A bare relay: 5 bytes in, and 6 out, with the sender's id, to all others in the room. */
static void raw_heard(Socket *s, const uint8_t *p, size_t size, int64_t now) {
    (void)s;
    if (size == 6) cursor(read_stamp(p + 2), now);
}

/* JSON has x and y as fractions of five places, which is enough to carry 16 bits each. */
static size_t write_json(uint8_t *to, const char *before, uint32_t stamp, const char *after) {
    return sprintf((char *)to, "%s\"x\":%.5f,\"y\":%.5f%s", before, (stamp >> 16) / 65535.0,
                   (stamp & 0xFFFF) / 65535.0, after);
}

static bool read_json(const uint8_t *p, size_t size, uint32_t *stamp) {
    const uint8_t *x = memmem(p, size, "\"x\":", 4), *y = memmem(p, size, "\"y\":", 4);
    if (!x || !y) return false;
    *stamp = (uint32_t)(strtod((char *)x + 4, NULL) * 65535 + 0.5) << 16
           | (uint32_t)(strtod((char *)y + 4, NULL) * 65535 + 0.5);
    return true;
}

/* Channels and JSON, after Channels' tutorial: the group has the sender in it. */
static size_t json_move(Socket *s, uint32_t stamp, uint8_t *to) {
    char before[64];
    sprintf(before, "{\"type\":\"cursor\",\"id\":%u,", s->number);
    return write_json(to, before, stamp, "}");
}

static void json_heard(Socket *s, const uint8_t *p, size_t size, int64_t now) {
    const uint8_t *id = memmem(p, size, "\"id\":", 5);
    uint32_t stamp;
    if (id && strtoul((char *)id + 5, NULL, 10) != s->number && read_json(p, size, &stamp)) cursor(stamp, now);
}

/* Socket.IO 4: Engine.IO's packet type, then Socket.IO's (socket.io-protocol). */
static void io_opened(Socket *s) { (void)s; }

static size_t io_move(Socket *s, uint32_t stamp, uint8_t *to) {
    (void)s;
    return write_json(to, "42[\"cursor\",{", stamp, "}]");
}

static void io_heard(Socket *s, const uint8_t *p, size_t size, int64_t now) {
    uint32_t stamp;
    if (p[0] == '0') say(s, TEXT, "40", 2);
    else if (p[0] == '2') say(s, TEXT, "3", 1);
    else if (size > 1 && p[1] == '0') enter(s);
    else if (read_json(p, size, &stamp)) cursor(stamp, now);
}

/* y-protocols' awareness: lists of client, clock and a state in JSON, with lib0's variable integers. */
static size_t write_var(uint8_t *to, uint32_t n) {
    size_t size = 0;
    for (; n > 127; n >>= 7) to[size++] = 0x80 | n;
    to[size++] = n;
    return size;
}

static uint32_t read_var(const uint8_t **p) {
    uint32_t n = 0;
    for (int shift = 0;; shift += 7) {
        uint8_t byte = *(*p)++;
        n |= (uint32_t)(byte & 127) << shift;
        if (byte < 128) return n;
    }
}

static size_t write_text(uint8_t *to, const void *text, size_t size) {
    size_t head = write_var(to, size);
    memcpy(to + head, text, size);
    return head + size;
}

static size_t write_awareness(Socket *s, uint32_t stamp, uint8_t *to) {
    uint8_t state[100], update[200];
    size_t size = write_json(state, "{\"cursor\":{", stamp, "}}"), at = write_var(update, 1);
    at += write_var(update + at, s->number + 1);
    at += write_var(update + at, ++s->clock);
    at += write_text(update + at, state, size);
    return write_text(to, update, at);
}

static void read_awareness(Socket *s, const uint8_t *p, int64_t now) {
    read_var(&p);
    for (uint32_t left = read_var(&p); left; left--) {
        uint32_t client = read_var(&p), stamp;
        read_var(&p);
        uint32_t size = read_var(&p);
        if (client != s->number + 1 && read_json(p, size, &stamp)) cursor(stamp, now);
        p += size;
    }
}

static size_t y_move(Socket *s, uint32_t stamp, uint8_t *to) {
    size_t at = write_var(to, 1);
    return at + write_awareness(s, stamp, to + at);
}

static void y_heard(Socket *s, const uint8_t *p, size_t size, int64_t now) {
    (void)size;
    if (*p++ == 1) read_awareness(s, p, now);
    else enter(s); /* the server began to synchronise its empty document */
}

/* Hocuspocus has the name of the document before each message. */
static size_t write_document(Socket *s, uint8_t *to, uint8_t type) {
    size_t at = write_text(to, s->room->name, strlen(s->room->name));
    to[at] = type;
    return at + 1;
}

static void hocus_opened(Socket *s) {
    uint8_t frame[ROOM_TEXT + 20];
    size_t at = write_document(s, frame, 2); /* authentication: a token, here empty */
    at += write_var(frame + at, 0);
    at += write_text(frame + at, "", 0);
    say(s, BINARY, frame, at);
}

static size_t hocus_move(Socket *s, uint32_t stamp, uint8_t *to) {
    size_t at = write_document(s, to, 1);
    return at + write_awareness(s, stamp, to + at);
}

static void hocus_heard(Socket *s, const uint8_t *p, size_t size, int64_t now) {
    (void)size;
    uint32_t name = read_var(&p);
    p += name;
    uint32_t type = read_var(&p);
    if (type == 1) read_awareness(s, p, now);
    else if (type == 2) enter(s);
}

static const Speech SPEECHES[] = {
    {"presence", "presence.v1", BINARY, presence_opened, presence_move, presence_heard, "\x08"},
    {"raw", NULL, BINARY, enter, presence_move, raw_heard, NULL},
    {"json", NULL, TEXT, enter, json_move, json_heard, NULL},
    {"socketio", NULL, TEXT, io_opened, io_move, io_heard, NULL},
    {"y", NULL, BINARY, io_opened, y_move, y_heard, NULL},
    {"hocuspocus", NULL, BINARY, hocus_opened, hocus_move, hocus_heard, NULL},
};

/* --- the load --- */

static Room *read_rooms(uint32_t *count) {
    char line[2 * ROOM_TEXT + 20];
    Room *rooms = NULL;
    for (*count = 0; fgets(line, sizeof line, stdin) && line[0] != '\n'; ++*count) {
        rooms = realloc(rooms, (*count + 1) * sizeof *rooms);
        Room *r = rooms + *count;
        *r = (Room){0};
        if (sscanf(line, "%d %199s %199s", &r->port, r->path, r->name) != 3) die("a room is not \"port path name\"");
    }
    return rooms;
}

static Socket *sockets;
static uint32_t total, opened, window, sources;
static double join_rate, rate; /* joins a second, 0: as fast as `window` at a time go; moves a second of all */
static int64_t join_start, start, sent, next_look, beats; /* those of sockets that are not there any more are counted */

/* All people's heartbeats are evenly spread. */
static int64_t beat_due(void) { return join_start + (int64_t)((beats + 1) * 1e6 * BEAT_SECONDS / total); }

static void beat(void) {
    for (; speech->beat && beat_due() <= micros(); beats++) {
        Socket *s = sockets + beats % total;
        if (s->state == IN && !s->out_size) say(s, speech->opcode, speech->beat, strlen(speech->beat));
    }
}

/* Connect those again who have waited long enough, and give up those who wait in vain. */
static void bring_back(void) {
    int64_t now = micros();
    if (!returns || joined + lost == total || now < next_look) return;
    next_look = now + LOOK_MICROS;
    for (Socket *s = sockets; s < sockets + opened; s++) {
        if (s->fd >= 0 && s->state != IN && now - s->asked > WELCOME_SECONDS * 1000000LL) {
            lose(s);
        } else if (s->fd < 0 && s->due && s->due <= now) {
            s->code = s->notice = s->retry = s->due = 0;
            s->asked = now;
            connect_to(s, sources);
        }
    }
}

/* Wait for sockets until a time, and handle them. `due` is called now and then, for what is due. */
static void turn(int64_t until, void (*due)(void)) {
    struct epoll_event events[EVENTS];
    if (speech->beat && beat_due() < until) until = beat_due();
    if (returns && joined + lost < total && next_look < until) until = next_look;
    int64_t wait = until - micros();
    if (wait < 0) wait = 0;
    struct timespec t = {wait / 1000000, wait % 1000000 * 1000};
    int count = epoll_pwait2(poller, events, EVENTS, &t, NULL);
    if (count < 0 && errno != EINTR) die("epoll_pwait2 (needs Linux 5.11)");
    for (int i = 0; i < count; i++) {
        Socket *s = events[i].data.ptr;
        if (i % TURN == TURN - 1) due();
        if (!s) told = true;
        else if (events[i].events & EPOLLOUT) writable(s);
        if (s && s->fd >= 0 && events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) readable(s);
    }
    due();
    beat();
    bring_back();
}

static int64_t join_due(void) { return join_start + (join_rate ? (int64_t)(opened / join_rate * 1e6) : 0); }

static void join(void) {
    while (opened < total && (join_rate ? join_due() <= micros() : in_flight < window)) {
        Socket *s = sockets + opened;
        s->asked = join_rate ? join_due() : micros();
        opened++;
        connect_to(s, sources);
    }
}

/* The moves of all people are evenly spread, and so are those of the people of each room. Who is late
   sends no more than TURN at once, or nothing would be received. */
static int64_t move_due(void) { return start + (int64_t)(sent / rate * 1e6); }

static void move(void) {
    uint8_t payload[1024];
    int64_t due, now;
    for (int left = TURN; left && rate && (due = move_due()) <= (now = micros()); left--) {
        Socket *s = sockets + sent++ % total;
        if (s->state != IN) continue;
        if (s->out_size) { seen.blocked++; continue; }
        note(&seen.late, now - due);
        say(s, speech->opcode, payload, speech->move(s, now, payload));
        seen.moves++;
    }
}

static void idle(void) {}

static char line[64];

static double cpu(void) {
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return u.ru_utime.tv_sec + u.ru_stime.tv_sec + (u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

/* Go on until standard input has another line, which is in `line` then; false at its end. */
static bool next_line(void (*due)(void)) {
    struct epoll_event input = {EPOLLIN, {.ptr = NULL}};
    if (epoll_ctl(poller, EPOLL_CTL_ADD, 0, &input)) die("standard input");
    for (told = false; !told;) {
        int64_t until = micros() + 1000000;
        turn(due == move && rate && move_due() < until ? move_due() : until, due);
    }
    epoll_ctl(poller, EPOLL_CTL_DEL, 0, NULL);
    return fgets(line, sizeof line, stdin);
}

static void tell_of_restarts(void) {
    Times gaps = {0};
    int64_t now = micros();
    for (Socket *s = sockets; s < sockets + total; s++) {
        int64_t gap = now - s->heard;
        note(&gaps, gap > s->longest ? gap : s->longest);
        look_at_roster(s);
    }
    printf("{\"ends\": %" PRIu64 ", \"failed\": %" PRIu64 ", \"out\": %u, \"above\": %u, \"extra\": %u, \"lacking\": %.3f, "
           "\"away_p50\": %.3f, \"away_p99\": %.3f, \"away_most\": %.3f, "
           "\"gap_p50\": %.3f, \"gap_p99\": %.3f, \"gap_most\": %.3f}\n", noticed.ends, noticed.failed, total - joined,
           noticed.above, noticed.extra, noticed.lacking / 1000.0, share_of(&noticed.away, 0.5), share_of(&noticed.away, 0.99),
           share_of(&noticed.away, 1), share_of(&gaps, 0.5), share_of(&gaps, 0.99), share_of(&gaps, 1));
    fflush(stdout);
}

int main(int count, char **words) {
    if (count != 11) die("usage: load SPEECH PEOPLE RATE WARM_UP SECONDS WINDOW JOIN_RATE PATIENCE SOURCES RETURNS");
    for (size_t i = 0; i < sizeof SPEECHES / sizeof *SPEECHES; i++)
        if (!strcmp(words[1], SPEECHES[i].name)) speech = SPEECHES + i;
    if (!speech) die("no such speech");
    double warm_up = atof(words[4]), seconds = atof(words[5]), patience = atof(words[8]);
    window = atoi(words[6]);
    join_rate = atof(words[7]);
    sources = atoi(words[9]);
    returns = atoi(words[10]);
    uint32_t room_count;
    Room *rooms = read_rooms(&room_count);
    people = atoi(words[2]);
    total = people * room_count;
    rate = atof(words[3]) * total;
    sockets = calloc(total, sizeof *sockets);
    for (uint32_t i = 0; i < total; i++) sockets[i] = (Socket){.fd = -1, .number = i, .room = rooms + i % room_count};
    if ((poller = epoll_create1(0)) < 0) die("epoll_create1");

    join_start = micros();
    int64_t give_up = join_start + (int64_t)(patience * 1e6);
    while (joined + lost < total && micros() < give_up) {
        join();
        int64_t until = join_rate && opened < total ? join_due() : give_up;
        turn(until < give_up ? until : give_up, join);
    }
    printf("{\"joined\": %u, \"lost\": %u, \"seconds\": %.3f, \"p50\": %.3f, \"p99\": %.3f}\n", joined, lost,
           (micros() - join_start) / 1e6, share_of(&joins, 0.5), share_of(&joins, 0.99));
    fflush(stdout);

    if (!next_line(idle)) return 0;
    start = (int64_t)(atof(line) * 1e6);
    int64_t begin = start + (int64_t)(warm_up * 1e6), end = begin + (int64_t)(seconds * 1e6);
    while (micros() < begin) turn(rate && move_due() < begin ? move_due() : begin, move);
    memset(&seen, 0, sizeof seen);
    for (uint32_t i = 0; i < total; i++) sockets[i].heard = begin;
    double used = cpu();
    while (micros() < end) turn(rate && move_due() < end ? move_due() : end, move);
    used = cpu() - used;
    for (uint32_t i = 0; i < total; i++)
        if (sockets[i].state == IN) hear(sockets + i, end);
    printf("{\"moves\": %" PRIu64 ", \"blocked\": %" PRIu64 ", \"frames\": %" PRIu64 ", \"bytes\": %" PRIu64
           ", \"cursors\": %" PRIu64 ", \"lost\": %" PRIu64 ", \"cpu\": %.6f, \"age_p50\": %.3f, \"age_p99\": %.3f, "
           "\"late_p50\": %.3f, \"late_p99\": %.3f, \"silence\": %.3f}\n", seen.moves, seen.blocked, seen.frames, seen.bytes,
           seen.cursors, seen.lost, used, share_of(&seen.ages, 0.5), share_of(&seen.ages, 0.99),
           share_of(&seen.late, 0.5), share_of(&seen.late, 0.99), seen.silence / 1000.0);
    fflush(stdout);

    memset(&noticed, 0, sizeof noticed);
    watching = true;
    for (uint32_t i = 0; i < total; i++) {
        sockets[i].longest = 0;
        look_at_roster(sockets + i);
    }
    while (returns && next_line(move)) tell_of_restarts();
    return 0;
}
