#!/bin/busybox sh
# The operating system on the LUN: attaches its disk again by what the firmware left in the iBFT, counts its boots,
# writes down on which machine it ran, and answers on port 80.
export PATH=/bin:/sbin
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
while read -r module; do insmod "/m/$module" 2>/dev/null; done </m/order
ip link set lo up
UUID=$(cat /sys/class/dmi/id/product_uuid)
SERIAL=$(cat /sys/class/dmi/id/board_serial)

# iPXE gives its own network stack the MACs of the profile; the next driver reads the burnt-in ones again. So the system
# takes them over before any port speaks: for the boot port from the iBFT, for the others from the same boot script.
ip addr add 10.0.2.15/24 dev eth2
ip link set eth2 up
# Not wget: in the static busybox it looks its port up by name, and glibc has no name service here.
# The pause keeps the sending side open: a server may drop a request whose sender has closed before it answered.
for pause in 1 3 6; do
  { printf 'GET /boot/%s HTTP/1.0\r\n\r\n' "$SERIAL"; sleep $pause; } | nc 10.0.2.100 80 >/tmp/script
  grep -q '^HTTP/1.. 200' /tmp/script && break
  echo "RACK-NO-SCRIPT"
done
tr -d '\r' </tmp/script | sed -n 's/^ *set net\([0-9]\)\/mac  *\([0-9a-fA-F:]*\).*/\1 \2/p' >/tmp/macs
while read -r index mac; do ip link set "eth$index" address "$mac"; done </tmp/macs

BOOT=local
IQN=none
if [ -d /sys/firmware/ibft/initiator ]; then
  BOOT=iscsi
  IQN=$(cat /sys/firmware/ibft/initiator/initiator-name)
  MAC=$(cat /sys/firmware/ibft/ethernet0/mac)
  ADDRESS=$(cat /sys/firmware/ibft/ethernet0/ip-addr)
  # By place, not by address: the burnt-in MAC of the port may be another.
  NIC=$(basename "$(ls -d /sys/firmware/ibft/ethernet0/device/*/net/* /sys/firmware/ibft/ethernet0/device/net/* 2>/dev/null | head -1)")
  ip link set "$NIC" address "$MAC"
  ip link set "$NIC" up
  ip addr add "$ADDRESS/24" dev "$NIC"
  for _ in 1 2 3 4 5; do
    iscsistart -b >/tmp/iscsi.log 2>&1 && break
    sleep 0.3
  done
fi
DISK=none
for _ in $(seq 50); do
  for candidate in /dev/sda2 /dev/vda2; do [ -b $candidate ] && DISK=$candidate; done
  [ $DISK != none ] && break
  sleep 0.1
done
BOOTS=0
MAC=$(cat /sys/class/net/eth0/address)
if [ -b $DISK ] && mount -t ext4 $DISK /mnt; then
  [ -f /mnt/boots ] && BOOTS=$(cat /mnt/boots)
  BOOTS=$((BOOTS + 1))
  echo $BOOTS >/mnt/boots
  echo "boot=$BOOTS uuid=$UUID serial=$SERIAL mac=$MAC iqn=$IQN" >>/mnt/history
  . /mnt/identity
  sync
else
  echo "RACK-NO-DISK"
  cat /tmp/iscsi.log
fi
if [ -n "$IP" ]; then
  ip link set eth0 up
  ip addr add "$IP" dev eth0
fi
mkdir -p /www
echo "boots=$BOOTS mac=$MAC uuid=$UUID iqn=$IQN serial=$SERIAL" >/www/index.html
httpd -h /www
echo "RACK-BOOT-OK up=$(cut -d' ' -f1 /proc/uptime) boot=$BOOT disk=$DISK iqn=$IQN mac=$MAC uuid=$UUID serial=$SERIAL boots=$BOOTS ip=$IP"
# Proof of life on the disk: who reads this file knows whether the machine could still write.
while :; do
  cut -d' ' -f1 /proc/uptime >/mnt/alive 2>/dev/null
  sync
  sleep 1
done
