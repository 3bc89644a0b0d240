# Ends the processes of a stack whose supervisor was killed and could not do it itself. Reads lines until its standard input
# ends, which only the supervisor's end can bring about: "service <pid>", "redis <pid>" to watch, "gone <pid>" to forget.
# Then the same order as a normal stop: services drain, what is left of them is killed, Redis last.

services=
redis=

without() {
  for each in $1; do
    [ "$each" = "$2" ] || printf ' %s' "$each"
  done
}

while read -r what pid; do
  case $what in
    service) services="$services $pid" ;;
    redis) redis="$redis $pid" ;;
    gone)
      services=$(without "$services" "$pid")
      redis=$(without "$redis" "$pid")
      ;;
  esac
done

for pid in $services; do kill -s TERM "$pid"; done
[ -z "$services" ] || sleep "$1"
# Each service is the head of its process group.
for pid in $services; do kill -s KILL -- "-$pid"; done
for pid in $redis; do kill -s TERM "$pid"; done
