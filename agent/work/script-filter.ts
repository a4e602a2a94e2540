/**
 * System-call filter of a script (seccomp(2)), as a program of the kernel's packet filter (BPF). Landlock restricts opened files only. This
 * filter refuses what Landlock does not restrict: sockets that lead to other programs of the machine, changes of file modes, signals that
 * open a debugger or freeze a process, and access to other processes. `setpriv --seccomp-filter` loads it before the script starts.
 */

/** Numbers of a system call on x64 and arm64; null if the architecture does not have it. */
type Numbers = readonly [x64: number, arm64: number | null];

/** Calls that the filter refuses in every case, with the reason of each group. */
export const REFUSED: Readonly<Record<string, Readonly<Record<string, Numbers>>>> = {
  'sockets without the system call socket(2)': {
    io_uring_setup: [425, 425],
    io_uring_enter: [426, 426],
    io_uring_register: [427, 427],
  },
  'memory, descriptors and limits of other processes': {
    ptrace: [101, 117],
    process_vm_readv: [310, 270],
    process_vm_writev: [311, 271],
    process_madvise: [440, 440],
    process_mrelease: [448, 448],
    migrate_pages: [256, 238],
    move_pages: [279, 239],
    kcmp: [312, 272],
    pidfd_getfd: [438, 438],
  },
  // Also the calls that use an existing object: its identifier is a small number that a script can guess.
  'memory, semaphores and queues that processes of one user share': {
    shmget: [29, 194],
    shmat: [30, 196],
    shmctl: [31, 195],
    shmdt: [67, 197],
    semget: [64, 190],
    semop: [65, 193],
    semtimedop: [220, 192],
    semctl: [66, 191],
    msgget: [68, 186],
    msgsnd: [69, 189],
    msgrcv: [70, 188],
    msgctl: [71, 187],
    mq_open: [240, 180],
    mq_unlink: [241, 181],
    mq_timedsend: [242, 182],
    mq_timedreceive: [243, 183],
    mq_notify: [244, 184],
    mq_getsetattr: [245, 185],
  },
  'signals whose number the filter cannot read': {
    rt_sigqueueinfo: [129, 138],
    rt_tgsigqueueinfo: [297, 240],
    pidfd_send_signal: [424, 424],
  },
  'keys of the user': {
    add_key: [248, 217],
    request_key: [249, 218],
    keyctl: [250, 219],
  },
  'modes, owners, times and attributes by path, which Landlock does not restrict': {
    utime: [132, null],
    utimes: [235, null],
    futimesat: [261, null],
    chmod: [90, null],
    fchmodat: [268, 53],
    fchmodat2: [452, 452],
    chown: [92, null],
    lchown: [94, null],
    fchownat: [260, 54],
    setxattr: [188, 5],
    lsetxattr: [189, 6],
    setxattrat: [463, 463],
    removexattr: [197, 14],
    lremovexattr: [198, 15],
    removexattrat: [466, 466],
    file_setattr: [469, 469],
  },
  'owners of a file that the script may only read': {
    fchown: [93, 55],
  },
  'names of files that Landlock hides': {
    inotify_add_watch: [254, 27],
    fanotify_init: [300, 262],
    fanotify_mark: [301, 263],
    open_by_handle_at: [304, 265],
  },
  'namespaces and mounts': {
    unshare: [272, 97],
    setns: [308, 268],
    mount: [165, 40],
    umount2: [166, 39],
    pivot_root: [155, 41],
    chroot: [161, 51],
    open_tree: [428, 428],
    move_mount: [429, 429],
    fsopen: [430, 430],
    fsconfig: [431, 431],
    fsmount: [432, 432],
    fspick: [433, 433],
    mount_setattr: [442, 442],
    open_tree_attr: [467, 467],
  },
  'interfaces of the kernel that exploits often use': {
    bpf: [321, 280],
    perf_event_open: [298, 241],
    userfaultfd: [323, 282],
  },
};

/** Calls that the filter answers as a file system without attributes does, because programs such as sed(1) report every other error. */
export const ABSENT: Readonly<Record<string, Numbers>> = { fsetxattr: [190, 7], fremovexattr: [199, 16] };

const SOCKET: Numbers = [41, 198];
const SOCKETPAIR: Numbers = [53, 199];
const CLONE: Numbers = [56, 220];
const CLONE3: Numbers = [435, 435];
const KILL: Numbers = [62, 129];
const TKILL: Numbers = [200, 130];
const TGKILL: Numbers = [234, 131];
const FCNTL: Numbers = [72, 25];
const IOCTL: Numbers = [16, 29];
const PRLIMIT64: Numbers = [302, 261];
const UTIMENSAT: Numbers = [280, 88];
const SETRLIMIT: Numbers = [160, 164];

/** Address families of socket(2), and the protocol of rtnetlink(7). */
const AF_UNIX = 1;
const AF_INET = 2;
const AF_INET6 = 10;
const AF_NETLINK = 16;
const NETLINK_ROUTE = 0;
/** Connected kinds of Unix sockets. A pair of the kind SOCK_DGRAM could be connected again, to the socket of another program. */
const SOCK_STREAM = 1;
const SOCK_SEQPACKET = 5;
const SOCK_TYPE_MASK = 0xf;
/** SIGUSR1, with which Node opens its debugger, and SIGSTOP, SIGTSTP, SIGTTIN and SIGTTOU, which freeze a process. */
const REFUSED_SIGNALS = [10, 19, 20, 21, 22];
/** CLONE_PARENT, and all flags that create a namespace. */
const REFUSED_CLONE_FLAGS = 0x7e02_8000;
/**
 * Commands of fcntl(2): F_SETSIG would make the kernel send a chosen signal to the owner of a file descriptor, F_SETLEASE would delay other
 * programs that open the file, and F_NOTIFY would watch a folder.
 */
const REFUSED_FCNTL = [10, 1024, 1026];
/** Limit with which the agent marks the processes of a script (`leftover-processes.ts`). */
const RLIMIT_LOCKS = 10;
/** TIOCSTI would write into the input of a terminal. FS_IOC_SETFLAGS and FS_IOC_FSSETXATTR change attributes of a file. */
const REFUSED_IOCTL = [0x5412, 0x4008_6602, 0x401c_5820];

const EPERM = 1;
const EACCES = 13;
const ENOTSUP = 95;
/** Makes the C library use clone(2), whose flags the filter can read. The flags of clone3(2) are in memory. */
const ENOSYS = 38;

interface Architecture {
  /** AUDIT_ARCH_… of linux/audit.h. */
  readonly audit: number;
  readonly number: (numbers: Numbers) => number | null;
}

const ARCHITECTURES: Readonly<Partial<Record<string, Architecture>>> = {
  x64: { audit: 0xc000_003e, number: ([x64]) => x64 },
  arm64: { audit: 0xc000_00b7, number: ([, arm64]) => arm64 },
};
/** First number of a system call in the x32 format of x86-64 (`__X32_SYSCALL_BIT`). */
const X32 = 0x4000_0000;

/** Offsets in `struct seccomp_data`. Arguments have 64 bits, of which these offsets name the lower half (little endian). */
const NUMBER = 0;
const AUDIT_ARCHITECTURE = 4;
const argument = (index: number): number => 16 + 8 * index;

const LOAD = 0x20;
const AND = 0x54;
const JUMP_IF_EQUAL = 0x15;
const JUMP_IF_AT_LEAST = 0x35;
const JUMP_IF_ANY_BIT = 0x45;
const RETURN = 0x06;
const ALLOW = 0x7fff_0000;
const KILL_PROCESS = 0x8000_0000;
const refuse = (errno: number): Instruction => [RETURN, 0x0005_0000 | errno];

/** Operation, value, and the numbers of instructions to skip if a condition is false, and if it is true. */
type Instruction = readonly [operation: number, value: number, ifFalse?: number, ifTrue?: number];

const allow: Instruction = [RETURN, ALLOW];
const load = (offset: number): Instruction => [LOAD, offset];
/** Runs the body if the loaded value equals `value`. */
const ifEqual = (value: number, body: readonly Instruction[]): Instruction[] => [
  [JUMP_IF_EQUAL, value, body.length],
  ...body,
];
/** Returns the result unless the loaded value equals `value`. */
const unlessEqual = (value: number, then: Instruction): Instruction[] => [[JUMP_IF_EQUAL, value, 0, 1], then];
/** Refuses a pointer other than null. */
const requireNull = (index: number): Instruction[] =>
  [argument(index), argument(index) + 4].flatMap((half) => [load(half), ...unlessEqual(0, refuse(EPERM))]);
const ifOneOf = (values: readonly number[], then: Instruction): Instruction[] =>
  values.flatMap((value) => ifEqual(value, [then]));

/** Returns the filter for an architecture, as Node names it; null if there is none for it. `network`: the script may use IP sockets. */
export function scriptFilter(architecture: string, network: boolean): Uint8Array | null {
  const known = ARCHITECTURES[architecture];
  if (known === undefined) return null;
  const rule = (numbers: Numbers, body: readonly Instruction[]): Instruction[] => {
    const number = known.number(numbers);
    return number === null ? [] : ifEqual(number, body);
  };
  const refused = Object.values(REFUSED).flatMap((group) => Object.values(group));
  const signalRule = (numbers: Numbers, index: number): Instruction[] =>
    rule(numbers, [load(argument(index)), ...ifOneOf(REFUSED_SIGNALS, refuse(EPERM)), allow]);
  return encode([
    // A call in the format of another architecture has other numbers, such as the 32-bit calls of x86-64.
    load(AUDIT_ARCHITECTURE),
    [JUMP_IF_EQUAL, known.audit, 0, 1],
    [RETURN, KILL_PROCESS],
    load(NUMBER),
    [JUMP_IF_AT_LEAST, X32, 1],
    [RETURN, KILL_PROCESS],
    ...refused.flatMap((numbers) => rule(numbers, [refuse(EPERM)])),
    ...Object.values(ABSENT).flatMap((numbers) => rule(numbers, [refuse(ENOTSUP)])),
    ...rule(SOCKET, [
      load(argument(0)),
      ...ifOneOf(network ? [AF_INET, AF_INET6] : [], allow),
      ...ifEqual(AF_NETLINK, [load(argument(2)), ...ifOneOf([NETLINK_ROUTE], allow)]),
      refuse(EACCES),
    ]),
    ...rule(SOCKETPAIR, [
      load(argument(0)),
      ...ifEqual(AF_UNIX, [load(argument(1)), [AND, SOCK_TYPE_MASK], ...ifOneOf([SOCK_STREAM, SOCK_SEQPACKET], allow)]),
      refuse(EACCES),
    ]),
    ...rule(CLONE, [load(argument(0)), [JUMP_IF_ANY_BIT, REFUSED_CLONE_FLAGS, 1], refuse(EPERM), allow]),
    ...rule(CLONE3, [refuse(ENOSYS)]),
    ...signalRule(KILL, 1),
    ...signalRule(TKILL, 1),
    ...signalRule(TGKILL, 2),
    ...rule(FCNTL, [load(argument(1)), ...ifOneOf(REFUSED_FCNTL, refuse(EPERM)), allow]),
    ...rule(IOCTL, [load(argument(1)), ...ifOneOf(REFUSED_IOCTL, refuse(EPERM)), allow]),
    // A null pointer instead of a path names an open file, as touch(1) does.
    ...rule(UTIMENSAT, [...requireNull(1), allow]),
    ...rule(SETRLIMIT, [load(argument(0)), ...ifOneOf([RLIMIT_LOCKS], refuse(EPERM)), allow]),
    ...rule(PRLIMIT64, [
      // 0 names the calling process.
      load(argument(0)),
      ...unlessEqual(0, refuse(EPERM)),
      load(argument(1)),
      ...unlessEqual(RLIMIT_LOCKS, allow),
      // A null pointer instead of a new limit only reads the limit.
      ...requireNull(2),
      allow,
    ]),
    allow,
  ]);
}

/** Returns the instructions as an array of `struct sock_filter`: code, jt, jf and k, in little endian. */
function encode(instructions: readonly Instruction[]): Uint8Array {
  const bytes = Buffer.alloc(instructions.length * 8);
  for (const [index, [operation, value, ifFalse = 0, ifTrue = 0]] of instructions.entries()) {
    bytes.writeUInt16LE(operation, index * 8);
    bytes.writeUInt8(ifTrue, index * 8 + 2);
    bytes.writeUInt8(ifFalse, index * 8 + 3);
    bytes.writeUInt32LE(value, index * 8 + 4);
  }
  return bytes;
}
