# The first process of the hypervisor's namespaces: libvirtd, and whatever it needs to believe itself at home.
# When its stdin ends it ends, and the kernel ends everything that was started in here.
# Never: writes to the host's own /run, /etc/libvirt or /var/lib/libvirt.
set -euo pipefail
logs=$1

mount -t sysfs sysfs /sys # the one that shows this network namespace
ip link set lo up
for place in /run /etc/libvirt /var/lib/libvirt /var/cache/libvirt; do
	mount -t tmpfs -o mode=755 tmpfs "$place"
done
mount --bind "$logs" /var/log/libvirt
mkdir /run/libvirt /run/lock /var/lib/libvirt/disks
: >/run/conman-vm # before it, whoever looks at /run from outside sees the host's

cat >/etc/libvirt/qemu.conf <<'END'
user = "root"
group = "root"
dynamic_ownership = 0
remember_owner = 0
security_driver = "none"
cgroup_controllers = [ ]
namespaces = [ ]
stdio_handler = "logd"
END
printf 'auth_unix_ro = "none"\nauth_unix_rw = "none"\n' >/etc/libvirt/libvirtd.conf

virtlogd >"$logs/virtlogd" 2>&1 &
libvirtd >"$logs/libvirtd" 2>&1 &
read -r _ || true
