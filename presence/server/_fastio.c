/* The C form of fastio.py, which says what the functions do, and why these limits.
 *
 * Nothing here waits, so both functions keep the GIL. Sending to 200 sockets takes 0.2 ms; where
 * they released it, a busy thread might return it only after 5 ms (sys.getswitchinterval).
 *
 * The limited API makes one build serve every Python from 3.11 on. It costs no time here.
 */
#define PY_SSIZE_T_CLEAN
#define Py_LIMITED_API 0x030B0000
#include <Python.h>

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <sys/epoll.h>
#include <sys/socket.h>

enum {
    READY_SOCKETS = 128,
    READ_SIZE = 512,
    SMALL = 125,
    HEADER = 6, /* two bytes, then the four of the mask */
    FINAL_BINARY = 0x82,
    MASKED = 0x80,
};

static bool
would_block(void)
{
    return errno == EAGAIN || errno == EWOULDBLOCK;
}

static bool
append_bytes(PyObject *list, const unsigned char *data, Py_ssize_t size)
{
    PyObject *item = PyBytes_FromStringAndSize((const char *)data, size);
    bool done = item != NULL && PyList_Append(list, item) == 0;
    Py_XDECREF(item);
    return done;
}

/* Unmask, in place, the frames that `data` begins with, and append their payloads.
 * Return the size of these frames, or -1 with an exception. */
static Py_ssize_t
split(unsigned char *data, Py_ssize_t size, PyObject *payloads)
{
    Py_ssize_t start = 0;
    while (size - start >= HEADER && data[start] == FINAL_BINARY) {
        int length = data[start + 1] - MASKED;
        if (length < 0 || length > SMALL || length > size - start - HEADER)
            break;
        const unsigned char *mask = data + start + 2;
        unsigned char *payload = data + start + HEADER;
        for (int i = 0; i < length; i++)
            payload[i] ^= mask[i % 4];
        if (!append_bytes(payloads, payload, length))
            return -1;
        start += HEADER + length;
    }
    return start;
}

/* The tuple of one socket that was read from: `size` bytes, or none at the end of its stream.
 * NULL with an exception. */
static PyObject *
received_from(int fd, unsigned char *data, Py_ssize_t size, PyObject *raw)
{
    PyObject *number = PyLong_FromLong(fd), *payloads = PyList_New(0);
    PyObject *rest = NULL, *received = NULL;
    if (number == NULL || payloads == NULL)
        goto done;
    if (size > 0) {
        int is_raw = PySequence_Contains(raw, number);
        Py_ssize_t parsed = is_raw == 0 ? split(data, size, payloads) : 0;
        if (is_raw < 0 || parsed < 0)
            goto done;
        rest = PyBytes_FromStringAndSize((const char *)data + parsed, size - parsed);
    } else {
        rest = Py_NewRef(Py_None);
    }
    if (rest != NULL)
        received = PyTuple_Pack(3, number, payloads, rest);
done:
    Py_XDECREF(number);
    Py_XDECREF(payloads);
    Py_XDECREF(rest);
    return received;
}

/* Read once from a socket and append what came, if anything. */
static bool
receive(int fd, PyObject *raw, PyObject *list)
{
    unsigned char data[READ_SIZE];
    ssize_t size;
    do {
        size = recv(fd, data, sizeof data, MSG_DONTWAIT);
    } while (size < 0 && errno == EINTR);
    if (size < 0 && would_block())
        return true;
    PyObject *received = received_from(fd, data, size, raw);
    bool done = received != NULL && PyList_Append(list, received) == 0;
    Py_XDECREF(received);
    return done;
}

static PyObject *
fastio_poll(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t count)
{
    if (count != 2)
        return PyErr_Format(PyExc_TypeError, "poll() takes 2 arguments, not %zd", count);
    int epoll = PyObject_AsFileDescriptor(args[0]);
    if (epoll < 0)
        return NULL;
    struct epoll_event events[READY_SOCKETS];
    int ready;
    do {
        ready = epoll_wait(epoll, events, READY_SOCKETS, 0);
    } while (ready < 0 && errno == EINTR);
    if (ready < 0)
        return PyErr_SetFromErrno(PyExc_OSError);

    PyObject *list = PyList_New(0);
    if (list == NULL)
        return NULL;
    for (int i = 0; i < ready; i++) {
        /* select.epoll.register() stores the descriptor there. */
        if (!receive(events[i].data.fd, args[1], list)) {
            Py_DECREF(list);
            return NULL;
        }
    }
    return list;
}

/* The bytes that the socket took: 0 where it would block, -1 where it failed. */
static Py_ssize_t
send_to(int fd, const char *data, Py_ssize_t size)
{
    ssize_t taken;
    do {
        taken = send(fd, data, (size_t)size, MSG_DONTWAIT | MSG_NOSIGNAL);
    } while (taken < 0 && errno == EINTR);
    return taken < 0 && would_block() ? 0 : taken;
}

/* Read the descriptor fds[index]; -1 is one too. False with an exception. */
static bool
read_fd(PyObject *fds, Py_ssize_t index, int *fd)
{
    PyObject *item = PySequence_GetItem(fds, index);
    if (item == NULL)
        return false;
    long number = PyLong_AsLong(item);
    Py_DECREF(item);
    if (number == -1 && PyErr_Occurred())
        return false;
    if (number < INT_MIN || number > INT_MAX) {
        PyErr_SetString(PyExc_OverflowError, "a file descriptor must fit in a C int");
        return false;
    }
    *fd = (int)number;
    return true;
}

static PyObject *
fastio_send_all(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t count)
{
    char *data;
    Py_ssize_t size;
    if (count != 2)
        return PyErr_Format(PyExc_TypeError, "send_all() takes 2 arguments, not %zd", count);
    if (PyBytes_AsStringAndSize(args[1], &data, &size) < 0)
        return NULL;
    Py_ssize_t sockets = PySequence_Size(args[0]);
    if (sockets < 0)
        return NULL;

    PyObject *unfinished = PyList_New(0);
    if (unfinished == NULL)
        return NULL;
    for (Py_ssize_t i = 0; i < sockets; i++) {
        int fd;
        if (!read_fd(args[0], i, &fd))
            goto failed;
        Py_ssize_t taken = send_to(fd, data, size);
        if (taken == size)
            continue;
        PyObject *item = Py_BuildValue("(nn)", i, taken);
        bool done = item != NULL && PyList_Append(unfinished, item) == 0;
        Py_XDECREF(item);
        if (!done)
            goto failed;
    }
    return unfinished;
failed:
    Py_DECREF(unfinished);
    return NULL;
}

static PyMethodDef methods[] = {
    {"poll", (PyCFunction)(void (*)(void))fastio_poll, METH_FASTCALL, NULL},
    {"send_all", (PyCFunction)(void (*)(void))fastio_send_all, METH_FASTCALL, NULL},
    {NULL, NULL, 0, NULL},
};

static PyModuleDef_Slot slots[] = {{0, NULL}};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "_fastio",
    .m_doc = "The C form of presence.server.fastio.",
    .m_methods = methods,
    .m_slots = slots,
};

PyMODINIT_FUNC PyInit__fastio(void);

PyMODINIT_FUNC
PyInit__fastio(void)
{
    return PyModuleDef_Init(&definition);
}
