package main

import (
	"fmt"
	"strings"
)

// disabledControllers would fight with the simulated node: nothing sends its heartbeats (the node
// lifecycle would evict all Pods), and the simulated volumes are bound by a stage, against which the
// real binder would write without end. The rest has nothing to do without a cloud.
var disabledControllers = []string{
	"node-lifecycle-controller", "taint-eviction-controller", "device-taint-eviction-controller",
	"persistentvolume-binder-controller", "persistentvolume-expander-controller",
	"persistentvolume-attach-detach-controller", "ephemeral-volume-controller",
	"node-ipam-controller", "node-route-controller", "cloud-node-lifecycle-controller",
	"service-lb-controller", "ttl-controller",
}

func (c *cluster) apiServerArgs(s settings) []string {
	args := []string{
		"--etcd-servers=unix://" + c.etcdSocket(),
		"--bind-address=127.0.0.1",
		"--advertise-address=127.0.0.1",
		fmt.Sprintf("--secure-port=%d", s.Port),
		"--endpoint-reconciler-type=none",
		"--service-cluster-ip-range=" + serviceRange,
		"--authorization-mode=RBAC",
		"--allow-privileged=true",
		"--profiling=false",
		"--client-ca-file=" + c.pki("ca.crt"),
		"--tls-cert-file=" + c.pki("apiserver.crt"),
		"--tls-private-key-file=" + c.pki("apiserver.key"),
		"--service-account-issuer=https://kubernetes.default.svc",
		"--service-account-key-file=" + c.pki("sa.pub"),
		"--service-account-signing-key-file=" + c.pki("sa.key"),
		"--audit-policy-file=" + c.auditPolicy(),
		"--audit-log-path=" + c.auditLog(),
		"--audit-log-mode=blocking",
		// Effectively no rotation: a test reads one file from a known offset.
		"--audit-log-maxsize=4000",
	}
	return append(args, emulationArgs(s)...)
}

func (c *cluster) controllersArgs(s settings) []string {
	kubeconfig := c.roleKubeconfig(roleControllers)
	args := []string{
		"--kubeconfig=" + kubeconfig,
		"--authentication-kubeconfig=" + kubeconfig,
		"--authorization-kubeconfig=" + kubeconfig,
		"--bind-address=127.0.0.1",
		"--secure-port=0", // no port at all
		"--leader-elect=false",
		"--use-service-account-credentials=true",
		"--service-account-private-key-file=" + c.pki("sa.key"),
		"--root-ca-file=" + c.pki("ca.crt"),
		"--kube-api-qps=200",
		"--kube-api-burst=400",
		"--cert-dir=" + c.path("tmp"),
		"--controllers=*,-" + strings.Join(disabledControllers, ",-"),
	}
	return append(args, emulationArgs(s)...)
}

func emulationArgs(s settings) []string {
	if s.EmulatedVersion == "" {
		return nil
	}
	return []string{"--emulated-version=" + s.EmulatedVersion}
}

// placesByPolicy tells whether the (emulated) server has MutatingAdmissionPolicy v1, new in 1.36.
func (s settings) placesByPolicy() bool {
	version := s.EmulatedVersion
	if _, after, found := strings.Cut(version, "="); found {
		version = after
	}
	return version == "" || strings.TrimPrefix(version, "v") == "1.36"
}
