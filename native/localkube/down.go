package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/spf13/pflag"
)

func commandDown(args []string) error {
	var o options
	names, err := o.parse(args, func(flags *pflag.FlagSet) {
		flags.BoolVar(&o.remove, "delete", false, "remove the data too")
		flags.BoolVar(&o.all, "all", false, "every cluster")
		flags.DurationVar(&o.timeout, "timeout", 60*time.Second, "how long to wait")
	})
	if err != nil {
		return err
	}
	if o.all == (len(names) > 0) || len(names) > 1 {
		return usagef("expected one cluster name, or --all")
	}
	ctx, cancel := context.WithTimeout(context.Background(), o.timeout)
	defer cancel()
	if !o.all {
		c, err := o.cluster(names[0])
		if err != nil {
			return err
		}
		if !c.exists() {
			progress("there is no cluster %s in %s", c.name, c.home)
			return nil
		}
		return c.down(ctx, o.remove)
	}
	home, err := resolveHome(o.home)
	if err != nil {
		return err
	}
	clusters, err := allClusters(home)
	for _, c := range clusters {
		err = errors.Join(err, c.down(ctx, o.remove))
	}
	return err
}

// down stops all roles, clients of the API server first. All are killed at once: nothing is lost by it
// (etcd's writes are in the kernel), whereas a polite stop of an API server takes a minute while
// watches are open.
func (c *cluster) down(ctx context.Context, remove bool) error {
	lock, err := c.lock(ctx)
	if err != nil {
		return err
	}
	defer lock.release()
	for _, r := range slices.Backward(allRoles) {
		identity, known := c.readRole(r)
		if !known {
			continue
		}
		if err := identity.kill(20 * time.Second); err != nil {
			return fmt.Errorf("stopping %s of %s: %w", r, c.name, err)
		}
		if err := removeIfThere(c.runFile(r)); err != nil {
			return err
		}
	}
	progress("%s is stopped", c.name)
	if !remove {
		return nil
	}
	// Only what has settings of ours is a cluster; anything else at that path is not ours to delete.
	if !c.exists() {
		return fmt.Errorf("%s is not a cluster's directory; nothing deleted", c.dir)
	}
	if err := os.RemoveAll(c.dir); err != nil {
		return err
	}
	progress("%s is deleted", c.name)
	return nil
}
