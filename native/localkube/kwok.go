package main

import (
	_ "embed"
	"fmt"
	"os"

	"github.com/spf13/pflag"
	"sigs.k8s.io/kwok/kustomize/stage/node/fast"
	kwokcmd "sigs.k8s.io/kwok/pkg/kwok/cmd"

	kwokconfig "sigs.k8s.io/kwok/pkg/config"
	kwoklog "sigs.k8s.io/kwok/pkg/log"
	kwoksignals "sigs.k8s.io/kwok/pkg/utils/signals"
)

// stages says how the simulated node moves Pods, Nodes, Services, Ingresses and claims along.
//
//go:embed assets/stages.yaml
var stages string

// allStages adds kwok's own stage for Nodes to ours; kwok has none built in.
func allStages() []byte {
	return []byte(fast.DefaultNodeInit + "\n---\n" + stages)
}

// playKwok runs kwok as its own command does. kwok reads its configuration flags from os.Args by
// itself, hence the exchange. Leases are off: with them a restarted kwok waits 40 s for the lease of
// its predecessor.
func (c *cluster) playKwok(s settings) error {
	os.Args = []string{
		"kwok",
		"--kubeconfig=" + c.roleKubeconfig(roleKwok),
		"--config=" + c.stagesFile(),
		"--manage-all-nodes",
		"--node-ip=127.0.0.1",
		"--cidr=10.244.0.0/16",
		"--node-lease-duration-seconds=0",
		"-v=WARN",
	}
	flags := pflag.NewFlagSet("global", pflag.ContinueOnError)
	flags.ParseErrorsAllowlist.UnknownFlags = true
	flags.Usage = func() {}

	ctx, _ := kwoklog.InitFlags(kwoksignals.SetupSignalContext(), flags)
	ctx, err := kwokconfig.InitFlags(ctx, flags)
	if err != nil {
		return fmt.Errorf("kwok's configuration: %w", err)
	}
	if !s.placesByPolicy() {
		if err := c.bindPods(ctx); err != nil {
			return err
		}
	}
	command := kwokcmd.NewCommand(ctx)
	// Without a version cobra adds no --version, which Kubernetes' packages have registered already.
	command.Version = ""
	command.PersistentFlags().AddFlagSet(flags)
	return command.ExecuteContext(ctx)
}
