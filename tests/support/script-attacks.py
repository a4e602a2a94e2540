# Attacks of a reviewed script on the device. The test writes PARAMETERS as JSON in front of this text. Each attack raises an error if the
# device refuses it. The output has one JSON line with the result of each attack: "succeeded", or the refusal.
import ctypes
import fcntl
import json
import mmap
import os
import resource
import signal
import socket
import struct
import subprocess
import sys
import threading
import time

AGENT = PARAMETERS["agent"]
HOME = PARAMETERS["home"]
HELPER = PARAMETERS["helper"]
ARM = os.uname().machine == "aarch64"
libc = ctypes.CDLL(None, use_errno=True)
results = {}


def attack(name):
    def run(function):
        try:
            function()
            results[name] = "succeeded"
        except BaseException as error:
            results[name] = f"{type(error).__name__}: {error}"

    return run


def checked(value):
    if value == -1:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return value


def syscall(number, *values):
    return checked(libc.syscall(ctypes.c_long(number), *values))


def number(x64, arm64):
    return arm64 if ARM else x64


def in_child(work):
    """Runs the work in a child, because the kernel may end the process."""
    child = os.fork()
    if child == 0:
        try:
            work()
            os._exit(0)
        except BaseException:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    if status != 0:
        raise OSError(f"status {status}")


def connected(connection, path):
    connection.settimeout(5)
    connection.connect(path)
    connection.sendall(b'{"op":"status"}\n')
    if not connection.recv(1):
        raise OSError("no answer")


# Unix sockets.
for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_SEQPACKET):
    attack(f"create a Unix socket of the kind {int(kind)}")(lambda: socket.socket(socket.AF_UNIX, kind))
attack("ask the system helper")(lambda: connected(socket.socket(socket.AF_UNIX), HELPER))
attack("ask the agent")(lambda: connected(socket.socket(socket.AF_UNIX), HOME + "/agent.sock"))
attack("bind an abstract Unix socket")(lambda: socket.socket(socket.AF_UNIX).bind("\0cordon-attack"))
attack("create a pair of datagram sockets")(lambda: socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM))


@attack("connect one socket of a pair again")
def _():
    one, other = socket.socketpair()
    other.close()
    connected(one, HELPER)


attack("connect the socket of the output again")(lambda: connected(socket.socket(fileno=os.dup(1)), HELPER))
attack("set up io_uring")(lambda: syscall(425, 8, ctypes.create_string_buffer(120)))
if not ARM:

    @attack("create a Unix socket with the 32-bit system call")
    def _():
        code = bytes.fromhex("53b867010000bb01000000b90100000031d2cd805bc3")
        memory = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
        memory.write(code)
        call = ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(memory)))

        def work():
            if call() < 0:
                raise OSError("refused")

        in_child(work)

    attack("create a Unix socket with the x32 system call")(
        lambda: in_child(lambda: syscall(0x40000000 + 41, socket.AF_UNIX, socket.SOCK_STREAM, 0))
    )
for name, family, protocol in (("VSOCK", 40, 0), ("ALG", 38, 0), ("TIPC", 30, 0), ("NETLINK of uevents", 16, 15)):
    attack(f"create a socket of the family {name}")(
        lambda: socket.socket(family, socket.SOCK_DGRAM if family != 38 else socket.SOCK_SEQPACKET, protocol)
    )

# Files of the agent.
attack("read the private key")(lambda: open(HOME + "/identity/key.pem").read())
attack("read the token of the agent's socket")(lambda: open(HOME + "/agent.sock.token").read())
attack("read the token of the system helper")(lambda: open(HELPER + ".token").read())
attack("link the private key into the script's folder")(lambda: os.link(HOME + "/identity/key.pem", "key"))
attack("list the agent's folder")(lambda: os.listdir(HOME))
attack("write into the agent's folder")(lambda: open(HOME + "/new", "w"))
attack("open the agent's folder for other users")(lambda: os.chmod(HOME, 0o755))
attack("open the agent's folder for other users with fchmodat2")(
    lambda: syscall(452, -100, HOME.encode(), 0o755, 0)
)
attack("give the agent's folder to a group")(lambda: os.chown(HOME, -1, os.getgroups()[0]))
attack("write an attribute of the agent's folder")(lambda: os.setxattr(HOME, "user.attack", b"1"))
KEY = HOME + "/identity/key.pem"
NOW = struct.pack("QQQQ", 1, 0, 1, 0)
attack("change the times of the private key")(lambda: os.utime(KEY, (1, 1)))
attack("change the times of the private key through a descriptor")(
    lambda: syscall(number(280, 88), os.open(KEY, os.O_PATH), b"", NOW, 0x1000)
)
if not ARM:
    for name, call in (("utime", 132), ("utimes", 235)):
        attack(f"change the times of the private key with {name}(2)")(lambda: syscall(call, KEY.encode(), NOW))
    attack("change the times of the private key with futimesat(2)")(lambda: syscall(261, -100, KEY.encode(), NOW))
# These calls need no right to write. A file of the script stands for a file of a person that the script may read.
OWN = os.open("readable", os.O_RDONLY | os.O_CREAT, 0o600)
attack("give an open file to a group")(lambda: os.fchown(OWN, -1, os.getgid()))
attack("write an attribute of an open file")(lambda: os.setxattr(OWN, "user.attack", b"1"))
attack("change flags of an open file")(lambda: fcntl.ioctl(OWN, 0x40086602, struct.pack("Q", 0x80)))
attack("change the project of an open file")(lambda: fcntl.ioctl(OWN, 0x401C5820, bytes(28)))
attack("delay other programs that open a file")(lambda: fcntl.fcntl(OWN, 1024, fcntl.F_WRLCK))
attack("watch an open folder")(lambda: fcntl.fcntl(os.open("/etc", os.O_RDONLY), 1026, 2))
attack("open a file by its handle")(lambda: syscall(number(304, 265), OWN, bytes(32), 0))
for path in ("/tmp/attack", "/var/tmp/attack", "/dev/shm/attack", "/var/spool/cron/attack", "/run/attack", HOME + "/.bashrc"):
    attack(f"write {path}")(lambda: open(path, "w"))
for path in ("/proc/self/oom_score_adj", "/proc/self/coredump_filter", "/proc/sys/kernel/core_pattern"):
    attack(f"write {path}")(lambda: open(path, "r+"))
attack("create a set-user-ID file that other users reach")(
    lambda: os.rename("readable", "/tmp/readable") or os.chmod("/tmp/readable", 0o4755)
)


@attack("inherit a descriptor of the agent")
def _():
    folder = os.open("/proc/self/fd", os.O_RDONLY)
    inherited = [fd for fd in map(int, os.listdir("/proc/self/fd")) if fd > 2 and fd not in (folder, OWN)]
    targets = {fd: os.readlink(f"/proc/self/fd/{fd}") for fd in inherited if os.path.exists(f"/proc/self/fd/{fd}")}
    # This program opens files of its own folder, such as its text.
    own = (os.getcwd(), "/proc/", "/etc", HOME, "/dev/null")
    foreign = {fd: path for fd, path in targets.items() if not path.startswith(own)}
    if not foreign:
        raise OSError("only standard input and output")
    print('foreign:', foreign)


attack("watch the agent's folder")(lambda: checked(libc.inotify_add_watch(libc.inotify_init(), HOME.encode(), 0x100)))
attack("read shared memory of the agent's user")(lambda: open(PARAMETERS["shared"]).read())
attack("list the runtime folders of users")(lambda: os.listdir("/run/user" if os.path.exists("/run/user") else "/run"))
attack("change the system-call filter of the next script")(lambda: open("../filter", "wb"))
attack("change the text of the script")(lambda: open(sys.argv[0], "r+"))
attack("replace the text of the script")(lambda: os.replace(__file__ + ".new", __file__) or open("../script", "w"))

# Memory and descriptors of the agent, and of another program of the script's user.
def take_over(who, process):
    for name in ("environ", "maps", "auxv", "io"):
        attack(f"read /proc/{who}/{name}")(lambda: open(f"/proc/{process}/{name}", "rb").read(1))
    for mode in ("rb", "r+b"):
        attack(f"open /proc/{who}/mem with {mode}")(lambda: open(f"/proc/{process}/mem", mode))
    for name in ("cwd", "root", "exe", "fd/0"):
        attack(f"follow /proc/{who}/{name}")(lambda: os.readlink(f"/proc/{process}/{name}"))
    attack(f"attach a debugger to {who}")(lambda: checked(libc.ptrace(16, process, 0, 0)))

    @attack(f"read the memory of {who}")
    def _():
        buffer = ctypes.create_string_buffer(8)
        here, there = struct.pack("QQ", ctypes.addressof(buffer), 8), struct.pack("QQ", 0x400000, 8)
        checked(libc.process_vm_readv(process, here, 1, there, 1, 0))

    attack(f"take a descriptor of {who}")(lambda: syscall(438, os.pidfd_open(process), 0, 0))
    attack(f"compare descriptors of {who}")(lambda: syscall(number(312, 272), process, os.getpid(), 0, 0, 0))
    attack(f"change the limits of {who}")(
        lambda: resource.prlimit(process, resource.RLIMIT_CORE, resource.prlimit(process, resource.RLIMIT_CORE))
    )


take_over("AGENT", AGENT)
take_over("OTHER", PARAMETERS["other"])
attack("read the private key through /proc/AGENT/root")(
    lambda: open(f"/proc/{AGENT}/root{HOME}/identity/key.pem").read()
)
# The agent finds the processes of a script by this limit.
LOCKS = 10
attack("lower the limit that marks the script")(lambda: resource.setrlimit(LOCKS, (0, 0)))
attack("lower the limit that marks the script with setrlimit(2)")(
    lambda: syscall(number(160, 164), LOCKS, struct.pack("QQ", 0, 0))
)

# Namespaces, mounts, keys and kernel interfaces.
NEW_USER = 0x10000000
attack("create a user namespace")(lambda: in_child(lambda: checked(libc.unshare(NEW_USER))))


@attack("create a user namespace with clone")
def _():
    child = syscall(number(56, 220), NEW_USER | signal.SIGCHLD, 0, 0, 0, 0)
    if child == 0:
        os._exit(0)


attack("mount a file system")(lambda: checked(libc.mount(b"none", b".", b"tmpfs", 0, None)))
attack("copy a mount")(lambda: syscall(428, -100, b"/", 1))
attack("open the session keyring")(lambda: syscall(number(250, 219), 0, -3, 1))
attack("add a key")(lambda: syscall(number(248, 217), b"user", b"attack", b"1", 1, -4))
attack("create System V shared memory")(lambda: syscall(number(29, 194), 0, 4096, 0o600 | 0o1000))
QUEUE, SEMAPHORES, MEMORY = PARAMETERS["queue"], PARAMETERS["semaphores"], PARAMETERS["memory"]
attack("send to a message queue of another program")(
    lambda: syscall(number(69, 189), QUEUE, struct.pack("q8s", 1, b"attack"), 8, 0o4000)
)
attack("receive from a message queue of another program")(
    lambda: syscall(number(70, 188), QUEUE, ctypes.create_string_buffer(64), 8, 0, 0o4000)
)
attack("change semaphores of another program")(
    lambda: syscall(number(65, 193), SEMAPHORES, struct.pack("HhH", 0, 1, 0), 1)
)
attack("change semaphores of another program with semtimedop(2)")(
    lambda: syscall(number(220, 192), SEMAPHORES, struct.pack("HhH", 0, 1, 0), 1, None)
)
attack("read System V shared memory of another program")(
    lambda: syscall(number(30, 196), MEMORY, None, 0o10000)
)
for name, call, target in (
    ("a message queue", number(71, 187), (QUEUE, 0)),
    ("semaphores", number(66, 191), (SEMAPHORES, 0, 0)),
    ("shared memory", number(31, 195), (MEMORY, 0)),
):
    attack(f"remove {name} of another program")(lambda: syscall(call, *target))
attack("remove a POSIX message queue of another program")(lambda: syscall(number(241, 181), b"cordon-test"))
attack("create a message queue")(lambda: checked(libc.mq_open(b"/attack", os.O_CREAT | os.O_RDWR, 0o600, None)))
attack("load a BPF program")(lambda: syscall(number(321, 280), 0, ctypes.create_string_buffer(128), 128))
attack("handle page faults")(lambda: syscall(number(323, 282), 1))
attack("open a performance counter")(
    lambda: syscall(number(298, 241), struct.pack("II", 1, 112) + bytes(104), 0, -1, -1, 0)
)

# Signals. SIGUSR1 makes Node open its debugger on loopback, and SIGSTOP freezes the agent.
USR1 = signal.SIGUSR1
attack("signal the agent to open its debugger")(lambda: os.kill(AGENT, USR1))
attack("signal a thread of the agent")(lambda: syscall(number(234, 131), AGENT, AGENT, int(USR1)))
attack("signal a task of the agent")(lambda: syscall(number(200, 130), AGENT, int(USR1)))
information = struct.pack("iiiiii", int(USR1), 0, -1, 0, os.getpid(), os.getuid()) + bytes(104)
attack("queue a signal to the agent")(lambda: syscall(number(129, 138), AGENT, int(USR1), information))
attack("queue a signal to a thread of the agent")(
    lambda: syscall(number(297, 240), AGENT, AGENT, int(USR1), information)
)
attack("signal the agent through a descriptor")(lambda: signal.pidfd_send_signal(os.pidfd_open(AGENT), USR1))


@attack("let the kernel signal the agent")
def _():
    reading, writing = os.pipe()
    fcntl.fcntl(reading, fcntl.F_SETSIG, int(USR1))
    fcntl.fcntl(reading, fcntl.F_SETOWN, AGENT)
    fcntl.fcntl(reading, fcntl.F_SETFL, os.O_ASYNC)
    os.write(writing, b"1")


attack("become a child of the agent")(
    lambda: os._exit(0) if syscall(number(56, 220), 0x8000 | int(USR1), 0, 0, 0, 0) == 0 else None
)
time.sleep(1)
attack("connect to the debugger of the agent")(lambda: socket.create_connection(("127.0.0.1", 9229), 2))
attack("freeze the agent")(lambda: (os.kill(AGENT, signal.SIGSTOP), os.kill(AGENT, signal.SIGCONT)))

# What scripts need.
works = {}


def use(name):
    def run(function):
        try:
            works[name] = function()
        except BaseException as error:
            works[name] = f"{type(error).__name__}: {error}"

    return run


def in_thread():
    done = []
    thread = threading.Thread(target=lambda: done.append("done"))
    thread.start()
    thread.join()
    return done[0]


def own_child():
    child = subprocess.Popen(["sleep", "60"])
    child.terminate()
    return child.wait()


def own_pair():
    one, other = socket.socketpair()
    one.sendall(b"pair")
    return other.recv(4).decode()


use("program")(lambda: subprocess.run(["bash", "-c", "cat <(echo sub)"], capture_output=True, text=True).stdout)
use("thread")(in_thread)
use("child")(own_child)
use("pair")(own_pair)
use("file")(lambda: (open("own", "w").write("own"), open("own").read())[1])
use("random")(lambda: len(open("/dev/urandom", "rb").read(8)))
use("network")(lambda: socket.create_connection(("127.0.0.1", PARAMETERS["port"]), 5).recv(5).decode())
use("interfaces")(lambda: "lo" in [name for _, name in socket.if_nameindex()])
use("own limits")(lambda: resource.prlimit(0, resource.RLIMIT_CORE)[0])
use("mark")(lambda: resource.getrlimit(LOCKS)[1] > 0)
use("lower limit")(lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64)))
use("groups")(lambda: os.getgroups())
print(json.dumps({"attacks": results, "works": works}))
sys.stdout.flush()
os._exit(0)
