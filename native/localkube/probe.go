package main

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
)

const nodeName = "localkube"

//go:embed assets/bootstrap.yaml
var bootstrapObjects []byte

// bootstrapResources maps the kinds in bootstrap.yaml to their resources, which saves the discovery.
var bootstrapResources = map[string]string{
	"ClusterRole":                    "clusterroles",
	"ClusterRoleBinding":             "clusterrolebindings",
	"MutatingAdmissionPolicy":        "mutatingadmissionpolicies",
	"MutatingAdmissionPolicyBinding": "mutatingadmissionpolicybindings",
	"Node":                           "nodes",
	"StorageClass":                   "storageclasses",
}

// probe asks a cluster, as its administrator, whether it is usable. The administrator's requests are
// not in the audit log.
type probe struct {
	typed   kubernetes.Interface
	dynamic dynamic.Interface
}

func newProbe(c *cluster) (*probe, error) {
	config, err := clientcmd.BuildConfigFromFlags("", c.kubeconfig())
	if err != nil {
		return nil, err
	}
	config.QPS, config.Burst = 100, 200
	typed, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	untyped, err := dynamic.NewForConfig(config)
	return &probe{typed, untyped}, err
}

func (p *probe) serverReady(ctx context.Context) error {
	_, err := p.typed.Discovery().RESTClient().Get().AbsPath("/readyz").DoRaw(ctx)
	return err
}

// bootstrap applies the cluster's own objects; unchanged ones cost a request and no write.
func (p *probe) bootstrap(ctx context.Context, s settings) error {
	decoder := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(bootstrapObjects), 4096)
	for {
		var object unstructured.Unstructured
		if err := decoder.Decode(&object.Object); errors.Is(err, io.EOF) {
			return p.clearTaints(ctx)
		} else if err != nil {
			return err
		}
		if object.Object == nil {
			continue
		}
		kind := object.GroupVersionKind()
		if strings.HasPrefix(kind.Kind, "MutatingAdmission") && !s.placesByPolicy() {
			continue
		}
		resource := schema.GroupVersionResource{Group: kind.Group, Version: kind.Version, Resource: bootstrapResources[kind.Kind]}
		_, err := p.dynamic.Resource(resource).Apply(ctx, object.GetName(), &object,
			metav1.ApplyOptions{FieldManager: "localkube", Force: true})
		if err != nil {
			return fmt.Errorf("%s %s: %w", kind.Kind, object.GetName(), err)
		}
	}
}

// clearTaints removes the not-ready taint that admission puts on a new Node: the controller that would
// take it off again is disabled, and DaemonSets keep away from a tainted node.
func (p *probe) clearTaints(ctx context.Context) error {
	_, err := p.typed.CoreV1().Nodes().Patch(ctx, nodeName, types.MergePatchType, []byte(`{"spec":{"taints":null}}`), metav1.PatchOptions{})
	return err
}

func (p *probe) nodeReady(ctx context.Context) error {
	node, err := p.typed.CoreV1().Nodes().Get(ctx, nodeName, metav1.GetOptions{})
	if err != nil {
		return err
	}
	for _, condition := range node.Status.Conditions {
		if condition.Type == corev1.NodeReady && condition.Status == corev1.ConditionTrue {
			return nil
		}
	}
	return errors.New("node is not Ready")
}

func (p *probe) serviceAccountExists(ctx context.Context) error {
	_, err := p.typed.CoreV1().ServiceAccounts(metav1.NamespaceDefault).Get(ctx, "default", metav1.GetOptions{})
	return err
}

// placementWorks creates a Pod as a dry run. The policy comes into force about a second after its
// creation; a Pod created earlier would stay without a node for ever.
func (p *probe) placementWorks(ctx context.Context, s settings) error {
	if !s.placesByPolicy() {
		return nil // the binder also places what was created before it
	}
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{GenerateName: "localkube-probe-"},
		Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "probe", Image: "probe"}}},
	}
	created, err := p.typed.CoreV1().Pods(metav1.NamespaceDefault).Create(ctx, pod, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
	if err != nil {
		return err
	}
	if created.Spec.NodeName != nodeName {
		return errors.New("the placement policy is not in force")
	}
	return nil
}
