package main

import (
	"errors"
	"io"
	"time"

	"github.com/spf13/pflag"
)

var errHelp = errors.New("help was asked for")

// options holds the flags of every command; each command registers only those that it knows.
type options struct {
	home            string
	timeout         time.Duration
	emulatedVersion string
	ownerPid        int
	remove          bool
	all             bool
	output          string
	user            string
	groups          []string
}

// parse reads args with the flags that register adds, and returns the positional arguments.
func (o *options) parse(args []string, register func(*pflag.FlagSet)) ([]string, error) {
	flags := pflag.NewFlagSet("localkube", pflag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&o.home, "home", "", "directory of all clusters")
	register(flags)
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, pflag.ErrHelp) {
			return nil, errHelp
		}
		return nil, usageError{err.Error()}
	}
	return flags.Args(), nil
}

// parseNamed is parse for the commands that take exactly one cluster name.
func (o *options) parseNamed(args []string, register func(*pflag.FlagSet)) (*cluster, error) {
	rest, err := o.parse(args, register)
	if err != nil {
		return nil, err
	}
	if len(rest) != 1 {
		return nil, usagef("expected one cluster name, got %d arguments", len(rest))
	}
	return o.cluster(rest[0])
}

func (o *options) cluster(name string) (*cluster, error) {
	home, err := resolveHome(o.home)
	if err != nil {
		return nil, err
	}
	return newCluster(home, name)
}
