package main

import (
	"os"

	"go.etcd.io/etcd/server/v3/embed"
	"k8s.io/client-go/kubernetes"
	"k8s.io/component-base/cli"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	kcm "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	kwok "sigs.k8s.io/kwok/pkg/kwok/cmd"
)

func main() {
	_ = embed.NewConfig()
	_ = kubernetes.NewForConfig
	if len(os.Args) > 5 {
		_ = cli.Run(apiserver.NewAPIServerCommand())
		_ = cli.Run(kcm.NewControllerManagerCommand())
		_ = kwok.NewCommand(nil)
	}
}
