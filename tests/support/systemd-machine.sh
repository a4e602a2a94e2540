#!/bin/sh
# Starts systemd as process 1 of its own namespaces: systemd-machine.sh FOLDER PROJECT. FOLDER is empty and receives the root of the machine.
# The machine has its own processes, mounts, control groups, host name and IPC. It shares programs (/usr, read-only) and the network with the host.
# The end of standard input ends the machine, so that nothing stays behind when the test is killed.
set -eu
folder=$1 project=$2

if [ "${3:-}" = inside ]; then
  root=$folder/root
  mount -t tmpfs -o mode=755 machine "$root"
  cd "$root"
  mkdir -p usr etc/systemd/system opt/cordon proc sys dev run tmp var root home host
  for name in bin sbin lib lib64; do ln -s "usr/$name" "$name"; done
  mount --rbind /usr usr
  mount -o remount,bind,ro usr
  mount --bind "$project" opt/cordon
  mount -o remount,bind,ro opt/cordon
  # systemd and systemd-sysctl raise limits of the whole kernel. Read-only, these files protect the host.
  mount -t proc proc proc
  mount --bind proc/sys proc/sys
  mount -o remount,bind,ro proc/sys
  # Drivers of USB storage that the host has loaded are hidden. The machine shares the kernel, and a test must not unload them.
  if [ -e proc/modules ]; then
    sed '/^usb_storage /d; /^uas /d' proc/modules >modules
    mount --bind modules proc/modules
  fi
  # Without a writable /sys, udev does not start.
  mount -t sysfs -o ro sysfs sys
  mount -t cgroup2 cgroup2 sys/fs/cgroup
  mount -t tmpfs -o mode=755 dev dev
  for name in null zero full random urandom tty; do
    : >"dev/$name"
    mount --bind "/dev/$name" "dev/$name"
  done
  mkdir dev/pts dev/shm
  mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts dev/pts
  ln -s pts/ptmx dev/ptmx
  ln -s /proc/self/fd dev/fd
  mount -t tmpfs -o mode=1777 shm dev/shm
  mount -t tmpfs -o mode=755 run run
  mount -t tmpfs -o mode=1777 tmp tmp
  for name in passwd group hosts ld.so.cache; do cp "/etc/$name" etc/; done
  mkdir etc/alternatives
  mount --bind /etc/alternatives etc/alternatives
  printf 'passwd: files systemd\ngroup: files systemd\nhosts: files\n' >etc/nsswitch.conf
  cat /proc/sys/kernel/random/uuid | tr -d - >etc/machine-id
  # Nothing of the host's services starts here.
  printf '[Unit]\nRequires=basic.target\nAfter=basic.target\nAllowIsolate=yes\n' >etc/systemd/system/machine.target
  pivot_root . host
  umount -l /host
  rmdir /host
  # Mounts of credentials reach the units by propagation. systemd sets that itself only where it is not in a container.
  mount --make-rshared /
  hostname machine
  exec env -i container=cordon-test PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin \
    /lib/systemd/systemd --unit=machine.target --show-status=false --log-target=journal </dev/null
fi

# The mounts of this script are its own too. The control group of the machine lies beside those of the host.
if [ "${3:-}" = mounted ]; then
  mkdir "$folder/root" "$folder/cgroup"
  mount -t cgroup2 cgroup2 "$folder/cgroup"
  group=$folder/cgroup/cordon-test-$$
  mkdir "$group"
  sh -c 'echo $$ >"$1/cgroup.procs"; shift; exec "$@"' - "$group" \
    unshare --mount --pid --cgroup --uts --ipc --fork "$0" "$folder" "$project" inside </dev/null &
  outer=$!
  # Process 1 as the host sees it: the test enters its namespaces.
  while [ -z "$(cat "/proc/$outer/task/$outer/children" 2>/dev/null)" ] && kill -0 "$outer" 2>/dev/null; do sleep 0.02; done
  inner=$(tr -d ' ' <"/proc/$outer/task/$outer/children")
  echo "process 1: $inner"
  cat >/dev/null
  kill -9 "$inner" 2>/dev/null || true
  wait "$outer" || true
  find "$group" -depth -type d -exec rmdir {} +
  exit 0
fi

exec unshare --mount --propagation private "$0" "$folder" "$project" mounted
