package main

import (
	"errors"
	"fmt"
	"net/url"
	"time"

	"go.etcd.io/etcd/server/v3/embed"
)

// startEtcd starts etcd inside this process and waits until it answers. It listens on a unix socket in
// the cluster's private directory: on a TCP port any local user could read every Secret, as etcd's
// port has no authentication here.
func (c *cluster) startEtcd() error {
	if err := removeIfThere(c.etcdSocket()); err != nil {
		return err // left behind by a killed process
	}
	endpoint := url.URL{Scheme: "unix", Path: c.etcdSocket()}
	config := embed.NewConfig()
	config.Name = "localkube"
	config.Dir = c.etcdData()
	config.ListenClientUrls = []url.URL{endpoint}
	// AdvertiseClientUrls keeps its default: it must look like host:port, and nobody asks for it.
	config.ListenPeerUrls = nil // a single member has no peers, and needs no port for them
	config.InitialCluster = config.InitialClusterFromName(config.Name)
	config.LogLevel = "error"
	// The page cache outlives a killed process; only a crash of the whole machine can lose writes.
	config.UnsafeNoFsync = true
	// The raft log is kept in memory up to this many entries; the default of 10,000 is for slow followers.
	config.SnapshotCount = 2000
	config.SnapshotCatchUpEntries = 100

	server, err := embed.StartEtcd(config)
	if err != nil {
		return fmt.Errorf("etcd does not start: %w", err)
	}
	select {
	case <-server.Server.ReadyNotify():
		return nil
	case err := <-server.Err():
		return fmt.Errorf("etcd failed: %w", err)
	case <-time.After(60 * time.Second):
		return errors.New("etcd is not ready after 60 s")
	}
}
