package main
import (
 _ "helm.sh/helm/v4/pkg/engine"
 _ "helm.sh/helm/v4/pkg/action"
 _ "helm.sh/helm/v4/pkg/chart/loader"
 _ "sigs.k8s.io/kustomize/api/krusty"
 _ "github.com/fluxcd/pkg/kustomize"
)
func main(){}
