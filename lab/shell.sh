# shellcheck shell=bash
# For an interactive shell: `. lab/shell.sh` gives it the environment that ./demo and ./test use.
# shellcheck source=lab/bootstrap.sh
. "$(dirname "${BASH_SOURCE[0]}")/bootstrap.sh"
bootstrap requirements.txt
[ ! -e "$BUILD/containers.conf" ] || export CONTAINERS_CONF=$BUILD/containers.conf
