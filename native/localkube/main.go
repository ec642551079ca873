// Command localkube runs real Kubernetes control planes without containers.
//
// One binary plays every role (API server with etcd inside, controller manager, simulated node); each
// role is a detached process of its own, because Kubernetes' components keep global state and panic
// when a second one starts in the same process.
package main

import (
	"errors"
	"fmt"
	"os"
	"strings"
)

const (
	exitOK      = 0
	exitFailure = 1
	exitUsage   = 2
)

// usageError marks mistakes in the command line, which exit with another code than failures do.
type usageError struct{ message string }

func (e usageError) Error() string { return e.message }

func usagef(format string, args ...any) error {
	return usageError{fmt.Sprintf(format, args...)}
}

const helpText = `localkube: real Kubernetes ` + kubernetesVersion + ` control planes, without containers

Usage:
  localkube up NAME [--home DIR] [--timeout 120s] [--owner-pid PID]
                    [--emulated-version kube=1.35]
  localkube down NAME [--delete] [--home DIR]
  localkube down --all [--delete] [--home DIR]
  localkube list [-o json] [--home DIR]
  localkube kubeconfig NAME [--user CN] [--group G]... [--home DIR]

up          Starts the cluster, or repairs it when some of its processes died. Data survives. When all
            runs already it changes nothing. Prints one JSON line on stdout when the cluster is usable.
            With --owner-pid the cluster ends by itself, soon after that process.
down        Stops the cluster; --delete removes its data too.
list        Shows every cluster with its state and its memory (PSS, in MiB).
kubeconfig  Prints the administrator's kubeconfig; with --user one with a new client certificate of
            that common name (and groups), signed by the cluster's authority.

State lies in --home, else $LOCALKUBE_HOME, else ${XDG_STATE_HOME:-~/.local/state}/localkube.
Names are DNS labels of at most 30 characters.

What the simulated node does on request (annotations of a Pod):
  localkube/fail: ImagePullBackOff   the containers wait for ever with that reason
  localkube/fail: exit               the Pod fails (exit code 1)
  localkube/hold: "true"             a Pod that would complete keeps running
  localkube/delay: 3s                the Pod takes that long to become ready

Examples:
  localkube up demo
  localkube kubeconfig demo > demo.kubeconfig
  localkube kubeconfig demo --user weir --group system:masters
  localkube list -o json
  localkube down demo --delete

Exit codes: 0 done, 1 failure, 2 wrong usage.
`

func main() {
	os.Exit(run(os.Args[1:]))
}

func run(args []string) int {
	if len(args) == 0 {
		fmt.Fprint(os.Stderr, helpText)
		return exitUsage
	}
	commands := map[string]func([]string) error{
		"up":         commandUp,
		"down":       commandDown,
		"list":       commandList,
		"kubeconfig": commandKubeconfig,
		roleCommand:  commandRole,
	}
	switch args[0] {
	case "help", "--help", "-h":
		fmt.Print(helpText)
		return exitOK
	}
	command, known := commands[args[0]]
	if !known {
		return report(usagef("unknown command %q; expected up, down, list or kubeconfig", args[0]))
	}
	return report(command(args[1:]))
}

func report(err error) int {
	if err == nil {
		return exitOK
	}
	var usage usageError
	switch {
	case errors.Is(err, errHelp):
		fmt.Print(helpText)
		return exitOK
	case errors.As(err, &usage):
		fmt.Fprintf(os.Stderr, "localkube: %s\nTry 'localkube --help'.\n", usage.message)
		return exitUsage
	}
	fmt.Fprintf(os.Stderr, "localkube: %s\n", strings.TrimSpace(err.Error()))
	return exitFailure
}
