#!/bin/sh
# Runs a command with DATABASE_URL at a MySQL that lives as long as the command:  scripts/with-mysql.sh pytest …
# The server is Debian unstable's, in a folder of its own (build/mysql, or $MYSQL_FOLDER) that is made once and
# started by chroot. That takes root and debootstrap; where MySQL cannot be had, this says so and ends well.
set -eu
cd "$(dirname "$0")/.."
folder=${MYSQL_FOLDER:-$PWD/build/mysql}

say_no() { echo "No MySQL here: $1. It did not run: $command"; exit 0; }
command=$*

unmount() { # whatever debootstrap left mounted below a folder
    awk -v below="$1/" 'index($2, below) == 1 { print $2 }' /proc/mounts | sort -r | while read -r mounted; do
        umount "$mounted" || umount -l "$mounted"
    done
}

remove() { unmount "$1"; rm -rf --one-file-system "$1"; }

make_folder() {
    if ! command -v debootstrap >/dev/null && command -v apt-get >/dev/null; then
        apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq debootstrap >/dev/null || true
    fi
    command -v debootstrap >/dev/null || say_no "debootstrap is missing"
    mkdir -p "$(dirname "$folder")"
    exec 9>"$folder.lock"
    flock 9
    [ -x "$folder/usr/sbin/mysqld" ] && return # somebody else was faster
    remove "$folder.new"
    echo "Making $folder (Debian unstable with MySQL; once) …"
    if ! debootstrap --variant=minbase --include=mysql-server-core sid "$folder.new" >"$folder.log" 2>&1; then
        unmount "$folder.new"
        say_no "debootstrap could not make $folder, see $folder.log"
    fi
    unmount "$folder.new"
    rm -rf "$folder.new"/var/cache/apt/archives/*.deb "$folder.new"/var/lib/apt/lists/*
    mv -T "$folder.new" "$folder"
    exec 9>&-
}

[ "$(id -u)" = 0 ] || say_no "it takes root to start one by chroot"
[ -x "$folder/usr/sbin/mysqld" ] || make_folder

data=$(mktemp -d "$folder/tmp/data.XXXXXX")
inside=/tmp/$(basename "$data")
log=$data.log
server=
clean_up() {
    if [ -n "$server" ]; then
        kill "$server" 2>/dev/null || true
        wait "$server" 2>/dev/null || true
    fi
    rm -rf "$data" "$log"
}
trap clean_up EXIT
trap 'exit 130' INT TERM HUP

start() { exec chroot "$folder" /usr/sbin/mysqld --no-defaults --user=root --datadir="$inside/db" --secure-file-priv= "$@"; }

(start --initialize-insecure) >"$log" 2>&1 || { tail -5 "$log"; say_no "it does not start"; }
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
# Of its defaults none is ours, nor what our statements need: Aurora's sql_mode is empty, too. Then it need not
# survive a power cut.
start \
    --port="$port" --bind-address=127.0.0.1 --socket="$inside/socket" --mysqlx=OFF --max-connections=500 \
    --sql-mode= --default-time-zone=+05:00 --transaction-isolation=SERIALIZABLE --character-set-server=latin1 \
    --skip-log-bin --innodb-flush-log-at-trx-commit=0 --innodb-doublewrite=OFF >>"$log" 2>&1 &
server=$!
tries=0
until python3 -c "import socket; socket.create_connection(('127.0.0.1', $port), 1)" 2>/dev/null; do
    tries=$((tries + 1))
    kill -0 "$server" 2>/dev/null && [ "$tries" -lt 120 ] || { tail -5 "$log"; say_no "it does not start"; }
    sleep 0.5
done
echo "MySQL $(chroot "$folder" /usr/sbin/mysqld --version | sed 's/.*Ver \([^ ]*\).*/\1/') on 127.0.0.1:$port"
DATABASE_URL=mysql://root:@127.0.0.1:$port/test "$@"
