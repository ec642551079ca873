package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/spf13/pflag"
)

// clusterReport is one entry of `list`. Memory is PSS: pages shared by several processes count in
// parts, so that the sum over all clusters is what they really take.
type clusterReport struct {
	Name   string           `json:"name"`
	State  string           `json:"state"`
	Server string           `json:"server"`
	Pids   map[role]int     `json:"pids"`
	PssMiB map[string]int64 `json:"pssMiB"`
}

// overallState sums up the states of the running roles, given as letters of /proc/PID/stat.
func overallState(states []byte) string {
	switch {
	case len(states) == 0:
		return "stopped"
	case strings.ContainsAny(string(states), "Tt"):
		return "frozen"
	case len(states) < len(allRoles):
		return "partial"
	}
	return "running"
}

// parsePss reads the Pss line of smaps_rollup, in KiB.
func parsePss(rollup string) int64 {
	for line := range strings.Lines(rollup) {
		fields := strings.Fields(line)
		if len(fields) >= 2 && fields[0] == "Pss:" {
			kib, _ := strconv.ParseInt(fields[1], 10, 64)
			return kib
		}
	}
	return 0
}

func (c *cluster) report() (clusterReport, error) {
	s, err := c.readSettings()
	if err != nil {
		return clusterReport{}, err
	}
	result := clusterReport{Name: c.name, Server: c.server(s), Pids: map[role]int{}, PssMiB: map[string]int64{}}
	var states []byte
	var total int64
	for _, r := range allRoles {
		identity, state, ok := c.roleState(r)
		if !ok {
			continue
		}
		states = append(states, state)
		rollup, _ := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", identity.Pid))
		kib := parsePss(string(rollup))
		total += kib
		result.Pids[r] = identity.Pid
		result.PssMiB[string(r)] = kib >> 10
	}
	result.PssMiB["total"] = total >> 10
	result.State = overallState(states)
	return result, nil
}

func commandList(args []string) error {
	var o options
	rest, err := o.parse(args, func(flags *pflag.FlagSet) {
		flags.StringVarP(&o.output, "output", "o", "text", "text or json")
	})
	if err != nil {
		return err
	}
	if len(rest) > 0 || (o.output != "text" && o.output != "json") {
		return usagef("expected: list [-o text|json]")
	}
	home, err := resolveHome(o.home)
	if err != nil {
		return err
	}
	clusters, err := allClusters(home)
	if err != nil {
		return err
	}
	reports := []clusterReport{}
	for _, c := range clusters {
		report, err := c.report()
		if err != nil {
			progress("%s: %v", c.name, err)
			continue
		}
		reports = append(reports, report)
	}
	if o.output == "json" {
		return json.NewEncoder(os.Stdout).Encode(reports)
	}
	return printReports(reports)
}

func printReports(reports []clusterReport) error {
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "NAME\tSTATE\tSERVER\tAPISERVER\tCONTROLLERS\tKWOK\tTOTAL PSS (MiB)")
	for _, r := range reports {
		fmt.Fprintf(table, "%s\t%s\t%s\t%d\t%d\t%d\t%d\n", r.Name, r.State, r.Server,
			r.PssMiB[string(roleAPIServer)], r.PssMiB[string(roleControllers)], r.PssMiB[string(roleKwok)], r.PssMiB["total"])
	}
	return table.Flush()
}
